"""What would be trained by a choice: the examples as they are, and the job that is made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.tuning import jobs as tuning
from lab.tuning import wish as wishes
from lab.tuning.examples.leakage import Leak
from lab.tuning.examples.report import Progress, Report, examine, recipe_for
from lab.tuning.wish import Wish
from store.errors import PlainError
from store.jobs import Job, JobDraft
from tui.screens.tune.choice import Choice
from tui.screens.tune.words import said_here

if TYPE_CHECKING:
    from lab.desk import Desk

Pairs = frozenset[tuple[int, int]]
"""Leaks by the revisions of both cases: an edited case is another pair."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be trained. `draft` is None where it cannot be, and `refusal` says why.

    `twin` is an open job that trains the same already.
    """

    choice: Choice
    report: Report
    wish: Wish | None = None
    draft: JobDraft | None = None
    refusal: str = ""
    twin: Job | None = None
    allowed: bool = False

    @property
    def is_free(self) -> bool:
        """Whether it costs no money, for all that is known."""
        return self.draft is not None and self.draft.plan["price"]["high_usd"] == 0


def pairs_of(report: Report) -> Pairs:
    """Return the leaks that a report names."""
    return frozenset(map(_pair, report.leaks))


def _pair(leak: Leak) -> tuple[int, int]:
    return leak.train.revision_id, leak.test.revision_id


async def examined(desk: Desk, choice: Choice, progress: Progress) -> Report:
    """Look at the examples, as `litmus tune check` does, for what is chosen."""
    try:
        wish = choice.wish(desk)
    except tuning.TuningError:  # the examples can be looked at all the same
        source = choice.source if choice.format == "sft" else None
        return await examine(desk, await recipe_for(desk, choice.format, source), progress)
    return await wishes.examine_for(desk, wish, progress)


async def planned(desk: Desk, choice: Choice, report: Report, allowed: Pairs) -> Plan:
    """Return the plan for examples that were looked at; leaks that are all `allowed` may be."""
    allow = bool(report.leaks) and pairs_of(report) <= allowed
    plan = Plan(choice, report, allowed=allow)
    try:
        wish = replace(choice.wish(desk), allow_leaks=allow)
        plan = replace(plan, wish=wish)
        tuning.backend(wish.backend).refuse(wish)
        draft = await wishes.draft(desk, wish, report)
        plan = replace(plan, draft=draft, twin=await wishes.alike(desk, draft))
        await wishes.refuse_over_cap(desk, draft)
    except PlainError as error:
        return replace(plan, draft=None, refusal=said_here(str(error)))
    return plan
