"""What a local training has told, and whether it still works, from its folder alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.tuning.trainer import running, training_events
from lab.tuning.trainer.checkpoints import last_checkpoint
from lab.tuning.trainer.training_events import Told
from store.jobs import JobEvent, JobState

LOG = "trainer.log"
_LOG_END = 4096


@dataclass(frozen=True, slots=True)
class Standing:
    """How a training stands: its state, and of one that has ended the model or the error."""

    state: JobState
    model: str = ""
    error: str = ""


@dataclass(slots=True)
class Reader:
    """Reads a training's folder bit by bit."""

    folder: Path
    _offset: int = 0
    _line: int = 0
    _last: Told | None = field(default=None)

    def look(self) -> tuple[list[JobEvent], Standing]:
        """Return what is new since the last look, and how the training stands."""
        # In this order: what it told before it ended is read after it was seen to be gone.
        alive = running.is_running(self.folder)
        told, self._offset, self._line = training_events.read(self.folder, self._offset, self._line)
        for each in told:
            if _turns(each):
                self._last = each
        return [_event(each) for each in told], self._standing(alive)

    def _standing(self, alive: bool) -> Standing:
        last = self._last
        if alive:
            return Standing("running")
        if last is None or last.data.get("state") == "loading":
            return Standing("failed", error=_died(self.folder))
        state, data = last.data["state"], last.data
        if state == "cancelled":
            return Standing("cancelled")
        if state == "failed":
            return Standing("failed", error=str(data.get("error") or "It gave no reason."))
        return Standing("succeeded", model=str(data.get("model") or ""))


def _turns(told: Told) -> bool:
    """Return whether an event says that the training begins or ends."""
    state = told.data.get("state")
    if told.kind == "status":
        return state in ("loading", "cancelled")
    return told.kind == "result" and state in ("succeeded", "failed")


def _event(told: Told) -> JobEvent:
    data: dict[str, Any] = dict(told.data)
    return JobEvent(str(told.line), told.at, told.kind, told.step, data)


def _died(folder: Path) -> str:
    """Return what to say of a trainer that ended without a word."""
    last = last_checkpoint(folder)
    kept = "it had kept no step yet, and resuming begins anew"
    if last is not None:
        kept = f"step {last[0]} is kept, and resuming goes on from there"
    said = _last_words(folder)
    why = f" (its last words: {said})" if said else ""
    return (
        f"The trainer ended without saying why{why}: it was killed, as the system does where "
        f"memory runs out, or the machine went down; {kept}."
    )


def _last_words(folder: Path) -> str:
    """Return the error that a trainer's log ends with, empty where it ends with none."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LOG_END))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    last = lines[-1].strip() if lines else ""
    name = last.partition(":")[0]
    return last[:200].strip(" .") if name.endswith(("Error", "Exception")) else ""
