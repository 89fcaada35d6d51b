"""How the dataset, the plan and earlier trainings are drawn, each for the width that there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from lab.forecast import range_text
from lab.ladder.words import count
from lab.prices import format_cost
from lab.tuning.examples.leakage import MEANING, first_line
from lab.tuning.local.pace import duration_text
from tui import glyphs, safe
from tui.screens.tune.words import said_here
from tui.widgets.item_list import Item, wrapped

if TYPE_CHECKING:
    from lab.checking.findings import Severity
    from lab.tuning.examples.checks import Finding
    from lab.tuning.examples.leakage import Leak
    from lab.tuning.examples.report import Report
    from store.jobs import Backend, Job
    from tui.screens.tune.planning import Plan

NAME = 12
"""Cells of a line's name."""
LEAKS = 100
"""Leaks that are listed at most; those that remain are counted."""
NO_PRICE = "Litmus does not know what this provider takes for training"
BACKEND: dict[Backend, str] = {
    "local": "on this machine",
    "hosted": "at a provider",
}
SEVERITY: dict[Severity, str] = {
    "must": "$text-error",
    "should": "$text-warning",
    "info": glyphs.MUTED,
}
STATE = {
    "preparing": (glyphs.NOT_ASKED, glyphs.MUTED),
    "queued": (glyphs.ASKING, "$accent"),
    "running": (glyphs.ASKING, "$accent"),
    "succeeded": ("✓", "$text-success"),
    "failed": ("✗", "$text-error"),
    "cancelled": (glyphs.TROUBLE, "$text-warning"),
}
"""The glyph and the colour of a job's state."""


def plan_items(plan: Plan, jobs: Sequence[Job]) -> list[Item]:
    """Return what stands on the page of the dataset and the plan, from the top."""
    found = [_head("Dataset"), *_dataset(plan)]
    found += [GAP, _head("Plan"), *_plan(plan)]
    if jobs:
        found += [GAP, _head("Trainings")]
        found += [Item(partial(_job, job), f"job:{job.id}") for job in jobs]
    return found


def _gap(_: int) -> list[Content]:
    return [Content("")]


GAP = Item(_gap)


def _head(text: str) -> Item:
    return read_only(Content.styled(text, "bold"))


def read_only(content: Content, indent: int = 0) -> Item:
    """Return a text that is only read."""
    return Item(lambda width: wrapped(content, width, indent))


def named(name: str, value: Content | str, width: int) -> list[Content]:
    """Return a value after its name, wrapped beside it."""
    content = Content(value) if isinstance(value, str) else value
    first, *rest = wrapped(content, max(8, width - NAME))
    head = Content.styled(f"{name:<{NAME}}", glyphs.MUTED)
    return [Content.assemble(head, first), *(Content.assemble(" " * NAME, line) for line in rest)]


# -- The dataset --------------------------------------------------------------------------


def _dataset(plan: Plan) -> Iterator[Item]:
    report = plan.report
    yield Item(partial(named, "in", _examples(report)), "in:" if report.dataset.examples else "")
    reasons = Counter(item.kind for item in report.dataset.left_out)
    for place, (kind, number) in enumerate(reasons.most_common()):
        name = "left out" if place == 0 else ""
        yield Item(partial(named, name, _reason(report, kind, number)), f"left:{kind}")
    for place, finding in enumerate(report.findings):
        if finding.kind != "leak":
            key = f"finding:{place}" if finding.cases else ""
            yield Item(partial(_finding, finding), key)
    if report.leaks:
        yield Item(partial(_leak_head, plan))
        for place, leak in enumerate(report.leaks[:LEAKS]):
            yield Item(partial(_leak, leak), f"leak:{place}")
        if (more := len(report.leaks) - LEAKS) > 0:
            yield read_only(Content.styled(f"and {more:,} more pairs", glyphs.MUTED), NAME)
    elif report.dataset.examples and report.dataset.tests:
        yield Item(partial(named, "leaks", _compared(report)))


def _examples(report: Report) -> Content:
    dataset = report.dataset
    examples = dataset.examples
    cases = count(len(examples) + len(dataset.left_out), "train case")
    if not examples:
        return Content(f"no example from {cases}")
    tokens = sum(example.tokens for example in examples)
    about = "" if all(example.exact for example in examples) else "about "
    expected = sum(example.source == "expected" for example in examples)
    passed = len(examples) - expected
    origin = f": {expected:,} as expected, {passed:,} as passed"
    if dataset.recipe.format == "dpo":
        origin = ", a passed answer beside a failed one"
    elif not (expected and passed):
        origin = ", as expected" if expected else ", as you passed them"
    return Content.assemble(
        Content.styled(count(len(examples), "example"), "bold"),
        f" from {cases}{origin}",
        Content.styled(f" · {about}{tokens:,} tokens", glyphs.MUTED),
    )


def _reason(report: Report, kind: str, number: int) -> Content:
    """Return one kind of why cases are left out; where they differ, the first one's words."""
    reasons = [item.reason for item in report.dataset.left_out if item.kind == kind]
    more = ", …" if len(set(reasons)) > 1 else ""
    return Content.assemble(
        Content.styled(f"{number:,} ", "bold"), safe.content(safe.one_line(reasons[0], 300) + more)
    )


def _finding(finding: Finding, width: int) -> list[Content]:
    style = SEVERITY[finding.severity]
    said = Content.assemble(
        Content.styled(f"{glyphs.SEVERITY[finding.severity]} ", style),
        safe.content(finding.sentence, style if finding.severity == "info" else ""),
    )
    lines = named("", said, width)
    if finding.repair:
        repair = said_here(finding.repair)
        lines += named("", safe.content(f"  {repair[:1].upper()}{repair[1:]}.", "bold"), width)
    return lines


def _leak_head(plan: Plan, width: int) -> list[Content]:
    pairs = count(len(plan.report.leaks), "pair")
    if plan.allowed:
        said = Content.styled(
            f"{glyphs.TROUBLE} {pairs} allowed by you: the job and its receipt will tell.",
            "$text-warning",
        )
        return named("leaks", said, width)
    return named(
        "leaks",
        Content.assemble(
            Content.styled(f"✗ {pairs} too much alike", "bold $text-error"),
            ", so a rate on these test cases would say nothing. Enter on a pair moves a case to "
            "the other split or takes it out; a allows them all.",
        ),
        width,
    )


def _leak(leak: Leak, width: int) -> list[Content]:
    lines = named("", f"{MEANING[leak.kind]} ({leak.similarity:.0%})", width)
    for case in (leak.train, leak.test):
        name = safe.one_line(f"{case.key}: {first_line(case)}", 300)
        line = Content.assemble(" " * NAME, f"  {case.draft.split:<6}", name)
        lines.append(Content.styled(line.plain, glyphs.MUTED).truncate(width, ellipsis=True))
    return lines


def _compared(report: Report) -> Content:
    tests = count(len(report.dataset.tests), "test case")
    how = "wording, answers and meaning"
    if report.not_by_meaning:
        how = f"wording and answers, not by meaning: {said_here(report.not_by_meaning)}"
    return Content.assemble(
        "none", Content.styled(safe.visible(f" · held against {tests} by {how}"), glyphs.MUTED)
    )


# -- The plan -----------------------------------------------------------------------------


def _plan(plan: Plan) -> Iterator[Item]:
    choice, wish = plan.choice, plan.wish
    where = f"{choice.backend}: {BACKEND[choice.backend]}"
    if wish is not None and choice.backend == "hosted":
        where += f", {wish.provider}" + (f" at {wish.base_url}" if wish.base_url else "")
    yield Item(partial(named, "backend", safe.content(safe.one_line(where, 200))), "set:backend")
    base = safe.one_line(wish.model, 200) if wish else "none chosen"
    yield Item(partial(named, "base", safe.content(base)), "set:base")
    yield Item(partial(named, "method", safe.content(_method(plan))), "set:settings")
    yield Item(partial(named, "held back", _held_back(plan)), "set:settings2")
    if plan.draft is not None:
        yield Item(partial(named, "price", _price(plan)))
        yield Item(partial(named, "time", _time(plan)))


def _method(plan: Plan) -> str:
    choice = plan.choice
    how = "LoRA on right answers" if choice.backend == "local" else "right answers (sft)"
    if choice.format == "dpo":
        how = "preferences (dpo)"
    elif choice.source is not None:
        how += f", {choice.source} ones only"
    epochs = "the backend chooses how many epochs"
    if choice.epochs is not None:
        epochs = count(choice.epochs, "epoch")
    parts = [how, epochs]
    if choice.seed is not None:
        parts.append(f"seed {choice.seed}")
    parts += [safe.one_line(f"{name} {value}", 60) for name, value in choice.set_here.items()]
    if choice.suffix:
        parts.append(f"named {safe.one_line(choice.suffix, 40)}")
    return " · ".join(parts)


def _held_back(plan: Plan) -> str:
    share = f"{plan.choice.held_back * 100:.3g}%"
    if plan.draft is not None:
        held = plan.draft.plan["validation_examples"]
        if held:
            return f"{count(held, 'example')} ({share}), to see on them how far it is"
    if not plan.choice.held_back:
        return "nothing" + (
            ", so it trains to the last step" if plan.choice.backend == "local" else ""
        )
    return share


def price_text(plan: Plan) -> str:
    """Return what a plan costs: free, a range, or unknown."""
    assert plan.draft is not None
    price = plan.draft.plan["price"]
    return range_text(price["low_usd"], price["high_usd"])


def _price(plan: Plan) -> Content:
    text = price_text(plan)
    why = f" · {NO_PRICE}" if text == "unknown" else ""
    return Content.assemble(text, Content.styled(why, glyphs.MUTED))


def time_text(plan: Plan) -> str:
    """Return how long a plan takes, as far as that is known; empty where nobody can know."""
    assert plan.draft is not None
    price = plan.draft.plan["price"]
    low, high = price.get("low_s"), price.get("high_s")
    if low is None or high is None:
        return ""
    sure = "perhaps" if price.get("seconds_by") == "guess" else "about"
    return f"{sure} {duration_text(low, high)}"


def _time(plan: Plan) -> Content:
    local, text = plan.choice.backend == "local", time_text(plan)
    if not text:
        return Content(
            "is told after the first steps" if local else "not known: it is queued there"
        )
    guess = ", a guess until a model was trained here" if text.startswith("perhaps") else ""
    return Content.assemble(text, Content.styled(guess, glyphs.MUTED))


# -- Trainings ----------------------------------------------------------------------------


def _job(job: Job, width: int) -> list[Content]:
    glyph, style = STATE[job.state]
    from tui.screens.tune.job_drawing import moment  # it draws with this module's words

    facts = [moment(job.created_at), safe.one_line(job.base_model, 60)]
    if job.ended:
        facts.append(format_cost(job.cost_usd))
    line = Content.assemble(
        Content.styled(f"{glyph} ", style),
        Content.styled(f"{job.id} ", "bold"),
        f"{job.state} ",
        Content.styled(" · ".join(facts), glyphs.MUTED),
    )
    if job.tuned_model:
        line = Content.assemble(line, f" → {safe.one_line(job.tuned_model, 80)}")
    return [line.truncate(width, ellipsis=True)]
