"""How a training is drawn while it goes on, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from lab.ladder.words import count, percent
from lab.prices import format_cost
from tui import glyphs, safe
from tui.durations import time_left
from tui.screens.ladder.drawing import step_lines
from tui.screens.tune.drawing import GAP, named, read_only
from tui.screens.tune.words import said_here
from tui.widgets.curve_plot import CurvePlot, Series
from tui.widgets.item_list import Item

if TYPE_CHECKING:
    from lab.ladder.reading import Step
    from lab.tuning.course import Course, LogLine
    from store.jobs import Job
    from tui.screens.tune.after import After

MARK = "●"
LOST = 50
"""Regressions that are listed at most; enter on the step shows all of them."""
LOG = 200
"""Lines of the log that are listed at most."""


def moment(at: float) -> str:
    """Return a time here, with the day where that is not today's."""
    there = datetime.fromtimestamp(at)
    day = "" if there.date() == datetime.now().date() else f"{there.day} {there:%b} "
    return f"{day}{there:%H:%M}"


def look_text(course: Course) -> str:
    """Return how the last look at the held-out examples came out, and the best one."""
    last, best = course.last_look, course.best_look
    if last is None or best is None:
        return ""
    text = f"{last.right} of {last.of} right at step {last.step}"
    if best.right > last.right:
        text += f", best {best.right} at step {best.step}"
    return text


def rates_text(job: Job, step: Step) -> str:
    """Return how often a tuned model is right, and how often its base."""
    model = safe.one_line(job.tuned_model, 80)
    base, tuned = step.comparison.first.rate, step.comparison.second.rate
    if base is None or tuned is None:
        return model
    return f"{model} is right in {percent(tuned.rate)}, its base in {percent(base.rate)}"


def step_text(course: Course) -> str:
    """Return how far a training is, in steps."""
    if not course.step:
        return ""
    return f"step {course.step:,}" + (f" of {course.steps:,}" if course.steps else "")


def left_text(course: Course, job: Job) -> str:
    """Return how long a training is likely to go on, empty where nobody knows."""
    left = course.seconds_left
    if left is None or not left:
        return ""
    # A local one stops as soon as it is good enough, or gets no better.
    early = job.backend == "local" and bool(job.plan.get("validation_examples"))
    return f"{'at most' if early else 'about'} {time_left(left)} left"


def headline(
    job: Job, course: Course, *, followed: bool, why: str, stopping: bool
) -> tuple[str, str, Content]:
    """Return how a job stands: a word with a glyph, its colour, and a sentence.

    It may be `followed` and `stopping`; `why` says what keeps it from being followed.
    """
    if stopping and not job.ended:
        how = "it finishes its step, and keeps it" if job.backend == "local" else "asking for that"
        return "◌ STOPPING", "$accent", Content(how)
    parts = [look_text(course), step_text(course) if not job.ended else ""]
    if course.last_look is None and course.last_loss is not None:
        parts.insert(0, f"loss {course.last_loss:.3g}")
    match job.state:
        case "preparing" if followed:
            return "◌ STARTING", "$accent", Content("the examples are on their way")
        case "preparing":
            reason = why or said_here(job.error) or "Its start was broken off"
            how = "" if "r goes on" in reason else "; r goes on with it"
            said = safe.content(f"{reason.rstrip('.')}{how}.")
            return f"{glyphs.TROUBLE} NOT STARTED", "$text-warning", said
        case "queued" | "running" if why and not followed:
            said = f"{why.rstrip('.')}; it goes on by itself, and r follows it again."
            return f"{glyphs.TROUBLE} NOT FOLLOWED", "$text-warning", safe.content(said)
        case "queued":
            return "◌ QUEUED", "$accent", Content("the provider has it, and has not begun")
        case "running":
            parts.append(left_text(course, job))
            said = " · ".join(part for part in parts if part) or "loading the base model"
            return "◌ TRAINING", "$accent", Content(said)
        case "succeeded":
            cost = "free" if job.cost_usd == 0 else f"cost {format_cost(job.cost_usd)}"
            parts = [job.tuned_model, cost, look_text(course)]
            said = " · ".join(safe.one_line(part, 80) for part in parts if part)
            return "✓ TUNED", "$text-success", Content(said)
        case "failed":
            error = why or said_here(job.error) or "It gave no reason."
            tail = " r goes on with it." if job.backend == "local" else ""
            return "✗ FAILED", "$text-error", safe.content(f"{error.rstrip('.')}.{tail}")
        case _:
            done = step_text(course)
            go_on = "; r goes on from its last checkpoint" if job.backend == "local" else ""
            said = f"Stopped{f' at {done}' if done else ''}{go_on}."
            return f"{glyphs.TROUBLE} CANCELLED", "$text-warning", Content(said)


# -- The curves ---------------------------------------------------------------------------


def show_curves(
    looks: CurvePlot, loss: CurvePlot, course: Course, job: Job, *, small: bool
) -> None:
    """Draw how many held-out answers are right over the steps, and the loss below it.

    Where it is `small` there is only the first, as long as that is told.
    """
    steps = course.step if job.ended else max(course.steps, course.step)
    held = bool(len(course.looks)) or (
        job.backend == "local" and bool(job.plan.get("validation_examples")) and steps > 0
    )
    looks.display, loss.display = held, bool(len(course.loss)) and not (held and small)
    if held:
        said = look_text(course) or "not looked at yet"
        title = Content.assemble(
            Content.styled("Held-out answers", "bold"), f"  {said}" if said else ""
        )
        series = [Series(course.looks.points(), "bold $accent", MARK)]
        looks.show(title, series, steps, axis=not loss.display)
    if loss.display:
        said = f"Loss  {course.last_loss:.3g}" if course.last_loss is not None else "Loss"
        if course.last_validation_loss is not None:
            said += f" · {MARK} on the held-back examples {course.last_validation_loss:.3g}"
        # Where nothing else is told it is the one curve that there is.
        style = glyphs.MUTED if held else "$accent"
        series = [
            Series(course.loss.points(), style),
            Series(course.validation_loss.points(), "bold" if not held else style, MARK),
        ]
        loss.show(
            Content.styled(said, glyphs.MUTED if held else "bold"), series, steps, rates=False
        )


# -- The list below -----------------------------------------------------------------------


def job_items(job: Job, course: Course, after: After | None) -> list[Item]:
    """Return what stands below the curves: what came of it first, then the log."""
    found: list[Item] = []
    if after is not None:
        found += [*_after(after), GAP]
    found.append(Item(partial(named, f"job {job.id}", _facts(job))))
    lines = list(course.log)[-LOG:]
    found += [Item(partial(_log_line, line)) for line in reversed(lines)]
    return found


def _facts(job: Job) -> Content:
    """Return what a job trains, and how."""
    plan = job.plan
    held = plan.get("validation_examples")
    parts = [
        job.backend if job.backend == "local" else safe.one_line(job.provider, 40),
        safe.one_line(job.base_model, 80),
        count(plan.get("examples", 0), "example") + (f", {held:,} held back" if held else ""),
        str(plan.get("method", "sft")),
    ]
    if plan.get("epochs"):
        parts.append(count(plan["epochs"], "epoch"))
    if plan.get("seed") is not None:
        parts.append(f"seed {plan['seed']}")
    parts.append(f"started {moment(job.created_at)}")
    said = Content.styled(" · ".join(parts), glyphs.MUTED)
    if not plan.get("leaks_allowed"):
        return said
    pairs = len(plan.get("manifest", {}).get("leaks", []))
    leaks = f" · {glyphs.TROUBLE} {count(pairs, 'leaking pair')} allowed"
    return Content.assemble(said, Content.styled(leaks, "$text-warning"))


def _log_line(line: LogLine, width: int) -> list[Content]:
    at = datetime.fromtimestamp(line.at)
    today = at.date() == datetime.now().date()
    said = safe.one_line(said_here(line.text), 600)
    text = safe.content(said, "$text-warning" if line.wrong else "")
    return named(f"{at:%H:%M:%S}" if today else f"{at:%m-%d %H:%M}", text, width)


# -- What came of it ----------------------------------------------------------------------


def _after(after: After) -> Iterator[Item]:
    if after.asking:
        asked = f"{after.asked:,} of {after.of:,}"
        yield read_only(Content(f"{glyphs.ASKING} Asking the test cases: {asked}."))
    elif after.lacking:
        yield read_only(safe.content(after.lacking))
    step = after.step
    if step is None:
        return
    yield Item(partial(step_lines, step), "step")
    lost = after.lost
    if lost:
        many = len(step.comparison.lost)
        head = f"{count(many, 'regression')}: the base is right, and the tuned model is not"
        yield read_only(Content.styled(head, "bold $text-error"))
        for place, case in enumerate(lost):
            text = safe.one_line(f"{case.key}  {case.prompt}", 300)
            yield Item(partial(_flip, text), f"flip:{place}")
        if many > len(lost):
            yield read_only(Content.styled(f"and {many - len(lost):,} more", glyphs.MUTED), 2)
    elif step.comparison.difference is not None:
        yield read_only(
            Content.styled("✓ No regressions: what the base got right is right still.", "")
        )


def _flip(text: str, width: int) -> list[Content]:
    glyph = glyphs.VERDICT["fail"]
    line = Content.assemble(Content.styled(f"{glyph} ", glyphs.STYLE[glyph]), text)
    return [line.truncate(width, ellipsis=True)]
