"""Oracle context: failures asked again with the evidence, and why each failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.ladder.ceiling import ceiling_text, oracle_ceiling
from lab.ladder.standing import chosen
from lab.ladder.telling import tell_ladder
from lab.rag.evidence import add_evidence
from lab.rag.oracle import REACH, ask, diagnose, evidence_passages, oracle_of, rag_variant
from lab.setup import Setup
from store import checks
from store.errors import NotFound
from store.library_records import Retrieval
from store.records import Assertion, CaseDraft, Evidence, Expectation

HANDBOOK = """\
Parcels: the Brint office takes parcels until noon.

Letters: the Quoll office takes letters until three.

Keys: a lost key is told to the warden.

Boats: the ferry to Vantry leaves at seven."""


def case(key: str, prompt: str, expect: str, quote: str = "") -> CaseDraft:
    evidence = (Evidence("handbook.md", quote=quote),) if quote else ()
    expectation = Expectation("", (Assertion("contains", expect),))
    return CaseDraft(prompt, key, expectation, evidence=evidence)


CASES = [
    case("right", "Until when does Brint take parcels?", "noon", "until noon"),
    # None of the question's words stands in the chunk with the evidence.
    case(
        "missed", "At what hour is departure over water with parcels?", "seven", "leaves at seven"
    ),
    # The chunk is found, and the model gets it wrong all the same.
    case("stubborn", "Who at the office is told of a lost key?", "porter", "told to the warden"),
    case("unknown", "Which office takes letters?", "Brint"),
    case("lost", "What takes letters at Quoll?", "Brint", "until four"),
]


def reply(body: dict) -> str:
    """Answer with all that the model was given, as one who reads and does not think."""
    return next((m["content"] for m in body["messages"] if m["role"] == "system"), "nothing")


@pytest.fixture
async def rag(desk, server, read, shelve):
    """A session whose rung rag was run on the handbook: returns its variant."""
    server.reply = reply
    await shelve(await read("handbook.md", HANDBOOK))
    await desk.add_cases(CASES)
    desk.setup = replace(desk.setup, rung="rag", retrieval=Retrieval(mode="keyword", k=1))
    return await asked(desk, desk.variant())


async def asked(desk, variant):
    """Ask a variant every test case and return it as it is stored."""
    running = await desk.ask(await desk.cases_to_ask(), variant)
    async for _ in running.events():
        pass
    return running.variant


async def consult(desk, variant):
    """Ask the oracle what is missing; return the prompts that were sent, and what is known."""
    running = await ask(desk, variant)
    if running is not None:
        async for _ in running.events():
            pass
    return (running.total if running else 0), await diagnose(desk, variant)


async def test_failures_are_split_by_why(desk, server, rag):
    before = await diagnose(desk, rag)
    assert {f.case.key: f.why for f in before.failures} == {
        "missed": "waiting",
        "stubborn": "still_wrong",
        "unknown": "no_evidence",
        "lost": "no_evidence",
    }
    server.requests.clear()
    asked_again, found = await consult(desk, rag)
    assert asked_again == len(server.chats) == 2
    assert {f.case.key: (f.why, f.verdict, f.found, f.oracle) for f in found.failures} == {
        "missed": ("not_retrieved", "fail", 0.0, "pass"),
        "stubborn": ("still_wrong", "fail", 1.0, "fail"),
        "unknown": ("no_evidence", "fail", None, None),
        "lost": ("no_evidence", "fail", None, None),
    }
    assert [item.case.key for item in found.unplaced] == ["lost"]
    # One of five is right; with the evidence a second would be.
    assert (found.rate.rate, found.ceiling.rate) == (0.2, 0.4)
    assert before.ceiling == before.rate == found.rate


async def test_the_oracle_is_given_the_evidence_and_nothing_else(desk, server, rag):
    server.requests.clear()
    await consult(desk, rag)
    [system] = [
        body["messages"][0]["content"]
        for body in server.chats
        if "departure" in body["messages"][-1]["content"]
    ]
    assert "Boats: the ferry to Vantry leaves at seven." in system
    assert "[1] handbook.md, page 1" in system
    assert "Brint" not in system
    missed = next(c for c in await desk.cases() if c.key == "missed")
    stored = await desk.stored_variant(oracle_of(rag))
    assert (await desk.sent(missed, stored))[0]["content"] == system
    [passage] = await desk.passages(await desk.answer(missed, stored))
    assert passage.text == "Boats: the ferry to Vantry leaves at seven."


async def test_the_ladder_tells_the_ceiling_once_the_oracle_was_asked(desk, rag):
    async def told():
        return await oracle_ceiling(desk, await tell_ladder(desk))

    assert await told() is None
    _, found = await consult(desk, rag)
    assert await told() == found.ceiling
    assert "right in 40% at best" in ceiling_text(found.ceiling)


async def test_the_oracle_stands_on_no_rung(desk, rag):
    before = await desk.standings()
    await consult(desk, rag)
    assert await desk.standings() == before
    assert chosen(before)["rag"].variant.hash == rag.hash
    assert await desk.variants() == [rag]
    assert (await rag_variant(desk)).id == rag.id
    assert desk.variant().hash == rag.hash
    # Its answers are kept all the same.
    seen = await desk.database.read(checks.seen, desk.session.id)
    assert len({item.variant_id for item in seen}) == 2
    # A session without a set-up takes that of the rung, not of the oracle.
    desk.session.state.pop("setup", None)
    reopened = await type(desk).open(desk.engine, desk.session)
    assert reopened.setup == Setup.of(rag)


async def test_what_was_asked_is_asked_again_only_for_other_evidence(desk, server, rag):
    await consult(desk, rag)
    assert (await consult(desk, rag))[0] == 0

    # Another way to search shares the answers.
    other = await asked(desk, replace(rag, id=0, retrieval=Retrieval(mode="keyword", k=2)))
    assert (await consult(desk, other))[0] == 0

    [missed] = [c for c in await desk.cases() if c.key == "missed"]
    [handbook] = desk.documents
    at = HANDBOOK.index("Quoll")
    await add_evidence(desk, missed, handbook, at, at + 5)
    before = await diagnose(desk, rag)
    [again] = [f for f in before.failures if f.case.key == "missed"]
    assert (again.why, again.oracle) == ("waiting", None)
    count, found = await consult(desk, rag)
    assert count == 1
    assert next(f for f in found.failures if f.case.key == "missed").why == "not_retrieved"


async def test_a_label_on_the_oracles_answer_counts(desk, rag):
    two = await asked(desk, replace(rag, id=0, retrieval=Retrieval(mode="keyword", k=2)))
    _, found = await consult(desk, two)
    [stubborn] = [f for f in found.failures if f.case.key == "stubborn"]
    oracle = await desk.stored_variant(oracle_of(two))
    await desk.label(await desk.answer(stubborn.case, oracle), "pass")

    found = await diagnose(desk, two)
    [stubborn] = [f for f in found.failures if f.case.key == "stubborn"]
    # It was retrieved, and still wrong among what else was sent.
    assert (stubborn.why, stubborn.found, stubborn.oracle) == ("still_wrong", 1.0, "pass")
    assert found.ceiling.rate == pytest.approx(found.rate.rate + 0.4)
    # The rung said the very same with one chunk, so that the label is its answer's too.
    assert "stubborn" not in [f.case.key for f in (await diagnose(desk, rag)).failures]


async def test_without_a_run_there_is_nothing_to_explain(desk):
    with pytest.raises(NotFound, match="litmus run --rung rag"):
        await rag_variant(desk)


async def test_evidence_comes_with_its_paragraph_up_to_a_length(desk, read):
    long = "lead " * 300 + "the answer is Vantry " + "tail " * 300
    await read("long.md", long)
    await read("short.md", "One.\n\nTwo is here.\n\nThree.")
    [passage] = await evidence_passages(
        desk, CaseDraft("?", evidence=(Evidence("long.md", quote="Vantry"),))
    )
    assert passage.text.split()[0] == "lead" and passage.text.split()[-1] == "tail"
    assert "answer is Vantry" in passage.text
    assert REACH < len(passage.text) <= 2 * REACH + len("Vantry")
    near = CaseDraft(
        "?",
        evidence=(
            Evidence("short.md", quote="here"),
            Evidence("short.md", quote="Two"),
            Evidence("short.md", quote="Three"),
        ),
    )
    assert [p.text for p in await evidence_passages(desk, near)] == ["Two is here.", "Three."]
    assert [p.number for p in await evidence_passages(desk, near)] == [1, 2]
