"""What a sitting at the label queue came to, in sentences."""

from __future__ import annotations

from textual.content import Content

from lab.agreement import Agreement
from lab.labels.cards import Progress, Sitting
from store.records import VERDICTS
from tui import glyphs

_ENOUGH = 20
"""So many second looks are needed before their κ says much."""


def progress(at: Progress, *, ended: bool) -> Content:
    """Return where a sitting is, and how long the rest takes as far as that is known."""
    if ended:
        return Content("")
    text = f"{at.at:,} of {at.total:,}"
    return Content(text if at.seconds is None else f"{text} · {spoken(at.seconds)}")


def spoken(seconds: float) -> str:
    """Return a length of time as a person would say it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 90:
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    return f"about {round(minutes / 60)} hours"


def summary(found: Sitting) -> Content:
    """Return what came of a sitting, how the person agrees with themselves, and what is next."""
    parts = [_given(found), *_own(found), _next(found)]
    return Content("\n\n").join([part for part in parts if part.plain])


def _given(found: Sitting) -> Content:
    total = sum(found.verdicts.values())
    if not total and not found.repaired:
        return Content("")
    counts = [
        Content.assemble(
            Content.styled(glyphs.VERDICT[verdict], glyphs.STYLE[glyphs.VERDICT[verdict]]),
            f" {found.verdicts[verdict]} {verdict}",
        )
        for verdict in VERDICTS
        if found.verdicts.get(verdict)
    ]
    if found.repaired:
        cases = _count(found.repaired, "case")
        counts.append(Content(f"{glyphs.BAD} {cases} sent to repair"))
    head = Content.styled(f"{_count(total, 'verdict')}", "bold")
    return Content("  ").join([head, *counts])


def _own(found: Sitting) -> list[Content]:
    own = found.own
    if not own.n:
        return []
    same = round((own.observed or 0.0) * own.n)
    again = f"{same or 'none'} got the same verdict again"
    text = f"{_count(own.n, 'answer')} came twice; {again}. {_kappa(own)}"
    lines = [Content.assemble(Content.styled("Your own agreement  ", "bold"), text)]
    if found.differing:
        lines.append(Content(f"d shows the {_count(found.differing, 'answer')} to settle."))
    return lines


def _kappa(own: Agreement) -> str:
    if own.kappa is None or own.low is None or own.high is None:
        return "κ says nothing while every verdict is the same."
    few = "" if own.n >= _ENOUGH else ", from too few answers to lean on"
    return f"κ {own.kappa:.2f} ({own.low:.2f} to {own.high:.2f}){few}."


def _next(found: Sitting) -> Content:
    if found.waiting:
        return Content(f"{found.waiting:,} to go: enter goes on, esc leaves.")
    lines: list[str] = []
    if found.skipped:
        lines.append(f"{found.skipped:,} skipped: enter brings them again.")
    if found.graded:
        answers = _count(found.graded, "answer")
        lines.append(
            f"{answers} with the checks' verdict only: a brings them too, "
            "so that a person checks the checks."
        )
    if not found.answered:
        lines.append("No answer is there to label: on the bench, enter asks a case, r asks all.")
    elif not lines and found.settling:
        lines.append("That is all that settles the step; esc leads back to the ladder.")
        return Content("\n".join(lines))
    elif not lines:
        lines.append("Every answer has a label. F6 leads to other sessions.")
    return Content("\n".join([*lines, "esc leaves."]))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
