"""How rungs and steps are drawn, each for the width that there is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from lab.ladder import words
from lab.ladder.verdict import GLYPH
from lab.statistics.evidence import BAR
from store.records import RUNGS, Rung
from tui import glyphs, safe
from tui.widgets.interval_plot import interval, no_interval, scale
from tui.widgets.item_list import Item, wrapped

if TYPE_CHECKING:
    from lab.ladder.comparing import Comparison
    from lab.ladder.economics import Economics
    from lab.ladder.reading import Ladder, Step
    from lab.ladder.rungs import RungFacts

NAME, FIGURES, P50 = 11, 22, 7
"""Cells of a rung's name, of its rate, n and cost of an answer, and of its latency."""
LEAST_PLOT, MOST_PLOT, LEAST_MODEL = 12, 41, 30

NOT_RUN: dict[Rung, str] = {
    "bare": "not run: r on the bench asks every case",
    "context": "not run: put a document into the context (F3, space); then c and r on the bench",
    "rag": "not run: promote the documents (F3, P); then c and r on the bench",
    "tuned": "not run: F5 trains a model on the train cases, and asks it",
}


def items(ladder: Ladder) -> list[Item]:
    """Return what the screen lists, from the top."""
    found = [Item(partial(_heads, ladder))]
    for rung in RUNGS:
        facts = ladder.rung(rung)
        if facts is None:
            found.append(Item(partial(_missing, rung)))
        else:
            found.append(Item(partial(_rung, facts, ladder), f"rung:{rung}"))
    for place, step in enumerate(ladder.steps):
        found += [Item(_gap), Item(partial(step_lines, step), f"step:{place}")]
    notes = _notes(ladder)
    if notes:
        found += [Item(_gap), *(Item(partial(wrapped, note)) for note in notes)]
    return found


def headline(ladder: Ladder) -> tuple[str, str, str]:
    """Return the session's verdict: its word with a glyph, its colour, and a sentence.

    What one of the steps says in full is said there, and here in its first words only.
    """
    verdict = ladder.verdict
    why = verdict.plain
    if verdict.sentence in {step.verdict.sentence for step in ladder.steps}:
        why = why.partition("; ")[0].rstrip(".") + "."
    colour = glyphs.STEP[verdict.state] if verdict.state else glyphs.MUTED
    return f"{GLYPH[verdict.state]} {verdict.head}", colour, why


def name_of(rung: Rung) -> str:
    """Return a rung with its glyph: ② context."""
    return f"{glyphs.RUNG[rung]} {rung}"


def title_of(comparison: Comparison) -> str:
    """Return what a comparison is of, with the rungs' glyphs: ① bare → ② context."""
    sides = zip((comparison.first, comparison.second), comparison.names, strict=True)
    return " → ".join(f"{glyphs.RUNG[side.rung]} {name}" for side, name in sides)


def given(facts: RungFacts) -> str:
    """Return who answers on a rung, and what it is given: "gpt-best + 2 documents"."""
    variant = facts.standing.variant
    found = [safe.one_line(variant.model, 60)]
    if variant.rung == "rag" and variant.retrieval is not None:
        found.append(f" + store, k {variant.retrieval.k}")
    elif variant.documents:
        found.append(f" + {words.count(len(variant.documents), 'document')}")
    if facts.standing.pinned:
        found.append(" · pinned")
    if facts.others:
        found.append(f" · +{words.count(len(facts.others), 'other')}")
    if facts.standing.unlabelled:
        found.append(f" · {glyphs.ANSWERED} {facts.standing.unlabelled:,} to label")
    if facts.standing.judged:
        found.append(f" · {glyphs.JUDGE} {facts.standing.judged:,} judged")
    return "".join(found)


def assumed(economics: Economics) -> str:
    """Return what is only assumed of the economics, and which key changes that."""
    named = economics.assumed_text()
    return f"Assumed: {named}. e says what is true for you." if named else ""


# -- Rungs ------------------------------------------------------------------------------


def _columns(width: int) -> tuple[int, bool, bool]:
    """Return the plot's cells, whether the latency has room, and whether the model has."""
    figures = NAME + FIGURES + 2
    latency = width >= figures + P50 + LEAST_PLOT
    figures += P50 * latency
    model = width >= figures + LEAST_PLOT + 14 + LEAST_MODEL
    room = width - figures - (2 + LEAST_MODEL if model else 0)
    return max(4, min(MOST_PLOT, room)), latency, model


def _heads(ladder: Ladder, width: int) -> list[Content]:
    plot, latency, _ = _columns(width)
    last = f"{'p50':>{P50}}" if latency else ""
    line = f"{'Rung':<{NAME}}{scale(plot):<{plot + 2}}{'rate':>5}{'n':>6}{'$/answer':>11}{last}"
    return [Content.styled(line, glyphs.MUTED)]


def _missing(rung: Rung, width: int) -> list[Content]:
    first, *rest = wrapped(Content.styled(NOT_RUN[rung], glyphs.MUTED), width - NAME)
    name = Content.styled(f"{name_of(rung):<{NAME}}", glyphs.MUTED)
    return [Content.assemble(name, first), *(Content.assemble(" " * NAME, line) for line in rest)]


def _rung(facts: RungFacts, ladder: Ladder, width: int) -> list[Content]:
    plot, latency, model = _columns(width)
    rate, target = facts.standing.rate, ladder.economics.target
    drawn = (
        no_interval(plot, target)
        if rate is None
        else interval(rate.low, rate.rate, rate.high, plot, target)
    )
    share = "–" if rate is None else words.percent(rate.rate)
    cost = words.cost(facts.per_answer)
    took = "–" if facts.latency_p50_s is None else f"{facts.latency_p50_s:.1f} s"
    last = f"{took:>{P50}}" if latency else ""
    line = Content.assemble(
        Content.styled(f"{name_of(facts.rung):<{NAME}}", "bold"),
        drawn,
        Content.styled(f"{share:>7}", "bold"),
        f"{rate.n if rate else 0:>6,}{cost:>11}{last}",
    )
    if model:
        room = width - line.cell_length - 2
        return [Content.assemble(line, "  ", _cut(given(facts), room))]
    return [line, Content.assemble(" " * 2, _cut(given(facts), width - 2))]


def _cut(text: str, room: int) -> Content:
    return Content.styled(text, glyphs.MUTED).truncate(room, ellipsis=True)


# -- Steps ------------------------------------------------------------------------------


def step_lines(step: Step, width: int) -> list[Content]:
    """Return a step with its figures and its verdict, in lines for a width."""
    name = Content.styled(" → ".join(step.names), "bold")
    state, numbers = _state(step), _figures(step)
    middle = f"   {numbers}" if numbers else ""
    room = width - name.cell_length - state.cell_length - len(middle)
    lines: list[Content] = []
    if room >= 2:
        lines.append(Content.assemble(name, middle, " " * room, state))
    else:
        gap = max(1, width - name.cell_length - state.cell_length)
        lines.append(Content.assemble(name, " " * gap, state))
        lines += wrapped(Content(numbers), width, 2)
    lines += wrapped(safe.content(step.verdict.plain), width, 2)
    for note in step.comparison.notes:
        lines += wrapped(safe.content(note, glyphs.MUTED), width, 2)
    return lines


def _state(step: Step) -> Content:
    verdict = step.verdict
    if verdict.state is None:
        return Content.styled(f"{GLYPH[None]} no verdict", glyphs.MUTED)
    word = verdict.head if verdict.state == "NEED_MORE" else verdict.state.replace("_", " ")
    return Content.styled(f"{GLYPH[verdict.state]} {word}", glyphs.STEP[verdict.state])


def _figures(step: Step) -> str:
    comparison, found = step.comparison, step.comparison.difference
    if found is None:
        return ""
    bar = f" of {BAR * comparison.tried:,.0f}" if step.verdict.state == "NEED_MORE" else ""
    return (
        f"{words.in_points(found.delta, signed=True)} "
        f"({words.points(found.low)} to {words.points(found.high)}) · "
        f"{found.gained} gained, {found.lost} lost of {found.n} · "
        f"e {words.evidence(comparison.evidence)}{bar}"
    )


# -- What is said below -------------------------------------------------------------------


def _notes(ladder: Ladder) -> list[Content]:
    sentences: Sequence[str] = ladder.failures.sentences() if ladder.failures else ()
    found = [safe.content(sentence) for sentence in sentences]
    if ladder.base_lacks:
        found.insert(0, safe.content(ladder.base_lacks))
    if ladder.steps and (said := assumed(ladder.economics)):
        found.append(Content.styled(said, glyphs.MUTED))
    return found


def _gap(_: int) -> list[Content]:
    return [Content("")]
