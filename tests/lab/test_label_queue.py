"""A sitting at the label queue: its order, its second looks, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from lab.desk import Desk
from lab.labels.queue import LabelQueue
from lab.labels.second_looks import APART, EVERY
from store import runs, sessions
from store.records import Assertion, CaseDraft, Evidence, Expectation, Variant, Verdict

VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "partial")
STANDING = "SELECT count(*) FROM standing_labels"
Fill = Callable[..., Awaitable[None]]
Open = Callable[..., Awaitable[LabelQueue]]


@pytest.fixture
def fill(desk: Desk) -> Fill:
    """Store cases with an answer by each of these models."""

    async def filled(cases: int, models: Sequence[str] = ("large",), expect: str = "") -> None:
        checks = (Assertion("contains", expect),) if expect else ()
        drafts = [CaseDraft(f"q{n}", expectation=Expectation("", checks)) for n in range(cases)]
        await desk.add_cases(drafts)
        known = await desk.cases()
        for model in models:
            variant = await desk.database.write(runs.keep_variant, Variant("bare", "openai", model))
            run = await desk.database.write(runs.start, desk.session.id, variant.id, "b")
            for case in known[-cases:]:
                asked = await desk.database.write(
                    runs.ask,
                    run_id=run,
                    variant_id=variant.id,
                    case_id=case.id,
                    revision_id=case.revision_id,
                    epoch=1,
                    attempt=1,
                    owner="o",
                    sent_hash="s",
                )
                end = runs.Finish(
                    "done", f"{model} on {case.prompt}", grade="pass" if checks else None
                )
                await desk.database.write(runs.finish, asked, end)

    return filled


@pytest.fixture
def open_queue(desk: Desk) -> Open:
    """Begin a sitting, as after a new start of the program."""

    async def opened(**settings: object) -> LabelQueue:
        session = await desk.database.read(sessions.get, desk.session.id)
        queue = LabelQueue(await Desk.open(desk.engine, session), **settings)
        await queue.open()
        return queue

    return opened


def shown(queue: LabelQueue) -> str:
    return queue.shown.item.answer.text if queue.shown else ""


async def walk(queue: LabelQueue) -> list[str]:
    """Pass over everything; return the texts in their order."""
    texts: list[str] = []
    while queue.shown:
        texts.append(shown(queue))
        await queue.skip()
    return texts


def rows(desk: Desk, query: str) -> list[tuple[int, ...]]:
    return desk.database.read_now(lambda connection: connection.execute(query).fetchall())


async def test_the_order_is_shuffled_and_the_same_in_every_sitting(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(20, ("large", "small"))
    first = await walk(await open_queue())
    assert len(set(first)) == 40
    stored = [f"{model} on q{n}" for model in ("large", "small") for n in range(20)]
    assert first != stored and first != sorted(first) and sorted(first) == sorted(stored)
    queue = await open_queue()
    for expected in first[:5]:
        assert shown(queue) == expected
        await queue.judge("pass")
    assert await walk(await open_queue()) == first[5:]
    desk.state["queue"] = {}
    await desk.save()
    again = await walk(await open_queue())
    assert sorted(again) == sorted(first[5:]) and again != first[5:]


async def test_twenty_verdicts_are_twenty_labels_and_twenty_undos_give_the_start(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(20)
    queue = await open_queue()
    start, progress = shown(queue), queue.progress
    assert (progress.at, progress.total) == (1, 22)  # two second looks will come
    for number in range(20):
        assert queue.shown and queue.shown.is_new
        await queue.judge(VERDICTS[number % 3])
        if number % 3 == 1:
            await queue.give_reason("m")
    assert rows(desk, STANDING) == [(20,)]
    assert queue.shown and queue.shown.looked_at
    for _ in range(20):
        assert await queue.undo()
    assert rows(desk, STANDING) == [(0,)]
    assert (shown(queue), queue.progress.at, queue.progress.total) == (start, 1, 22)
    assert not await queue.undo()
    assert len(await walk(queue)) == 20


async def test_one_in_ten_comes_again_unannounced_and_never_soon(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(60)
    queue = await open_queue()
    total = queue.progress.total
    seen: list[str] = []
    looks: list[int] = []
    while queue.shown:
        assert (queue.progress.at, queue.progress.total) == (len(seen) + 1, total)
        if queue.shown.looked_at:
            looks.append(len(seen))
            before = seen.index(shown(queue))
            assert len(seen) - before > APART
        seen.append(shown(queue))
        await queue.judge("pass" if len(seen) % 4 else "fail")
    assert len(seen) == total == 60 + 60 // EVERY
    assert looks[0] == 20 and looks[-1] == len(seen) - 1
    assert all(b - a > EVERY for a, b in pairwise(looks[:-1]))
    assert rows(desk, STANDING) == [(60,)]
    assert rows(desk, "SELECT count(*) FROM second_looks") == [(6,)]
    sitting = await queue.sitting()
    assert sitting.own.n == 6 and sitting.verdicts == {"pass": 50, "fail": 16}


async def test_two_verdicts_that_differ_are_measured_and_can_be_settled(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(10)
    queue = await open_queue()
    for _ in range(10):
        await queue.judge("pass")
    assert queue.shown and queue.shown.looked_at
    again = shown(queue)
    await queue.judge("fail")
    await queue.give_reason("f")
    assert queue.shown is None
    sitting = await queue.sitting()
    assert (sitting.own.n, sitting.own.observed, sitting.differing) == (1, 0.0, 1)
    assert rows(desk, "SELECT verdict, reason FROM second_looks") == [("fail", "f")]
    await queue.settle()
    assert queue.shown and queue.shown.differing == ("pass", "fail") and shown(queue) == again
    await queue.judge("fail")
    sitting = await queue.sitting()
    assert (sitting.own.observed, sitting.differing) == (0.0, 0)
    assert rows(desk, "SELECT count(*) FROM standing_labels WHERE verdict = 'fail'") == [(1,)]
    assert await queue.undo() and queue.shown and queue.shown.differing == ("pass", "fail")
    assert (await queue.sitting()).differing == 1


async def test_undo_takes_a_second_look_back_in_its_turn(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(10)
    queue = await open_queue()
    for _ in range(10):
        await queue.judge("pass")
    again = queue.shown
    await queue.judge("fail")
    assert await queue.undo() and queue.shown == again
    assert rows(desk, "SELECT count(*) FROM second_looks") == [(0,)]
    await queue.judge("pass")
    next_sitting = await open_queue()
    for left in (10, 9, 8):
        assert await next_sitting.undo()
        assert rows(desk, STANDING) == [(left,)]
    assert rows(desk, "SELECT count(*) FROM second_looks") == [(0,)]


async def test_a_bad_case_leaves_the_queue_and_comes_back(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(6, ("large", "small"))
    queue = await open_queue()
    before = queue.progress.total
    assert queue.shown
    case, text = queue.shown.item.case, shown(queue)
    await queue.judge("fail")
    while queue.shown and queue.shown.item.case.id != case.id:
        await queue.skip()
    await queue.repair()
    marked = await desk.case(case.id)
    assert marked.draft.tags == ("repair",) and marked.number == 2
    left = await walk(queue)
    assert not any(entry.endswith(f"on {case.prompt}") for entry in left)
    for _ in left:
        await queue.undo()
    assert await queue.undo()
    assert (await desk.case(case.id)).draft.tags == ()
    assert queue.shown and queue.shown.item.case.number == 3
    assert queue.shown.item.case.id == case.id
    while rows(desk, STANDING) != [(0,)]:
        assert await queue.undo()
    assert (shown(queue), queue.progress.total) == (text, before)


async def test_what_is_skipped_waits_for_another_round(fill: Fill, open_queue: Open) -> None:
    await fill(4)
    queue = await open_queue()
    first = shown(queue)
    await queue.skip()
    assert await queue.undo() and shown(queue) == first
    order = await walk(queue)
    assert (await queue.sitting()).skipped == 4
    await queue.bring_skipped()
    assert await walk(queue) == order


async def test_what_the_checks_graded_comes_on_request(fill: Fill, open_queue: Open) -> None:
    await fill(3, expect="large")
    await fill(1)
    queue = await open_queue()
    assert shown(queue).endswith("q0") and queue.progress.total == 1
    await queue.judge("pass")
    assert (await queue.sitting()).graded == 3
    await queue.set_with_graded(True)
    assert queue.progress.total == 1 + 3
    again = await open_queue()
    assert again.with_graded and again.progress.total == 3


async def test_answers_that_come_meanwhile_are_taken_in_at_the_end(
    fill: Fill, open_queue: Open
) -> None:
    await fill(1)
    queue = await open_queue()
    await fill(2)
    for _ in range(3):
        assert queue.shown
        await queue.judge("pass")
    assert queue.shown is None


async def test_a_note_waits_for_its_verdict_also_over_the_end(
    desk: Desk, fill: Fill, open_queue: Open
) -> None:
    await fill(2)
    queue = await open_queue()
    await queue.set_note("look at the year")
    queue = await open_queue()
    assert queue.note == "look at the year"
    await queue.judge("partial")
    await queue.give_reason("m")
    assert queue.note == ""
    await queue.judge("pass")
    noted = "SELECT verdict, reason, note FROM standing_labels ORDER BY id"
    assert rows(desk, noted) == [("partial", "m", "look at the year"), ("pass", "", "")]
    assert await queue.undo() and await queue.undo()
    assert queue.note == "look at the year"


async def test_the_time_left_is_at_the_persons_own_pace(fill: Fill, open_queue: Open) -> None:
    await fill(8)
    now = [0.0]
    queue = await open_queue(clock=lambda: now[0])
    for seconds in (10.0, 20.0, 3600.0):
        assert queue.progress.seconds is None
        now[0] += seconds
        await queue.judge("pass")
    assert queue.progress.seconds == 5 * 20.0


# -- Only what settles a step -----------------------------------------------------------


@pytest.fixture
async def wanted(desk: Desk, fill: Fill) -> list[int]:
    """Five of thirty answers, in an order of their own, by their ids."""
    await fill(30)
    ids = [row[0] for row in rows(desk, "SELECT id FROM answers ORDER BY id")]
    return [ids[place] for place in (20, 3, 11, 29, 7)]


async def test_wanted_answers_come_alone_in_their_order_and_once(
    desk: Desk, wanted: list[int], open_queue: Open
) -> None:
    queue = await open_queue(wanted=wanted)
    seen: list[int] = []
    while queue.shown:
        assert (queue.progress.at, queue.progress.total) == (len(seen) + 1, 5)
        seen.append(queue.shown.item.answer.id)
        await queue.judge("pass")
    assert seen == wanted
    found = await queue.sitting()
    assert (found.settling, found.waiting, found.graded) == (True, 0, 0)
    assert (await open_queue(wanted=wanted)).shown is None
    assert len(await walk(await open_queue())) == 25


async def test_labels_that_came_by_another_way_are_not_asked_for(
    desk: Desk, wanted: list[int], open_queue: Open
) -> None:
    queue = await open_queue(wanted=wanted)
    for answer_id in wanted[3:]:
        await desk.label(await desk.database.read(runs.get, answer_id), "fail")
    assert len(await walk(queue)) == 3
    assert (await open_queue(wanted=wanted)).progress.total == 3


async def test_skip_undo_and_repair_keep_the_wanted_order(
    desk: Desk, wanted: list[int], open_queue: Open
) -> None:
    queue = await open_queue(wanted=wanted)
    texts = [(await desk.database.read(runs.get, each)).text for each in wanted]
    await queue.skip()
    await queue.judge("fail")
    await queue.repair()
    assert (shown(queue), queue.progress.total) == (texts[3], 5)
    # The case and its answers are other revisions by now, and still the ones that are wanted.
    assert await queue.undo()
    assert (shown(queue), queue.progress.at) == (texts[2], 3)
    assert await queue.undo()
    assert shown(queue) == texts[1]
    assert await queue.undo()
    assert [shown(queue), *(await walk(queue))[1:]] == texts
    await queue.bring_skipped()
    assert await walk(queue) == texts


async def test_evidence_that_is_picked_for_a_wanted_answer_keeps_the_others(
    desk: Desk, wanted: list[int], open_queue: Open
) -> None:
    queue = await open_queue(wanted=wanted)
    assert queue.shown
    case = queue.shown.item.case
    draft = replace(case.draft, evidence=(Evidence("a.txt", quote="here"),))
    await queue.follow(await desk.revise(case, draft))
    assert (shown(queue), queue.progress.total) == (f"large on {case.draft.prompt}", 5)
    await queue.judge("pass")
    assert (queue.progress.at, queue.progress.total) == (2, 5)
    assert len(await walk(queue)) == 4
