"""A session and its judge: chosen, put to work, weighed against the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.desk import Desk
from lab.failures import AskError
from lab.judge.trust import Judgeship, judgeship, retrust
from lab.setup import Setup
from store import judgements
from store.database import Connection
from store.records import Rung, Split, Variant

if TYPE_CHECKING:
    from lab.judge.run import Judging


NOTHING_TO_JUDGE = (
    "There is nothing to judge: a judge needs whole answers to cases whose expectation has a "
    "text or an llm-rubric."
)


async def standing(desk: Desk) -> Judgeship:
    """Return the session's judge, how far it is trusted, and why."""
    return await desk.database.read(judgeship, desk.session.id)


async def choose(desk: Desk, setup: Setup) -> Variant:
    """Make a model the session's judge; what it has judged before counts again."""
    from lab.judge.prompt import judge_of

    return await desk.database.write(_choose, desk.session.id, judge_of(setup))


async def named(desk: Desk, *, provider: str = "", base_url: str = "", model: str = "") -> Variant:
    """Return the judge that is named, else the session's own. Nothing is stored.

    A provider alone means its best model; a model alone is asked where the session's judge
    is, else where its answers come from. Raises AskError when no judge is named or chosen.
    """
    from lab.judge.prompt import judge_of

    chosen = await desk.database.read(judgements.judge_of, desk.session.id)
    if not (provider or base_url or model):
        if chosen is None:
            raise AskError(
                "No judge is chosen yet; name one with --provider and --model, best another "
                "model than the one that answered.",
                "model",
                fatal=True,
            )
        # The instructions may have changed with Litmus; a judge is known by its own.
        return judge_of(await desk.engine.setup_for(*_place(chosen), model=chosen.model))
    if provider or base_url:
        place = (provider or "custom", base_url)
    elif chosen is not None:
        place = _place(chosen)
    elif desk.setup is not None:
        place = (desk.setup.provider, desk.setup.base_url)
    else:
        default = await desk.engine.default_setup(model=model)
        place = (default.provider, default.base_url)
    return judge_of(await desk.engine.setup_for(*place, model=model))


async def start(
    desk: Desk,
    judge: Variant,
    *,
    split: Split | None = "test",
    rung: Rung | None = None,
    concurrency: int = 0,
    fresh: bool = False,
    cap_usd: float | None = None,
) -> Judging:
    """Prepare judging; nothing is asked before its events are iterated.

    `concurrency` 0 takes what suits the provider. Raises AskError, ProviderError or
    EmbeddedError when the judge cannot be asked.
    """
    from lab.judge.events import JudgePlan
    from lab.judge.run import Judging

    engine = desk.engine
    client = await engine.ready(judge)
    plan = JudgePlan(
        session_id=desk.session.id,
        judge=judge,
        split=split,
        rung=rung,
        concurrency=concurrency or engine.concurrency(judge.provider),
        fresh=fresh,
        cap_usd=cap_usd if cap_usd is not None else desk.session.cap_usd,
    )
    return Judging(
        engine.database,
        client,
        plan,
        window=await engine.window(judge),
        purse=engine.purse(desk.session.id),
    )


def own_model_warning(judge: Variant, answers: int) -> str:
    """Return the sentence that warns of a judge that judges its own model's answers."""
    count = "one of these answers is" if answers == 1 else f"{answers} of these answers are"
    return (
        f"{judge.model} judges itself: {count} its own, and models favour their own; "
        "another model is the better judge."
    )


def _place(variant: Variant) -> tuple[str, str]:
    return variant.provider, variant.base_url


def _choose(connection: Connection, session_id: int, judge: Variant) -> Variant:
    kept = judgements.choose(connection, session_id, judge)
    retrust(connection, session_id)
    return kept
