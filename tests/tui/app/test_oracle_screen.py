"""Why the rung rag fails: what is known of it, and asking with the evidence pasted in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.desk import Desk
from store import runs, sessions
from store.library_records import Retrieval
from store.records import Assertion, CaseDraft, Evidence, Expectation, Variant
from tui.screens.ladder.screen import LadderScreen
from tui.screens.oracle import OracleScreen

HANDBOOK = "Parcels: until noon.\n\nBoats: the ferry to Vantry leaves at seven.\n"


def case(key: str, expect: str, quote: str = "") -> CaseDraft:
    evidence = (Evidence("handbook.md", quote=quote),) if quote else ()
    expectation = Expectation("", (Assertion("contains", expect),))
    return CaseDraft(f"The question {key}?", key, expectation, evidence=evidence)


CASES = [case("boat", "seven", "leaves at seven"), case("parcel", "noon"), case("good", "yes")]


async def go(person) -> OracleScreen:
    await person.press("f4")
    await person.until(lambda: isinstance(person.app.screen, LadderScreen))
    await person.until(lambda: person.app.screen.ladder)
    await person.press("o")
    await person.until(lambda: isinstance(person.app.screen, OracleScreen))
    return person.app.screen


@pytest.fixture
def failed(engine, server, tmp_path):
    """Store what the rung rag made of the cases: nothing of use came from the store."""

    async def store(desk: Desk) -> None:
        write = desk.database.write
        variant = Variant(
            "rag",
            "custom",
            "fixture-large",
            server.base_url,
            documents=(("handbook.md", "0" * 64),),
            retrieval=Retrieval(mode="keyword", k=1),
        )
        variant = await write(runs.keep_variant, variant)
        run = await write(runs.start, desk.session.id, variant.id, "b")
        for each in await desk.cases():
            asked = await write(
                runs.ask,
                run_id=run,
                variant_id=variant.id,
                case_id=each.id,
                revision_id=each.revision_id,
                epoch=1,
                attempt=1,
                owner="o",
                sent_hash="s",
            )
            good = each.key == "good"
            end = runs.Finish("done", f"{good} {each.key}", grade="pass" if good else "fail")
            await write(runs.finish, asked, end)

    return store


async def test_failures_with_evidence_are_asked_again(open_bench, server, failed, tmp_path):
    server.reply = lambda body: next(
        (m["content"] for m in body["messages"] if m["role"] == "system"), "nothing"
    )
    path = tmp_path / "handbook.md"
    path.write_text(HANDBOOK)
    async with open_bench(*CASES) as person:
        await person.paste(str(path))
        await person.until(lambda: person.bench.desk.documents)
        await failed(person.bench.desk)
        await go(person)
        await person.until_seen("2 answers wrong or partly right", "1  not told yet", "boat")
        await person.until_seen("1  no evidence known", "parcel", "enter asks")
        await person.press("enter")
        await person.until_seen("1  not retrieved", "Now 33% right", "at best 67% right")
        await person.press("enter")
        await person.until_seen("All of them have been asked")
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))
        # What the oracle answered stands on no rung.
        assert [facts.rung for facts in person.app.screen.ladder.rungs] == ["rag"]


async def test_without_evidence_one_sentence_says_what_is_lacking(open_bench, failed):
    async with open_bench(case("parcel", "noon")) as person:
        await failed(person.bench.desk)
        await go(person)
        await person.until_seen("No failure names evidence")
        await person.press("enter")
        assert "Starting" not in person.text
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))


async def test_imported_answers_cannot_be_asked_again(open_bench, fill, engine, tmp_path):
    await fill("rag", "ny")
    session = engine.database.read_now(sessions.named, "work")
    desk = await Desk.open(engine, session)
    first = (await desk.cases())[0]
    path = tmp_path / "handbook.md"
    path.write_text(HANDBOOK)
    async with open_bench() as person:
        await person.paste(str(path))
        await person.until(lambda: person.bench.desk.documents)
        evidence = (Evidence("handbook.md", quote="leaves at seven"),)
        await desk.revise(first, replace(first.draft, evidence=evidence))
        await go(person)
        await person.until_seen("enter asks")
        await person.press("enter")
        await person.until_seen("were imported")


async def test_the_key_is_there_only_where_the_rung_was_run(open_bench, fill):
    await fill("bare", "ny")
    async with open_bench() as person:
        await person.press("f4")
        await person.until(lambda: isinstance(person.app.screen, LadderScreen))
        await person.until(lambda: person.app.screen.ladder)
        await person.press("o")
        assert isinstance(person.app.screen, LadderScreen)
