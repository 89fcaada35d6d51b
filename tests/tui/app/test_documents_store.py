"""The store on the Documents screen: promoted, searched, compared; and what an answer cites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import OptionList

from fixtures.server import FixtureServer
from fixtures.server_faults import Fault
from store import answer_chunks, chunks, promotions
from store.library_records import Chunk, Found, Indexing, Passage, Piece, Retrieval
from store.records import CaseDraft, Document, Evidence
from tui.screens.citations import cited
from tui.screens.documents.compare import CompareScreen
from tui.screens.documents.playground import Playground, snippet
from tui.screens.documents.reading import Reading
from tui.screens.documents.screen import DocumentsScreen
from tui.screens.documents.settings import RetrievalForm
from tui.screens.download import DownloadScreen
from tui.widgets.page_view import PageView

BOATS = "The Heron is a small green boat.\n\nThe Osprey is a large blue boat with two decks.\n"
DOORS = "The code of the blue door is 4711.\n"
KEYWORD = Retrieval(mode="keyword")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "files"
    place.mkdir()
    (place / "boats.md").write_text(BOATS)
    (place / "doors.md").write_text(DOORS)
    return place


@pytest.fixture
def served(server: FixtureServer) -> Indexing:
    """Cut with the tokenizer that is here, embedded by the server."""
    return Indexing(16, 0, "custom", "fixture-embed", server.base_url)


async def drop(person, *paths: Path) -> list[Document]:
    await person.paste(" ".join(f"'{path}'" for path in paths))
    await person.until(lambda: len(person.bench.desk.documents) == len(paths))
    return person.bench.desk.documents


async def store(person, document: Document, *pieces: str, indexing: Indexing | None = None) -> None:
    """Put a document into the store, cut into these pieces of its text."""
    desk = person.bench.desk
    text = await desk.document_text(document)

    def keep(connection) -> None:
        found = chunks.keep_collection(connection, desk.session.id, indexing or Indexing())
        where = found.id, document.sha256
        promotions.begin(connection, *where)
        spans = [Piece(text.index(piece), text.index(piece) + len(piece), 9) for piece in pieces]
        promotions.keep_pieces(connection, *where, spans, text=text, pages=document.pages)
        promotions.keep_cut(connection, *where, len(spans))
        ids = [chunk.id for chunk in chunks.chunks_of(connection, *where)]
        promotions.keep_vectors(connection, [(key, b"\0" * 1536) for key in ids])
        chunks.mark_indexed(connection, ids)
        assert promotions.finish(connection, *where)

    await desk.database.write(keep)
    await desk.refresh_documents()


async def go(person) -> DocumentsScreen:
    await person.press("f3")
    await person.until(lambda: isinstance(person.app.screen, DocumentsScreen))
    return person.app.screen


async def ask(person, query: str) -> Playground:
    """Search on the Documents screen."""
    await person.press("slash")
    await person.type(query)
    await person.press("enter")
    return person.app.screen.query_one(Playground)


def names(playground: Playground) -> list[str]:
    return [found.document for found in playground.found]


async def stored_boats(person, folder: Path) -> None:
    """Put both files into the store, to be searched by keyword."""
    await person.bench.choose_retrieval(KEYWORD)
    boats, doors = await drop(person, folder / "boats.md", folder / "doors.md")
    await store(person, boats, *BOATS.strip().split("\n\n"))
    await store(person, doors, DOORS.strip())


# -- Searching ------------------------------------------------------------------------------


async def test_a_result_opens_its_place_in_the_text(open_bench, folder):
    async with open_bench("one") as person:
        await stored_boats(person, folder)
        screen = await go(person)
        await person.until_seen("2 · 2 promoted", "chunk 1 of 2 · 9 tokens", "Search  keyword")
        playground = await ask(person, "large boats")
        await person.until(lambda: len(playground.found) == 2)
        await person.until(lambda: playground.results.has_focus)
        await person.until_seen("boats.md p. 1", "The Osprey is a large blue")
        view = screen.query_one(PageView)
        osprey = BOATS.index("The Osprey")
        await person.press("enter")
        await person.until(lambda: view.has_focus and view.place == osprey)
        assert [(mark.kind, mark.start) for mark in view._marks] == [
            ("found", osprey),
            ("match", BOATS.index("large")),
            ("match", BOATS.index("boat", osprey)),
        ]
        await person.until_seen("▌ The Osprey", "chunk 2 of 2")
        await person.press("slash")
        await person.until(lambda: playground.line.value == "large boats")


async def test_mode_number_and_document_are_changed_by_a_key(open_bench, folder):
    async with open_bench("one") as person:
        await stored_boats(person, folder)
        screen = await go(person)
        playground = await ask(person, "blue")
        await person.until(
            lambda: [f.document for f in playground.found] == ["doors.md", "boats.md"]
        )
        await person.press("minus", "minus", "minus", "minus")
        await person.until(lambda: [f.document for f in playground.found] == ["doors.md"])
        await person.until_seen("k 1 · all")
        await person.press("tab")
        assert screen.query_one(Reading).document.name == "doors.md"
        await person.press("home", "o")
        await person.until_seen("k 1 · boats.md")
        await person.until(lambda: names(playground) == ["boats.md"])
        await person.press("o", "plus")
        await person.until(lambda: len(playground.found) == 2)
        # The search is one's own until it is taken for the rung.
        assert person.bench.retrieval == KEYWORD
        await person.press("U")
        await person.until(lambda: person.bench.retrieval == replace(KEYWORD, k=2))
        assert person.session.state["setup"]["retrieval"]["k"] == 2


async def test_what_cannot_be_found_is_one_sentence(open_bench, folder):
    async with open_bench("one") as person:
        await person.bench.choose_retrieval(KEYWORD)
        _, doors = await drop(person, folder / "boats.md", folder / "doors.md")
        screen = await go(person)
        await ask(person, "boats")
        await person.until_seen("Nothing is promoted yet: p")
        await store(person, doors, DOORS.strip())
        await person.press("enter")
        await person.until_seen("Nothing was found.")
        await person.press("tab")
        assert screen.query_one(Reading).document.name == "boats.md"
        await person.press("o")
        await person.until_seen("This document is not")


async def test_without_the_embedding_weights_their_download_is_offered(
    open_bench, folder, monkeypatch
):
    monkeypatch.setenv("LITMUS_MINILM", str(folder / "gone.onnx"))
    async with open_bench("one") as person:
        await stored_boats(person, folder)
        await go(person)
        await ask(person, "blue")
        await person.until_seen("doors.md p. 1")
        await person.press("m")
        await person.until(lambda: isinstance(person.app.screen, DownloadScreen))
        await person.until_seen("LITMUS_MINILM names ", "esc stops")
        await person.press("escape")
        await person.until_seen("Search  hybrid", "The model that embeds is not")


@pytest.mark.parametrize(
    "spans, shown",
    [
        ([], "word " * 26 + "…"),
        ([(500, 504)], "…" + "word " * 6 + "word" + " word" * 19 + " …"),
    ],
)
def test_a_snippet_is_the_part_that_matches(spans, shown):
    assert snippet("word " * 200, spans).plain == shown


# -- Promoting --------------------------------------------------------------------------------


async def test_documents_are_promoted_stopped_resumed_and_demoted(
    open_bench, server, folder, served
):
    async with open_bench("one") as person:
        await person.bench.choose_retrieval(Retrieval(served))
        await drop(person, folder / "boats.md", folder / "doors.md")
        screen = await go(person)
        await person.until_seen("not cut yet: p promotes it")
        server.fail_next(Fault.STALL_FIRST, path="/embeddings")
        await person.press("P")
        await person.until(lambda: any(r.path == "/embeddings" for r in server.requests))
        await person.until_seen("──────  0%")
        # It goes on while the person looks around, and on the bench too.
        await person.press("f2")
        await person.until(lambda: person.app.screen is person.bench)
        screen = await go(person)
        assert person.bench.promoting.busy
        await person.press("escape")
        await person.until(lambda: not person.bench.promoting.busy)
        assert person.app.screen is screen
        await person.until_seen("2 · 0 promoted")
        await person.press("P")
        await person.until_said("2 documents promoted, ")
        await person.until_seen("2 · 2 promoted", "chunk 1 of ")
        playground = await ask(person, "large boat")
        await person.until(lambda: playground.found)
        assert playground.found[0].vector_rank and playground.found[0].keyword_rank
        await person.until_seen("vector ", "keyword ")
        await person.press("D")
        await person.until_seen("2 · 1 promoted")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)


async def test_what_cannot_be_embedded_is_told_and_loses_nothing(
    open_bench, server, folder, served
):
    async with open_bench("one") as person:
        await person.bench.choose_retrieval(Retrieval(served))
        await drop(person, folder / "boats.md")
        await go(person)
        server.fault = Fault.UNAUTHORIZED
        await person.press("p")
        await person.until(lambda: person.bench.promoting.failed or person.said)
        await person.until(lambda: not person.bench.promoting.busy)
        server.fault = None
        await person.until_seen("boats.md", "The Heron")
        await person.press("p")
        await person.until_seen("1 · 1 promoted")


async def test_ways_to_search_are_compared_and_one_is_taken(open_bench, folder, served):
    start = BOATS.index("large")
    case = CaseDraft(
        "Which boat has two decks?", evidence=(Evidence("boats.md", 1, start, start + 5, "large"),)
    )
    async with open_bench(case) as person:
        await person.bench.choose_retrieval(Retrieval(served))
        await drop(person, folder / "boats.md", folder / "doors.md")
        await go(person)
        await person.press("C")
        await person.until_seen("Nothing is promoted yet, so there is nothing to compare")
        await person.press("escape", "P")
        await person.until_seen("2 · 2 promoted")
        await person.press("C")
        await person.until(lambda: isinstance(person.app.screen, CompareScreen))
        await person.until_seen("1 case with evidence", "recall@5", "100 (21–100)")
        options = person.app.screen.query_one(OptionList)
        assert options.option_count == 3 and options.highlighted == 2
        await person.press("up", "enter")
        await person.until(lambda: person.bench.retrieval.mode == "keyword")
        await person.until_seen("Search  keyword")


async def test_chunks_are_chosen_in_a_form(open_bench, folder):
    async with open_bench("one", size=(80, 24)) as person:
        await stored_boats(person, folder)
        await go(person)
        await person.until_seen("2 · 2 promoted")
        await person.press("i")
        await person.until(lambda: isinstance(person.app.screen, RetrievalForm))
        await person.type("5000")
        await person.press("ctrl+j")
        await person.until_seen("must be a whole number from 1 to 2,000")
        await person.press("home", "shift+end")
        await person.type("64")
        await person.press("tab")
        await person.type("64")
        await person.press("ctrl+j")
        await person.until_seen("The overlap must be")
        await person.press("home", "shift+end")
        await person.type("8")
        await person.press("ctrl+j")
        await person.until(lambda: person.bench.retrieval.indexing == Indexing(64, 8))
        await person.until_seen("2 · 0 promoted", "only with other chunks")


# -- Citations ----------------------------------------------------------------------------------


def test_the_passages_that_an_answer_names():
    assert cited("So [1], and [2, 13]; not [x], [] or [1234].") == {1, 2, 13}


async def test_a_citation_opens_its_page(open_bench, server, folder):
    server.reply = lambda _: "The Osprey has two decks [1]."
    async with open_bench("Which boat?", size=(110, 36)) as person:
        await person.bench.choose_retrieval(KEYWORD)
        [boats] = await drop(person, folder / "boats.md")
        await store(person, boats, BOATS.strip().split("\n\n")[1])
        await person.bench.set_rung("rag")
        await person.press("enter")
        await person.until_seen("two decks [1]")
        await person.until_seen("Given from the store", "[1] boats.md, page 1 · rank 1")
        await person.press("C")
        await person.until_seen("What the answer was given", "The Osprey is a large")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, DocumentsScreen))
        view = person.app.screen.query_one(PageView)
        await person.until(lambda: view.ready and view.place)
        assert view.place == BOATS.index("The Osprey") and view.has_focus
        await person.until_seen("▌ The Osprey")
        assert person.app.screen.query_one(Reading).document.id == boats.id
        await person.press("f2")
        await person.until(lambda: person.app.screen is person.bench)


async def test_an_answer_without_passages_says_so(open_bench):
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_glyphs("●")
        await person.press("C")
        await person.until_said("No passages of the store were sent")
        assert "Given from the store" not in person.text


async def test_a_passage_of_a_document_that_left_the_session_is_still_read(open_bench, folder):
    async with open_bench("one") as person:
        await person.press("enter")
        await person.until_glyphs("●")
        [boats] = await drop(person, folder / "boats.md")
        start = BOATS.index("The Osprey")
        chunk = Chunk(0, boats.sha256, 0, 1, start, start + 10, 2, "The Osprey")
        passage = Passage(
            1,
            "boats.md",
            boats.sha256,
            1,
            start,
            start + 10,
            "",
            (Found(1, "boats.md", chunk, 0.5),),
        )
        await person.engine.database.write(answer_chunks.keep, person.answer().id, [passage])
        await person.bench.desk.remove_document(boats.id)
        [kept] = await person.bench.desk.passages(person.answer())
        from tui.screens.documents.spot import Spot

        person.bench.run_worker(
            person.bench.show_library(Spot(kept.document, kept.sha256, kept.start, kept.end))
        )
        await person.until_seen("boats.md (as it was)", "▌ The Osprey")
