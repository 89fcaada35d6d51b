"""A child process that answers requests: it dies, hangs, and is gone with its parent."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from store.child import Child, ChildError

MODULE = """
import os, time
from store import child

def handle(message, data):
    print("this is for nobody")
    if message["do"] == "die":
        os._exit(3)
    if message["do"] == "hang":
        time.sleep(3600)
    return {"said": message["text"], "ignores": os.getcwd()}, data[::-1]

if __name__ == "__main__":
    child.serve(handle)
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "worker_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Child("worker_of_a_test", folder=tmp_path)
    yield made
    made.end()


def test_a_message_and_its_bytes_go_there_and_back(child, tmp_path, capfd):
    data = bytes(range(256)) * 4000
    for text in ("plain", "né\n\x1b[31m\0", "half \ud800"):
        answer, back = child.ask({"do": "echo", "text": text}, data, timeout_s=30)
        assert answer["said"] == text and back == data[::-1]
    assert Path(answer["ignores"]).resolve() == tmp_path.resolve()
    assert capfd.readouterr() == ("", "")
    child.end(30)
    assert not child.alive
    child.end()  # once more does no harm


def test_one_that_dies_or_hangs_is_said_and_gone(child):
    assert child.ask({"do": "echo", "text": ""}, timeout_s=30)[1] == b""
    with pytest.raises(ChildError, match=r"gave no answer for 0\.2 s") as slow:
        child.ask({"do": "hang"}, timeout_s=0.2)
    assert slow.value.reason == "slow" and not child.alive
    with pytest.raises(ChildError) as gone:
        child.ask({"do": "echo", "text": ""}, timeout_s=30)
    assert gone.value.reason == "died"


def test_one_that_ends_by_itself_tells_its_status(child):
    with pytest.raises(ChildError, match="exit status 3"):
        child.ask({"do": "die"}, timeout_s=30)


def test_a_waiting_request_ends_when_the_child_is_killed(child):
    # It is known to be at work once another request has been answered.
    child.ask({"do": "echo", "text": ""}, timeout_s=30)
    killer = threading.Timer(0, child.kill)
    killer.start()
    with pytest.raises(ChildError, match="exit status"):
        child.ask({"do": "hang"}, timeout_s=30)
    killer.join()


def test_one_that_cannot_start_is_said(tmp_path):
    with pytest.raises(ChildError, match="No worker process could start") as caught:
        Child("store.child", folder=tmp_path / "nowhere")
    assert caught.value.reason == "start"
    assert os.listdir(tmp_path) == []  # noqa: PTH208
