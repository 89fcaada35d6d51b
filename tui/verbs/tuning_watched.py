"""A training as it is followed on the command line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from lab.tuning.jobs import JobChanged, JobNoticed, JobTold, TuningEvent
from lab.tuning.local.pace import Left, left_text
from store.jobs import Job
from tui.verbs import output


class Watched:
    """A job as its events say that it stands, shown on stderr as they come."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self._progress = output.Progress()
        self._left: Left | None = None

    async def hear(self, happening: AsyncGenerator[TuningEvent]) -> None:
        """Show events until there are no more."""
        try:
            async with aclosing(happening) as events:
                async for event in events:
                    self._show(event)
        finally:
            self._progress.done()

    def _show(self, event: TuningEvent) -> None:
        before, self.job = self.job, event.job
        left = self._learn(event)
        match event:
            case JobChanged(job) if not job.ended and (before is None or before.state != job.state):
                self._note(f"Job {job.id} is {job.state}.")
            case JobTold(_, told) if told.kind == "metrics":
                steps = told.data.get("steps")
                of = f" of {steps}" if steps else ""
                loss = told.data.get("loss", told.data.get("validation_loss"))
                self._progress.show(f"Step {told.step}{of}, loss {loss:.4g}{left_text(left)}")
            case JobTold(_, told) if told.kind == "heldout":
                self._note(f"Step {told.step}: {told.data['right']} of {told.data['of']} right.")
            case JobTold(_, told) if told.kind == "message":
                self._note(str(told.data.get("text", "")))
            case JobTold(_, told) if told.data.get("state") == "paused":
                self._note("The provider has paused the job; it goes on when it is resumed there.")
            case JobNoticed(_, sentence):
                self._note(sentence)
            case _:
                pass

    def _learn(self, event: TuningEvent) -> float | None:
        """Return the seconds that are left at most, None where nobody knows."""
        if not isinstance(event, JobTold):
            return None
        if self._left is None:
            self._left = Left(event.job.plan.get("options", {}).get("max_minutes", 0.0))
        return self._left.after(event.event)

    def _note(self, text: str) -> None:
        self._progress.done()
        output.note(text)
