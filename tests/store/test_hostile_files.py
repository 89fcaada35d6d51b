"""Whatever is in a folder, each file is read or refused in one sentence, and nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store import reading
from store.reading import ReadDocument, ReadingError, expand, read, read_many
from tests.hostile_files import make_files

COUNT = 66
ROOT = Path(reading.__file__).parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_files(tmp_path_factory.mktemp("hostile"), COUNT, seed=4)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
def test_each_file_is_read_or_refused_in_one_sentence(made):
    started = time.monotonic()
    outcomes = list(read_many([each.path for each in made], timeout_s=30))
    assert time.monotonic() - started < 30 * COUNT / 2
    for given, outcome in zip(made, outcomes, strict=True):
        if isinstance(outcome, ReadingError):
            sentence = str(outcome)
            assert sentence.isprintable() and sentence.endswith("."), sentence
            assert outcome.reason not in ("slow", "died", "memory", "stopped"), sentence
        else:
            assert outcome.text.strip() and outcome.text.isascii() is not None
            outcome.text.encode()
        if given.readable is not None:
            assert isinstance(outcome, ReadDocument) == given.readable, (given, outcome)


def test_the_same_seed_makes_the_same_files(made, tmp_path):
    again = make_files(tmp_path, 8, seed=4)
    for one, other in zip(made, again, strict=False):
        assert one.path.name == other.path.name
        assert one.path.read_bytes() == other.path.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
def test_a_folder_of_them_is_walked_once(made):
    found = expand([made[0].path.parent])
    assert len(found) == len(set(found)) <= COUNT


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts memory as Linux does")
def test_a_bomb_does_not_swell(made):
    bombs = {each.kind: each.path for each in made if "bomb" in each.kind}
    code = (
        "import sys; from store.reader_worker import handle\n"
        "for path in sys.argv[1:]:\n"
        "    asked = dict(path=path, password=None, max_memory=2 << 30, max_bytes=64_000_000)\n"
        "    print(handle(asked | dict(max_chars=20_000_000), b'')[0]['refused'])\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, bombs.values())],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    *reasons, most = done.stdout.split()
    assert reasons == ["long", "entities", "bomb"], done.stderr
    assert int(most) < 300_000


def test_trouble_with_a_file_costs_the_next_one_nothing(tmp_path, monkeypatch):
    """A file that kills its reader is told of, and a reader that went on is not suspected."""
    worker = tmp_path / "worker" / "killed_worker.py"
    worker.parent.mkdir()
    worker.write_text(
        "import os\nfrom store.child import serve\nfrom store.reader_worker import handle\n"
        "def answer(request, data):\n"
        "    if 'kills' in request['path']: os.abort()\n"
        "    reply, text = handle(request, data)\n"
        "    reply['document']['media_type'] = str(os.getpid())\n"
        "    return reply, text\n"
        "serve(answer)\n"
    )
    monkeypatch.syspath_prepend(str(worker.parent))
    monkeypatch.setattr("store.reader_process.WORKER", "killed_worker")
    paths = [tmp_path / name for name in ("a", "b", "kills", "c")]
    for path in paths:
        path.write_text(f"text of {path.name}")
    a, b, kills, c = read_many(paths, workers=1)
    assert [getattr(each, "text", "") for each in (a, b, c)] == [
        "text of a",
        "text of b",
        "text of c",
    ]
    assert isinstance(kills, ReadingError) and kills.reason == "died"
    assert a.media_type == b.media_type != c.media_type


def test_a_password_opens_what_is_locked(made):
    locked = next(each.path for each in made if each.kind == "encrypted PDF")
    assert read(locked, password="sesame").text.startswith("The harbour")
