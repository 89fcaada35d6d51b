"""What a step brings, reckoned by hand, and what may be typed of it."""

from __future__ import annotations

import pytest

from lab.desk import Desk
from lab.ladder.economics import Economics, keep_economics, read_economics, reckon
from store.errors import StoreError
from store.library_records import Indexing

GAINS = [1.0] * 6 + [0.0] * 3 + [-1.0]  # 5 more right in 10


def typed(rungs: dict[tuple[str, str], float] | None = None, **session: float) -> Economics:
    return Economics(session, rungs or {})  # type: ignore[arg-type]


def test_a_step_is_reckoned_as_by_hand() -> None:
    economics = typed(
        {("rag", "upfront"): 300.0, ("rag", "hours"): 2.0, ("bare", "hours"): 1.0},
        value=2.0,
        wrong=1.0,
        volume=100.0,
        horizon=6.0,
        hourly=50.0,
    )
    found = reckon(economics, "bare", "rag", costs=(0.01, 0.26), gains=GAINS)
    assert found.extra_cost == pytest.approx(0.25)
    assert found.upfront == 350.0  # 300 + 2 · 50, less the hour that bare has cost already
    assert found.net_per_answer == pytest.approx(0.5 * 3 - 0.25)
    assert found.net_total == pytest.approx(1.25 * 600 - 350)
    assert found.per_extra_right == pytest.approx(0.5)
    assert found.payback_months == pytest.approx(350 / 1.25 / 100)
    assert found.break_even == pytest.approx(350 / 1.25 / 6)
    assert found.least_gain == pytest.approx((0.25 + 350 / 600) / 3)
    assert found.affordable == pytest.approx(1.5 - 350 / 600)
    assert found.assumed == ()
    # At the least gain, the step comes out even.
    even = reckon(economics, "bare", "rag", costs=(0.01, 0.26), gains=[found.least_gain or 0.0])
    assert even.net_total == pytest.approx(0, abs=1e-9)


def test_what_is_not_typed_is_assumed_and_named() -> None:
    found = reckon(typed(), "bare", "context", costs=(0.0, 0.0), gains=GAINS)
    assert found.assumed == ("value", "volume")
    assert (found.net_per_answer, found.net_total) == (0.5, 0.5 * 400 * 12)
    assert reckon(typed(volume=9.0), "bare", "rag", costs=(0, 0), gains=[]).assumed == ("value",)


def test_what_is_not_known_stays_unknown() -> None:
    found = reckon(typed(), "bare", "context", costs=(0.01, None), gains=GAINS)
    assert (found.extra_cost, found.net_per_answer, found.net_total) == (None, None, None)
    assert (found.least_gain, found.chance, found.payback_months) == (None, None, None)
    assert found.affordable == 0.5
    priced = typed({("context", "price"): 0.11})
    found = reckon(priced, "bare", "context", costs=(0.01, None), gains=GAINS)
    assert found.extra_cost == pytest.approx(0.10)
    embedded = Economics(embedding_usd=None)
    assert embedded.upfront("rag") is None
    assert reckon(embedded, "bare", "rag", costs=(0.0, 0.0), gains=GAINS).net_total is None


def test_a_loss_never_pays_back() -> None:
    found = reckon(typed(), "bare", "rag", costs=(0.0, 0.1), gains=[-1.0, 0.0])
    assert (found.per_extra_right, found.break_even, found.payback_months) == (None, None, None)
    assert found.chance == 0.0


def test_worth_nothing_has_no_least_gain() -> None:
    found = reckon(typed(value=0.0), "bare", "rag", costs=(0.0, 0.1), gains=GAINS)
    assert found.least_gain is None
    assert found.net_per_answer == pytest.approx(-0.1)


def test_the_chance_draws_a_case_with_its_own_cost() -> None:
    """Where the gained cases are the dear ones, what looks certain on the average is not."""
    economics = typed(value=1.0, volume=1.0, horizon=1.0)
    gains, extra = [1.0] * 5 + [0.0] * 15, [0.9] * 5 + [0.0] * 15
    together = reckon(economics, "bare", "rag", costs=(0, 0.225), gains=gains, extra=extra)
    apart = reckon(economics, "bare", "rag", costs=(0, 0.225), gains=gains)
    assert together.chance and together.chance > 0.95
    assert apart.chance and 0.4 < apart.chance < 0.8


async def test_what_is_typed_is_kept_and_can_be_forgotten(desk: Desk) -> None:
    session = desk.session.id
    found = await desk.database.write(
        keep_economics, session, {"value": 2.5, "target": 0.8}, {("rag", "price"): 0.01}
    )
    assert (found.of("value"), found.of("volume"), found.target) == (2.5, 400.0, 0.8)
    assert found.price("rag", None) == 0.01
    await desk.database.write(
        keep_economics, session, {"value": None, "target": None}, {("rag", "price"): None}
    )
    assert await desk.database.read(read_economics, session) == Economics()


@pytest.mark.parametrize(
    ("name", "value"),
    [("value", -1.0), ("volume", 0.0), ("horizon", 0.0), ("target", 1.5), ("hourly", float("inf"))],
)
async def test_what_cannot_be_is_refused_and_nothing_kept(
    desk: Desk, name: str, value: float
) -> None:
    with pytest.raises(StoreError):
        await desk.database.write(keep_economics, desk.session.id, {"wrong": 1.0, name: value})  # type: ignore[arg-type]
    assert await desk.database.read(read_economics, desk.session.id) == Economics()


async def test_embedding_is_an_upfront_cost_of_rag(desk: Desk, read, shelve) -> None:  # type: ignore[no-untyped-def]
    await shelve(await read("a.txt", "One.\n\nTwo."), Indexing())
    await desk.database.write(
        lambda connection: connection.execute("UPDATE collections SET cost_usd = 1.25")
    )
    found = await desk.database.read(read_economics, desk.session.id)
    assert (found.upfront("rag"), found.upfront("context")) == (1.25, 0.0)
    await desk.database.write(
        lambda connection: connection.execute("UPDATE collections SET unpriced = 1")
    )
    found = await desk.database.read(read_economics, desk.session.id)
    assert found.upfront("rag") is None


def test_hours_of_training_here_cost_what_the_machine_does() -> None:
    trained = Economics({"machine": 3.0}, {("tuned", "upfront"): 1.0}, tuning_hours=0.5)
    assert trained.upfront("tuned") == pytest.approx(1.0 + 0.5 * 3.0)
    assert trained.upfront("bare") == 0.0
    assert Economics(tuning_hours=0.5).upfront("tuned") == 0.0  # until its price is typed
