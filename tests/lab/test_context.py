"""The context rung: which documents a case is sent, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer
from lab import attaching, context
from lab.context import Part, Place, is_empty, parts, places
from lab.desk import Desk
from lab.editing.difference import difference
from lab.editing.revising import revise
from lab.events import Answered, Event, Failed
from lab.failures import AskError
from lab.fitting import Fill, Gauge
from lab.imports.benchmark import Import
from lab.intake import take_back
from lab.interop import formats
from lab.interop.source import Wishes
from lab.setup import Setup
from store import sessions
from store.reading import ReadDocument
from store.records import Case, CaseDocument, CaseDraft, Document, Variant

Put = Callable[..., Awaitable[Document]]
Add = Callable[..., Awaitable[list[Case]]]
Make = Callable[..., Variant]
Ask = Callable[..., Awaitable[list[Event]]]

PAGES = ("The gate is green.", "The well is deep.", "The mill is old.")


@pytest.fixture
def put(desk: Desk) -> Put:
    """Put a document of these pages into the session, and its context."""

    async def made(name: str, *texts: str, attach: bool = True) -> Document:
        starts = [sum(len(text) + 1 for text in texts[:n]) for n in range(len(texts))]
        text = "\f".join(texts)
        sha256 = f"{name}-{hash(text) & 0xFFFF:x}"
        path = f"/docs/{name}"
        read = ReadDocument(name, path, sha256, "text/plain", len(text), text, tuple(starts))
        return await desk.add_document(read, attach=attach)

    return made


@pytest.fixture
def ask(desk: Desk, variant: Make) -> Ask:
    """Ask cases on a rung (context where none is named), and return every event."""

    async def ran(cases: Sequence[Case], rung: str = "context", **plan: Any) -> list[Event]:
        asking = await desk.ask(cases, variant(rung=rung), **plan)
        return [event async for event in asking.events()]

    return ran


def sent(server: FixtureServer) -> dict[str, str]:
    """Return the system message that was sent with each question; empty for none."""
    found: dict[str, str] = {}
    for chat in server.chats:
        *before, question = chat["messages"]
        found[question["content"]] = before[0]["content"] if before else ""
    return found


def a_case(*said: CaseDocument) -> CaseDraft:
    return CaseDraft("What?", documents=said)


def own(document: Document, *, used: bool = True, pages: str = "") -> CaseDocument:
    return CaseDocument(document.name, document.sha256, used, pages)


# -- which documents ------------------------------------------------------------------


GIVEN = Variant("context", "custom", "m", documents=(("a", "A"), ("b", "B", "2-3")))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), [Part("a", "A"), Part("b", "B", "2-3")]),
        ((CaseDocument("a", "A", False),), [Part("b", "B", "2-3")]),
        ((CaseDocument("z", "Z", False),), [Part("a", "A"), Part("b", "B", "2-3")]),
        (
            (CaseDocument("c", "C", True, "1"), CaseDocument("a", "A", True, "4")),
            [Part("a", "A", "4"), Part("b", "B", "2-3"), Part("c", "C", "1")],
        ),
    ],
)
def test_a_case_has_the_sessions_documents_with_its_own_changes(said, expected):
    assert list(parts(GIVEN, a_case(*said))) == expected
    for other in (replace(GIVEN, rung="rag"), replace(GIVEN, provider="imported")):
        assert parts(other, a_case(*said)) == ()


async def test_places_tell_where_each_document_stands(desk: Desk, put: Put):
    one, two, off = await put("one", "1"), await put("two", "2"), await put("off", "3")
    await desk.attach(off.id, False)
    alone = await put("alone", "4", attach=False)
    case = a_case(own(two, used=False), own(alone), CaseDocument("gone", "G"))
    found = [
        (place.part.name, place.inside, place.own, place.document is not None)
        for place in places(desk.documents, case)
    ]
    assert found == [
        ("one", True, False, True),
        ("two", False, True, True),
        ("alone", True, True, True),
        ("gone", True, True, False),
        ("off", False, False, True),
    ]
    assert [p.part.name for p in places(desk.documents, None) if p.inside] == ["one", "two"]
    assert one.attached == 0


async def test_turning_a_document_for_a_case_and_back_leaves_the_case_as_it_was(
    desk: Desk, put: Put
):
    inside, outside = await put("in", *PAGES), await put("out", *PAGES, attach=False)
    await attaching.choose_pages(desk, inside, "2")
    draft = a_case()
    for document in (inside, outside):
        for expected in (document is outside, document is inside):
            [place] = [
                each
                for each in places(desk.documents, draft)
                if each.document and each.document.id == document.id
            ]
            draft = attaching.turned(draft, place)
            [now] = [
                each.inside
                for each in places(desk.documents, draft)
                if each.document and each.document.id == document.id
            ]
            assert now is expected
    assert draft == a_case()
    gone = Place(Part("gone", "G"), inside=True, own=True)
    assert attaching.turned(a_case(CaseDocument("gone", "G")), gone) == a_case()


async def test_pages_of_a_case_that_are_the_sessions_need_no_word(desk: Desk, put: Put):
    document = await put("in", *PAGES)
    draft = attaching.with_document(a_case(), document, "1-2")
    assert draft.documents == (own(document, pages="1-2"),)
    assert attaching.with_document(draft, document, "all") == a_case()
    assert context.leave_out(draft, document).documents == (own(document, used=False),)


# -- what is sent ---------------------------------------------------------------------


async def test_exactly_what_each_case_is_sent(
    desk: Desk, server: FixtureServer, put: Put, variant: Make, ask: Ask
):
    town = await put("town.pdf", *PAGES)
    note = await put("note.md", "Notice is three months.")
    extra = await put("extra.md", "The cook is Ann.", attach=False)
    await attaching.choose_pages(desk, town, "1,3")
    await attaching.order(desk, [note])
    await desk.add_cases(
        [
            CaseDraft("as all"),
            CaseDraft("more", documents=(own(extra),)),
            CaseDraft("less", documents=(own(note, used=False),)),
            CaseDraft("other pages", documents=(own(town, pages="2"),)),
            CaseDraft("none", documents=(own(town, used=False), own(note, used=False))),
        ]
    )
    cases = await desk.cases()
    await ask(cases)
    told = "Document: note.md\n\nNotice is three months."
    gate = (
        "Document: town.pdf, pages 1,3 of 3\n\n"
        "--- page 1 ---\nThe gate is green.\n\n--- page 3 ---\nThe mill is old."
    )
    assert sent(server) == {
        "as all": f"{told}\n\n{gate}",
        "more": f"{told}\n\n{gate}\n\nDocument: extra.md\n\nThe cook is Ann.",
        "less": gate,
        "other pages": f"{told}\n\nDocument: town.pdf, page 2 of 3\n\n"
        "--- page 2 ---\nThe well is deep.",
        "none": "",
    }
    under = variant(rung="context")
    assert under.documents == (("note.md", note.sha256), ("town.pdf", town.sha256, "1,3"))
    shown = {case.prompt: await desk.sent(case, under) for case in cases}
    assert [chat["messages"] for chat in server.chats] == [
        shown[chat["messages"][-1]["content"]] for chat in server.chats
    ]
    assert await desk.sent(cases[1], variant(rung="bare")) == [{"role": "user", "content": "more"}]


async def test_a_whole_document_names_its_pages_too(desk: Desk, put: Put, variant: Make, add: Add):
    await put("town.pdf", *PAGES)
    [system, _] = await desk.sent((await add("What?"))[0], variant(rung="context"))
    assert system["content"].startswith("Document: town.pdf\n\n--- page 1 ---\nThe gate is green.")


async def test_a_case_with_the_only_document_is_something_to_ask(
    desk: Desk, put: Put, variant: Make
):
    document = await put("a", "text", attach=False)
    await desk.add_cases([CaseDraft("bare"), CaseDraft("own", documents=(own(document),))])
    bare, with_one = await desk.cases()
    assert is_empty(variant(rung="context"), [bare])
    assert not is_empty(variant(rung="context"), [bare, with_one])
    assert not is_empty(variant(rung="bare"), [bare])


# -- a change is a new revision -------------------------------------------------------


async def test_answers_given_with_other_documents_are_not_carried_over(
    desk: Desk, put: Put, add: Add, variant: Make, ask: Ask
):
    document = await put("a.md", "text")
    [case] = await add("What?", expect="What")
    for rung in ("bare", "context"):
        await ask([case], rung)
    out = await revise(desk.database, case, context.leave_out(case.draft, document))
    assert out.sentence == (
        "Saved as revision 2. 1 answer given with the documents before now stands on an older "
        "revision, and out of the rates."
    )
    held = {
        rung: await desk.answer(out.case, await desk.stored_variant(variant(rung=rung)))
        for rung in ("bare", "context")
    }
    assert held["context"] is None
    assert held["bare"] is not None and held["bare"].grade == "pass"
    [section] = difference(case.draft, out.case.draft)
    assert (section.name, section.lines[0].text) == ("Documents", "without a.md")

    back = await revise(desk.database, out.case, case.draft)
    assert back.sentence == "Saved as revision 3. 1 answer counts again."
    again = await desk.answer(back.case, await desk.stored_variant(variant(rung="context")))
    assert again is not None and again.grade == "pass"
    assert [event for event in await ask([back.case]) if isinstance(event, Answered)] == []


async def test_a_new_version_of_a_file_takes_the_old_ones_place_in_the_cases(
    desk: Desk, put: Put, add: Add
):
    old = await put("a.pdf", *PAGES)
    [case] = await add("What?")
    case = await desk.revise(case, context.use(case.draft, old, "2"))
    new = await put("a.pdf", *PAGES[:2], "The mill is new.")
    assert (await desk.case(case.id)).draft.documents == (own(new, pages="2"),)
    shorter = await put("a.pdf", "All is gone.")
    assert (await desk.case(case.id)).draft.documents == (own(shorter),)
    await take_back(desk, [shorter.id])
    assert (await desk.case(case.id)).draft.documents == (own(new),)


# -- whether it fits ------------------------------------------------------------------


@pytest.fixture
def narrow(server: FixtureServer) -> FixtureServer:
    """A server whose model has a window of 100 tokens."""
    server.models = [{"id": "fixture-large", "max_model_len": 100}]
    return server


async def test_a_run_of_which_nothing_fits_is_refused_before_it_begins(
    desk: Desk, narrow: FixtureServer, put: Put, add: Add, ask: Ask
):
    await put("small.md", "A few words.")
    await put("long.md", "many words in a row " * 60)
    cases = await add("one", "two, which is longer")
    with pytest.raises(AskError) as caught:
        await ask(cases)
    assert str(caught.value).startswith(
        "None of the 2 cases fits, so none was asked: the shortest prompt has about "
    )
    assert "and long.md alone is about 2" in str(caught.value)
    assert narrow.chats == []
    assert await desk.database.read(_count, "runs") == 0
    with pytest.raises(AskError, match=r"^The prompt has about \d+ tokens"):
        await ask(cases[:1])


async def test_only_the_cases_that_do_not_fit_are_refused_where_one_does(
    desk: Desk, narrow: FixtureServer, put: Put, add: Add, ask: Ask
):
    document = await put("long.pdf", "many words in a row " * 60, "A few words.")
    cases = await add("whole", "page")
    cases[1] = await desk.revise(cases[1], context.use(cases[1].draft, document, "2"))
    events = await ask(cases)
    [failed] = [event for event in events if isinstance(event, Failed)]
    assert failed.answer.case_id == cases[0].id and "long.pdf alone is about" in failed.error
    assert list(sent(narrow)) == ["page"]


async def test_what_is_there_already_is_not_looked_at(
    desk: Desk, server: FixtureServer, put: Put, add: Add, ask: Ask
):
    await put("long.md", "many words in a row " * 60)
    cases = await add("one")
    await ask(cases)
    desk.engine._windows = dict.fromkeys(desk.engine._windows, 100)
    assert [type(event).__name__ for event in await ask(cases)] == ["RunStarted", "RunFinished"]


def _count(connection: Any, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.mark.parametrize(
    ("sent_tokens", "exact", "window", "fit"),
    [
        (100, True, None, "unknown"),
        (80, True, 100, "fits"),
        (95, True, 100, "tight"),
        (101, True, 100, "too long"),
        (101, False, 100, "doubtful"),
        (126, False, 100, "too long"),
    ],
)
def test_how_it_fits(sent_tokens, exact, window, fit):
    fill = Fill(sent_tokens - 20, 20, answer=20, window=window, exact=exact)
    assert (fill.sent, fill.fit) == (sent_tokens, fit)


async def test_the_gauge_counts_what_is_sent(desk: Desk, put: Put):
    document = await put("a.pdf", " word" * 50, " word" * 30)
    setup = Setup("openai", "gpt-4o", "context", system=" word" * 5, parameters={"max_tokens": 9})
    gauge, asked = Gauge(desk.database), setup.variant(desk.documents)
    draft = context.use(CaseDraft(" word" * 3), document, "2")
    assert gauge.known(asked, Part("a.pdf", document.sha256)) is None
    whole = await gauge.fill(asked, CaseDraft(" word" * 3), 128_000)
    page = await gauge.fill(asked, draft, 128_000)
    assert (page.rest, page.answer, page.exact, page.fit) == (8, 9, True, "fits")
    assert 30 <= page.documents < 40 and 80 <= whole.documents < 95
    known = gauge.known(asked, Part("a.pdf", document.sha256, "2"))
    assert known is not None and known.tokens == page.documents


# -- in files -------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["jsonl", "csv", "promptfoo", "inspect"])
async def test_a_cases_documents_come_back_by_hash_or_by_name(
    desk: Desk, put: Put, tmp_path: Path, format: str
):
    one, two = await put("one.pdf", *PAGES), await put("two.md", "text", attach=False)
    said = (own(one, pages="1-2"), own(two, used=False), CaseDocument("gone.md", "f" * 64))
    draft = CaseDraft("What?", key="a", documents=said)
    path = tmp_path / f"cases.{'yaml' if format == 'promptfoo' else format}"
    path.write_text(formats.write([draft], format))

    job = Import()
    found = await job.read(path, format, Wishes())
    assert found.cases[0].documents == said
    outcome = await job.store(desk, path, found, overwrite=False)
    assert (await desk.cases())[0].draft.documents == said[:2]
    assert outcome.lacking == ("gone.md",) and "gone.md" in outcome.note

    other = await desk.database.write(sessions.create, "other")
    elsewhere = await Desk.open(desk.engine, other)
    await elsewhere.add_document(
        ReadDocument("one.pdf", "/x/one.pdf", "other", "text/plain", 5, "a\fb\fc", (0, 2, 4)),
        attach=True,
    )
    assert (await job.store(elsewhere, path, found, overwrite=False)).lacking == (
        "two.md",
        "gone.md",
    )
    [case] = await elsewhere.cases()
    assert case.draft.documents == (CaseDocument("one.pdf", "other", True, "1-2"),)


async def test_a_file_that_is_silent_on_documents_leaves_them(desk: Desk, put: Put, tmp_path: Path):
    document = await put("a.md", "text")
    await desk.add_cases([CaseDraft("What?", key="a", documents=(own(document, used=False),))])
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "prompt": "What?"}\n')
    job = Import()
    found = await job.read(path, "", Wishes())
    assert (await job.store(desk, path, found, overwrite=True)).unchanged == 1
    path.write_text('{"id": "a", "prompt": "What else?"}\n')
    found = await job.read(path, "", Wishes())
    assert (await job.store(desk, path, found, overwrite=True)).revised == 1
    [case] = await desk.cases()
    assert case.prompt == "What else?" and case.draft.documents == (own(document, used=False),)
