"""A run as the command line shows it: progress and notes on stderr, and what came of it."""

from __future__ import annotations

from contextlib import aclosing

from lab import events
from lab.failures import AskError
from lab.forecast import rest_text
from lab.foresight import settled_text
from lab.run import Run
from tui.verbs import output

_SLOW_S = 60.0


class Report:
    """What came of a run, for the exit status and the last line."""

    def __init__(self) -> None:
        self.todo = 0
        self.answered = 0
        self.failed = 0
        self.first_error = ""
        self.outcome: events.Outcome = "finished"
        self.settled: events.Settled | None = None
        self.seconds = 0.0

    @property
    def status(self) -> int:
        """0 when everything that was to be asked is there now, else 1."""
        return 0 if self.outcome in ("finished", "settled") and not self.failed else 1

    @property
    def useful(self) -> bool:
        """Whether an answer came, or none was missing."""
        return self.answered > 0 or (self.outcome == "finished" and not self.todo)


async def watch(asking: Run, report: Report) -> None:
    """Show a run's progress on stderr until it ends. Raises AskError when nothing came."""
    progress = output.Progress()
    async with aclosing(asking.events()) as happening:
        async for event in happening:
            _note(event, report, progress, asking)
    progress.done()
    if report.failed and not report.answered:
        raise AskError(report.first_error, "request")
    if report.failed:
        lacking = report.todo - report.answered
        output.complain(f"{lacking} of {report.todo} questions got no answer: {report.first_error}")


def _note(event: events.Event, report: Report, progress: output.Progress, asking: Run) -> None:
    variant = asking.plan.variant
    match event:
        case events.RunStarted():
            report.todo = event.todo
        case events.Answered():
            report.answered += 1
            progress.show(f"{variant.rung}: {report.answered} of {report.todo} answered")
        case events.Failed(again=False) if event.answer.status != "stopped":
            report.failed += 1
            report.first_error = report.first_error or event.error
        case events.Noticed():
            progress.done()
            output.note(event.sentence)
        case events.Priced():
            # What is free needs a word only where it takes a while.
            if event.high_usd != 0 or (event.seconds or 0.0) >= _SLOW_S:
                progress.done()
                output.note(rest_text(event, variant.model))
        case events.Settled():
            report.settled = event
            progress.done()
            stops = "" if asking.plan.stop_early else "Ctrl+C"
            output.note(settled_text(event, stops))
        case events.BudgetReached():
            progress.done()
            output.note(
                f"Stopped before the next call could pass the cap: "
                f"${event.spent_usd:.4f} of ${event.cap_usd:.2f} is spent; "
                "--budget allows more for one run."
            )
        case events.RunFinished():
            report.outcome, report.seconds = event.outcome, event.seconds
            report.first_error = event.error or report.first_error
        case _:
            pass
