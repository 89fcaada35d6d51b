"""What came of a training: the tuned model beside its base, and what is not asked yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.ladder.reading import Step, read_ladder, read_step
from lab.ladder.words import count
from store import benchmarks
from store.database import Connection
from store.errors import NotFound, PlainError
from store.records import Case, Session, Variant
from tui.screens.tune.job_drawing import LOST
from tui.screens.tune.words import said_here

if TYPE_CHECKING:
    from lab.desk import Desk
    from store.jobs import Job


@dataclass(frozen=True, slots=True)
class After:
    """The tuned model and its base on the test cases. `step` is None before both have answered.

    `lost` are the cases of the first regressions, in the order of the step's. `missing` answers
    are not there yet; `lacking` says what is to be done, and `asked` of `of` are there while
    they are being asked. `elsewhere`: the person must tell where it is served.
    """

    variants: tuple[Variant, ...] = ()
    step: Step | None = None
    lost: tuple[Case, ...] = ()
    missing: int = 0
    lacking: str = ""
    asking: bool = False
    asked: int = 0
    of: int = 0
    elsewhere: bool = False


async def read_after(desk: Desk, job: Job, model: str = "", base_url: str = "") -> After:
    """Read what came of the session's newest training that succeeded.

    `model` is the name that its model was given since, `base_url` where it is served.
    """
    from lab.tuning.base import base_of
    from lab.tuning.jobs import tuned_setup

    try:
        setup = await tuned_setup(desk.engine, desk.session.id, model, base_url)
        setups = (setup, base_of(setup))
    except PlainError as error:
        elsewhere = job.provider == "azure" or job.backend == "local"
        return After(lacking=said_here(str(error)), elsewhere=elsewhere)
    variants = tuple([await desk.stored_variant(each.variant(desk.documents)) for each in setups])
    cases = await desk.cases_to_ask()
    if not cases:
        return After(variants, lacking="There are no test cases to hold it against its base.")
    missing = sum([await desk.missing(cases, each, 1) for each in variants])
    step, lost = await desk.database.read(_beside, desk.session, *variants)
    of = len(variants) * len(cases)
    return After(variants, step, lost, missing, _lacking(missing, of, job), False, of - missing, of)


def _lacking(missing: int, of: int, job: Job) -> str:
    if not missing:
        return ""
    if missing == of:
        return (
            f"Is it better than its base? t asks {job.tuned_model} and {job.base_model} the test "
            f"cases, {count(of, 'answer')}."
        )
    return f"{count(missing, 'answer')} of {of:,} are not there yet; t asks for the rest."


def _beside(
    connection: Connection, session: Session, tuned: Variant, base: Variant
) -> tuple[Step | None, tuple[Case, ...]]:
    """Return the tuned variant beside its base, and the cases that it lost."""
    found = read_ladder(connection, session).beside_base
    if found is None or found.comparison.second.variant.hash != tuned.hash:
        # Another tuned model stands for the rung, or the base was not asked.
        try:
            found = read_step(connection, session, base.hash, tuned.hash)
        except NotFound:
            return None, ()
    lost = found.comparison.lost[:LOST]
    return found, tuple(benchmarks.get(connection, flip.case_id) for flip in lost)
