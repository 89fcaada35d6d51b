"""What is said of a step and of a session, and what is never said."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from lab.desk import Desk
from lab.ladder.economics import keep_economics
from lab.ladder.reading import Ladder, read_step
from lab.ladder.telling import tell_ladder, tell_step, told
from store import judgements
from store import ladder as kept
from store.errors import NotFound
from store.records import CaseDraft, Variant

Fill = Callable[..., Awaitable[None]]
Read = Callable[[], Awaitable[Ladder]]

OLD, NEW = "n" * 20 + "y" * 10, "y" * 20 + "y" * 10


async def test_a_real_gain_that_pays_is_climbed(fill: Fill, ladder: Read) -> None:
    await fill("bare", OLD, cost=0.0004)
    await fill("context", NEW, cost=0.0121)
    found = await ladder()
    [step] = found.steps
    assert (step.verdict.state, step.verdict.need) == ("CLIMB", None)
    assert found.verdict.state == "CLIMB"
    assert found.verdict.rung == "context"
    assert found.verdict.head == step.verdict.head == "CLIMB from bare to context"
    assert step.verdict.head + step.verdict.rest == step.verdict.sentence
    assert "20 more right in 30 cases" in step.verdict.sentence
    assert "+67 points" in step.verdict.sentence
    # (0.0121 − 0.0004) / (20/30) = 0.01755
    assert "each extra right answer costs $0.0176" in step.verdict.sentence


async def test_a_gain_that_costs_more_than_it_brings_is_not(
    desk: Desk, fill: Fill, ladder: Read
) -> None:
    await fill("bare", OLD, cost=0.0)
    await fill("context", NEW, cost=0.5)
    await desk.database.write(keep_economics, desk.session.id, {"value": 0.5, "volume": 100})
    [step] = (await ladder()).steps
    assert step.verdict.state == "STAY"
    assert "not even a context that is always right would pay" in step.verdict.sentence
    await desk.database.write(keep_economics, desk.session.id, {"value": 0.6})
    [step] = (await ladder()).steps
    # It must bring 0.5/0.6 = 83 points; the interval's upper end is below.
    assert step.verdict.state == "STAY"
    assert "it must bring more than 83 points to pay" in step.verdict.sentence
    await desk.database.write(keep_economics, desk.session.id, {"value": None, "volume": None})
    [step] = (await ladder()).steps
    assert step.verdict.state == "NEED_MORE"  # 50 points pay, and 67 are seen: not settled
    assert step.verdict.need
    assert "context gains more over bare than the 50 points that pay" in step.verdict.sentence


async def test_a_loss_is_stayed_below(fill: Fill, ladder: Read) -> None:
    await fill("bare", NEW)
    await fill("context", OLD)
    found = await ladder()
    assert found.steps[0].verdict.state == "STAY"
    assert found.verdict.rung == "bare"
    assert [flip.gained for flip in found.steps[0].comparison.flips] == [False] * 20


async def test_what_is_not_settled_says_how_many_more(fill: Fill, ladder: Read) -> None:
    await fill("bare", "n" * 6 + "y" * 30)
    await fill("context", "y" * 5 + "n" + "n" * 2 + "y" * 28)
    [step] = (await ladder()).steps
    assert step.verdict.state == "NEED_MORE"
    assert step.verdict.need and step.verdict.need > 10
    assert step.verdict.sentence.startswith(f"NEED {step.verdict.need} MORE cases like these")
    assert "5 gained, 2 lost of 36" in step.verdict.sentence


async def test_an_unknown_price_is_no_price_of_nothing(fill: Fill, ladder: Read) -> None:
    await fill("bare", OLD, cost=None)
    await fill("context", NEW, cost=None)
    [step] = (await ladder()).steps
    assert step.verdict.state == "CLIMB"
    assert step.returns.extra_cost is None
    assert step.returns.chance is None
    assert "its price is unknown, and it pays as long as an answer costs no more than $0.6667" in (
        step.verdict.sentence
    )
    assert "$0 " not in step.verdict.sentence


async def test_a_cheaper_rung_pays_without_a_gain_once_its_worth_is_typed(
    desk: Desk, fill: Fill, ladder: Read
) -> None:
    same = "y" * 60 + "n" * 60
    await fill("context", same, cost=0.5)
    await fill("rag", same, cost=0.1)
    [step] = (await ladder()).steps
    assert step.verdict.state != "CLIMB"  # a margin on assumed values would be made up
    await desk.database.write(keep_economics, desk.session.id, {"value": 1.0, "volume": 400})
    [step] = (await ladder()).steps
    assert step.verdict.state == "CLIMB"
    assert "no loss that matters" in step.verdict.sentence
    assert "each answer costs $0.4000 less" in step.verdict.sentence


async def test_never_from_a_mixture_of_prompts(desk: Desk, fill: Fill, ladder: Read) -> None:
    await fill("bare", OLD, system="Be brief.")
    await fill("context", NEW, system="Be thorough.")
    [step] = (await ladder()).steps
    assert step.verdict.state is None
    assert "different system prompts" in step.verdict.sentence
    await fill("bare", OLD, system="Be thorough.", model="m2")
    wanted = next(variant for variant in await desk.variants() if variant.model == "m2")
    await desk.database.write(kept.pin, desk.session.id, wanted.hash[:10])
    [step] = (await ladder()).steps
    assert step.verdict.state == "CLIMB"
    assert any("The models differ too (m2, m1)" in note for note in step.comparison.notes)


async def test_never_from_other_revisions_of_the_cases(
    desk: Desk, fill: Fill, ladder: Read
) -> None:
    await fill("bare", OLD)
    cases = await desk.cases()
    for case in cases[:25]:
        await desk.revise(case, CaseDraft(f"{case.prompt} In one word?", case.key))
    await fill("context", " " * 25 + "n" * 5)
    found = await ladder()
    [step] = found.steps
    assert step.comparison.difference and step.comparison.difference.n == 5
    assert any("25 answers stand on an older revision" in n for n in step.comparison.notes)
    for case in cases[25:]:
        await desk.revise(case, CaseDraft(f"{case.prompt} In one word?", case.key))
    [step] = (await ladder()).steps
    assert step.verdict.state is None
    assert "no case in common as the cases stand now" in step.verdict.sentence


async def test_never_from_a_judge_that_is_not_trusted(desk: Desk, fill: Fill, ladder: Read) -> None:
    await fill("bare", "?" * 30)
    await fill("context", "?" * 30)
    [step] = (await ladder()).steps
    assert step.verdict.state is None
    assert "label the answers of bare and context" in step.verdict.sentence
    judge = Variant("bare", "custom", "judge-1")
    session = desk.session.id

    def judged(connection):  # type: ignore[no-untyped-def]
        chosen = judgements.choose(connection, session, judge)
        for revision, hashed in connection.execute(
            "SELECT revision_id, answer_hash FROM answers"
        ).fetchall():
            connection.execute(
                "INSERT INTO judgements (session_id, judge_id, revision_id, answer_hash, verdict,"
                " created_at) VALUES (?, ?, ?, ?, 'pass', 0)",
                (session, chosen.id, revision, hashed),
            )

    await desk.database.write(judged)
    [step] = (await ladder()).steps
    assert step.verdict.state is None
    assert "What the judge judge-1 says is not counted." in step.verdict.sentence
    assert "20 more shared labels needed" in step.verdict.sentence


async def test_many_tries_must_show_more(fill: Fill, ladder: Read) -> None:
    old, new = "n" * 9 + "y" * 20, "y" * 8 + "n" + "y" * 20
    await fill("bare", old)
    await fill("context", new)
    [step] = (await ladder()).steps
    assert step.verdict.state == "CLIMB"
    await fill("context", old, model="m2")
    await fill("context", old, model="m3")
    [step] = (await ladder()).steps
    assert step.comparison.tried == 3
    assert step.verdict.state == "NEED_MORE"
    assert "of the 60 that it takes" in step.verdict.sentence
    assert any("3 variants were tried" in note for note in step.comparison.notes)


async def test_a_session_is_good_enough_or_hopeless_by_its_target(
    desk: Desk, fill: Fill, ladder: Read
) -> None:
    await fill("bare", OLD)
    await fill("context", NEW)
    await desk.database.write(keep_economics, desk.session.id, {"target": 0.85})
    found = await ladder()
    assert (found.verdict.state, found.verdict.rung) == ("GOOD_ENOUGH", "context")
    assert "context is right in 100% (89% to 100%, n 30)" in found.verdict.sentence
    await desk.database.write(keep_economics, desk.session.id, {"target": 0.95})
    assert (await ladder()).verdict.state == "CLIMB"


async def test_a_session_whose_rungs_all_stay_under_the_target_stops(
    desk: Desk, fill: Fill, ladder: Read
) -> None:
    await desk.database.write(keep_economics, desk.session.id, {"target": 0.9})
    await fill("bare", "n" * 25 + "y" * 5)
    assert (await ladder()).verdict.state is None  # the first rung alone is no reason to stop
    await fill("context", "n" * 20 + "y" * 10)
    found = await ladder()
    assert found.verdict.state == "STOP"
    assert "no rung reaches the target of 90%" in found.verdict.sentence


async def test_nothing_and_one_rung_say_what_to_do(fill: Fill, ladder: Read) -> None:
    found = await ladder()
    assert (found.verdict.state, found.rungs, found.steps) == (None, (), ())
    assert "litmus run --rung bare" in found.verdict.sentence
    await fill("bare", OLD)
    found = await ladder()
    assert found.verdict.state is None
    assert re.search(r"Only bare has been run: 33% .* run context", found.verdict.sentence)


async def test_epochs_and_partial_verdicts_are_clustered_by_case(fill: Fill, ladder: Read) -> None:
    await fill("bare", "nnnnnnnnnnnn" + "y" * 8, "npnpnpnpnpnp" + "y" * 8)
    await fill("context", "yyyyyyyyyyyy" + "y" * 8, "ypypypypypyy" + "y" * 8)
    [step] = (await ladder()).steps
    found = step.comparison.difference
    assert found and (found.n, found.gained, found.lost) == (20, 12, 0)
    assert found.low < found.delta < found.high
    assert step.verdict.state == "CLIMB"


async def test_a_step_is_found_by_rung_or_by_variant(desk: Desk, fill: Fill) -> None:
    await fill("bare", OLD)
    await fill("bare", NEW, model="m2")
    await fill("rag", NEW)
    step = await tell_step(desk, "bare", "rag")
    assert (step.first, step.second, step.comparison.first.variant.model) == ("bare", "rag", "m2")
    hashes = {v.model: v.hash for v in await desk.variants() if v.rung == "bare"}
    step = await tell_step(desk, hashes["m1"][:8], hashes["m2"][:8])
    assert step.verdict.state == "CLIMB"
    assert step.verdict.head == f"CLIMB from bare {hashes['m1'][:6]} to bare {hashes['m2'][:6]}"
    for wrong in ("context", "xyz", ""):
        with pytest.raises(NotFound, match="rungs run: bare, rag"):
            await desk.database.read(read_step, desk.session, "bare", wrong)
    with pytest.raises(NotFound, match="the same variant"):
        await desk.database.read(read_step, desk.session, "rag", "rag")


async def test_verdicts_are_kept_as_told_once(desk: Desk, fill: Fill) -> None:
    await fill("bare", OLD)
    await fill("context", NEW)
    await tell_ladder(desk)
    await tell_ladder(desk)
    [verdict] = await told(desk)
    assert (verdict.state, verdict.facts["gained"]) == ("CLIMB", 20)
    await desk.database.write(keep_economics, desk.session.id, {"value": 3.0})
    await tell_ladder(desk)
    assert len(await told(desk)) == 2


async def test_a_rung_that_brought_nothing_is_stepped_over(fill: Fill, ladder: Read) -> None:
    """Rag is held against bare, on which one still stands, and not against context."""
    await fill("bare", OLD)
    await fill("context", "n" * 28 + "yy")
    await fill("rag", NEW)
    found = await ladder()
    assert [(step.first, step.second, step.verdict.state) for step in found.steps] == [
        ("bare", "context", "STAY"),
        ("context", "rag", "CLIMB"),
        ("bare", "rag", "CLIMB"),
    ]
    assert (found.verdict.state, found.verdict.rung) == ("CLIMB", "rag")
    assert "20 more right in 30 cases" in found.verdict.sentence
