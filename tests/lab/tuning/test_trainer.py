"""The trainer as a process: what it tells, how it stops, how it goes on."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.tuning.trainer import __main__ as trainer_module
from lab.tuning.trainer import running, training_events, training_watch
from lab.tuning.trainer.checkpoints import last_checkpoint
from lab.tuning.trainer.training_data import expectations, is_right, read_chats
from lab.tuning.trainer.training_spec import Spec, SpecProblem, from_values
from tests.lab.tuning.training import told, trainer

Prepared = Callable[..., Path]
STEPS = 8
FAST = {"max_steps": STEPS, "every": 3, "batch": 2, "answer_tokens": 4, "target": 1.0}


def states(folder: Path) -> list[str]:
    return [each.data["state"] for each in told(folder) if "state" in each.data]


def metrics(folder: Path) -> dict[int, tuple[float, float]]:
    return {
        each.step: (each.data["loss"], each.data["lr"])
        for each in told(folder)
        if each.kind == "metrics" and each.step is not None
    }


@pytest.mark.tune
def test_it_tells_how_it_goes_on_its_own_pipe_and_in_its_folder(
    tiny: Path, prepared: Prepared
) -> None:
    spec = prepared(tiny, **FAST)
    done = trainer(spec)
    out, log = done.communicate()
    assert done.returncode == 0, log
    assert out == (spec.parent / "events.jsonl").read_text()
    assert states(spec.parent) == ["loading", "ready", "running", "saved", "succeeded"]
    found = told(spec.parent)
    assert [each.line for each in found] == list(range(1, len(found) + 1))
    begun = next(each for each in found if each.data.get("state") == "running")
    assert (begun.data["start"], begun.data["total"]) == (0, STEPS)
    assert list(metrics(spec.parent)) == list(range(1, STEPS + 1))
    assert all(
        set(each.data) == {"loss", "lr", "s_per_step", "steps"}
        for each in found
        if each.kind == "metrics"
    )
    looks = [(each.step, each.data) for each in found if each.kind == "heldout"]
    times = [data.pop("seconds") for _, data in looks]
    assert looks == [(step, {"right": 0, "of": 12}) for step in (3, 6, STEPS)]
    steps = [each.data["s_per_step"] for each in found if each.kind == "metrics"]
    assert training_events.spent_s(spec.parent) == pytest.approx(sum(times) + sum(steps))
    assert min(times) > 0 and min(steps) > 0
    assert found[-1].data["servable"] is False  # there is no GGUF of this base
    assert (spec.parent / "adapter" / "adapter_model.safetensors").is_file()
    assert not running.is_running(spec.parent)
    assert not list(spec.parent.glob("checkpoint-*/optimizer*")) and not list(
        spec.parent.glob("best*")
    )
    # Told to train again it has nothing left to do.
    again = trainer(spec)
    again.communicate()
    assert again.returncode == 0
    assert states(spec.parent)[-3:] == ["ready", "saved", "succeeded"]


@pytest.mark.tune
def test_what_was_stopped_goes_on_as_if_it_had_not_been(tiny: Path, prepared: Prepared) -> None:
    values = {**FAST, "schedule": "linear", "warmup_steps": 2, "seed": 7, "every": 100}
    whole = prepared(tiny, "whole", **values)
    assert trainer(whole).wait() == 0
    parted = prepared(tiny, "parted", **values)
    process = trainer(parted)
    assert process.stdout
    for line in process.stdout:
        if json.loads(line)["step"] == 3:
            process.send_signal(signal.SIGTERM)
            break
    _, log = process.communicate()
    assert process.returncode == 0, log
    assert states(parted.parent)[-1] == "cancelled"
    kept = last_checkpoint(parted.parent)
    assert kept is not None and 3 <= kept[0] < STEPS
    assert trainer(parted).wait() == 0
    starts = [each.data["start"] for each in told(parted.parent) if "start" in each.data]
    assert starts == [0, kept[0]]
    expected, found = metrics(whole.parent), metrics(parted.parent)
    assert list(found) == list(expected)
    for step, (loss, rate) in expected.items():
        assert found[step] == (pytest.approx(loss, rel=1e-5), pytest.approx(rate))


@pytest.mark.tune
def test_it_ends_when_its_minutes_are_over_its_processes_together(
    tiny: Path, prepared: Prepared
) -> None:
    """One that was killed had spent its time before; the next goes on for one step at most."""
    spec = prepared(tiny, **{**FAST, "max_minutes": 60})
    teller = training_events.Teller(spec.parent)
    teller("metrics", 1, loss=1.0, lr=0.0, s_per_step=3500.0, steps=STEPS)
    teller("heldout", 1, right=0, of=12, seconds=100.0)
    teller.close()
    assert training_events.spent_s(spec.parent) == 3600.0
    done = trainer(spec)
    _, log = done.communicate()
    assert done.returncode == 0, log
    found = told(spec.parent)
    assert [each.step for each in found if each.kind == "metrics"] == [1, 1]
    [message] = [each.data["text"] for each in found if each.kind == "message"]
    assert message == (
        "The 60 minutes that it may train are over, at step 1 of 8; it keeps its best so far."
    )
    assert (found[-1].data["state"], found[-1].step) == ("succeeded", 1)
    assert (spec.parent / "adapter" / "adapter_model.safetensors").is_file()


def test_nothing_is_left_to_train_when_its_minutes_are_over(tmp_path: Path) -> None:
    spec = Spec("base", max_minutes=1)
    teller = training_events.Teller(tmp_path)
    teller("metrics", 1, s_per_step=59.0)
    (tmp_path / "progress.json").write_text('{"step": 1, "right": 0, "of": 2, "since": 0}')
    (tmp_path / "best-1").mkdir()
    assert not trainer_module._has_ended(spec, tmp_path, 1)
    teller("metrics", 2, s_per_step=1.0)
    teller.close()
    assert trainer_module._has_ended(spec, tmp_path, 2)
    assert not trainer_module._has_ended(Spec("base"), tmp_path, 2)
    # Without a best there is nothing yet that it could end with.
    (tmp_path / "best-1").rmdir()
    assert not trainer_module._has_ended(spec, tmp_path, 2)


@pytest.mark.tune
def test_one_folder_has_one_trainer(tiny: Path, prepared: Prepared) -> None:
    spec = prepared(tiny, **FAST)
    assert running.claim(spec.parent)
    try:
        second = trainer(spec)
        _, log = second.communicate()
        assert second.returncode and "being trained in by another process" in log
        assert told(spec.parent) == []
    finally:
        running._held.pop().release()


@pytest.mark.tune
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"base": "/nowhere/model.gguf"}, "is not there"),
        ({"training": "none.jsonl"}, "cannot be read"),
        ({"max_steps": 0}, "max_steps must be a whole number"),
    ],
)
def test_what_cannot_be_trained_is_told_plainly(
    tiny: Path, prepared: Prepared, change: dict[str, Any], sentence: str
) -> None:
    spec = prepared(**{"base": tiny, **FAST, **change})
    failed = trainer(spec)
    failed.communicate()
    assert failed.returncode == 1
    last = told(spec.parent)[-1]
    assert (last.kind, last.data["state"]) == ("result", "failed")
    assert sentence in last.data["error"]


def test_a_full_disk_still_takes_the_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller = training_events.Teller(tmp_path)
    room = tmp_path / "room-for-the-last-words"
    write = training_events.Teller._write

    def full(self: training_events.Teller, data: bytes) -> None:
        if room.exists():
            write(self, data[:5])
            raise OSError(28, "No space left on device")
        write(self, data)

    monkeypatch.setattr(training_events.Teller, "_write", full)
    teller("result", state="failed", error="The disk is full.")
    teller.close()
    assert [each.data["error"] for each in told(tmp_path)] == ["The disk is full."]


def test_a_line_that_was_torn_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"kind": "status", "at": 1.0}\n{"kind": "me')
    found, offset, line = training_events.read(tmp_path)
    assert ([each.line for each in found], line) == ([1], 1)
    teller = training_events.Teller(tmp_path)
    teller("status", state="loading")
    teller.close()
    found, _, line = training_events.read(tmp_path, offset, line)
    assert ([each.line for each in found], line) == ([3], 3)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "needs a base model"),
        ({"base": "x", "rank": True}, "rank must be a whole number"),
        ({"base": "x", "learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"base": "x", "target": 0}, "target must be a number above 0"),
        ({"base": "x", "schedule": "wild"}, "schedule must be one of"),
        ({"base": "x", "tempo": 3}, "no setting “tempo”"),
        ({"base": "x", "threads": 9999}, "threads must be a whole number from 1 to 1,024, not “9"),
        ({"base": "x", "batch": "big"}, "not “big”"),
        ({"base": "x", "max_minutes": -1}, "max_minutes must be a number of minutes, or 0"),
        ({"base": "x", "max_minutes": float("inf")}, "max_minutes must be a number of minutes"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecProblem, match=sentence):
        from_values(values)


def test_a_spec_is_read_as_it_was_written() -> None:
    spec = Spec("base", assertions=({"assertions": [{"type": "icontains", "value": "x"}]}, {}))
    assert from_values(json.loads(spec.to_json())) == spec


def test_answers_are_held_against_assertions_or_the_expected_words(tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    chat = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "A b"}]}
    file.write_text(f"{json.dumps(chat)}\n\n{json.dumps(chat)}\n")
    found = read_chats(file, system="Be short.")
    assert found[0].messages[0] == {"role": "system", "content": "Be short."}
    halves = [{"type": "icontains", "value": value} for value in ("b", "x")]
    exact, checked = expectations(found, [{}, {"assertions": halves[:1]}])
    assert is_right(" A b\n", exact) and not is_right("A b c", exact)
    assert is_right("bee", checked)
    [all_of, one_of] = expectations(
        found, [{"assertions": halves, "threshold": bar} for bar in (None, 0.5)]
    )
    assert is_right("bee", one_of) and not is_right("bee", all_of)
    with pytest.raises(SpecProblem, match="An assertion cannot be read"):
        expectations(found, [{"assertions": [{"kind": "equals"}]}])
    file.write_text('{"messages": [{"role": "user", "content": "q"}]}\n')
    with pytest.raises(SpecProblem, match=r"Line 1 of v\.jsonl has no conversation"):
        read_chats(file)


def test_it_stops_at_the_target_and_on_a_plateau() -> None:
    spec = Spec("base", target=0.9, patience=2)
    best = training_watch.Best()
    for step in (1, 2, 3):
        best = best.after(step, 0, 10)
    assert not best.is_enough(spec)  # nothing was right yet: that is a start, not a plateau
    best = best.after(4, 5, 10).after(5, 5, 10)
    assert not best.is_enough(spec)
    assert best.after(6, 4, 10).is_enough(spec)
    assert best.after(6, 9, 10).is_enough(spec)
    assert best.after(6, 4, 10).step == 4
