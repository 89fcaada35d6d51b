"""The bench's document list: documents and pages for one case, and how full the window is."""

from __future__ import annotations

import pytest

from store import documents
from store.reading import ReadDocument
from tui import safe

PAGES = ("The gate is green.", "The well is deep.", "The mill is old.")


@pytest.fixture
def put(engine):
    """Put documents, given as name and pages, into the context of the session that is open."""

    async def put_them(person, **given: tuple[str, ...]) -> None:
        for name, texts in given.items():
            starts = tuple(sum(len(t) + 1 for t in texts[:n]) for n in range(len(texts)))
            text = "\f".join(texts)
            read = ReadDocument(name, f"/{name}", name, "text/plain", len(text), text, starts)
            await engine.database.write(documents.add, person.session.id, read, attach=True)
        await person.bench.desk.refresh_documents()
        await person.bench.set_rung("context")
        await person.press("d")
        await person.until_seen(*(f"▣ {safe.one_line(name)}" for name in given))

    return put_them


@pytest.fixture
def window(server):
    """Give the server's model a window that the bench knows from now on."""

    def known(person, tokens: int) -> None:
        server.models = [{"id": "fixture-large", "max_model_len": tokens}]
        engine = person.bench.desk.engine
        engine._windows["custom", server.base_url, "fixture-large"] = tokens
        person.bench.documents.show()

    return known


def sent(server) -> str:
    """What was sent with the last question, in one text."""
    return str(server.chats[-1]["messages"])


async def test_a_document_for_one_case_and_not_for_another(open_bench, server, put):
    async with open_bench("one", "two") as person:
        await put(person, town=PAGES, note=("Notice is given.",))
        await person.press("t")
        await person.until_seen("☒ town", "(not in this case)", "1 of 2 in context")
        await person.until_said("Saved as revision 2.")
        await person.press("escape", "shift+tab", "shift+tab", "shift+tab")
        await person.press("enter")
        await person.until_glyphs("●○")
        assert "Notice is given" in sent(server) and "gate" not in sent(server)
        person.cases.focus()
        await person.press("down")
        await person.until_on("2")
        await person.until_seen("▣ town", "2 of 2 in context")
        await person.press("enter")
        await person.until_glyphs("●●")
        assert "gate" in sent(server)


async def test_a_document_besides_the_sessions(open_bench, server, put):
    async with open_bench("one", "two") as person:
        await put(person, town=PAGES, note=("Notice is given.",))
        await person.press("space")
        await person.until_seen("▢ town", "(off)")
        await person.until(lambda: person.bench.desk.documents[0].name == "note")
        await person.press("end", "t")
        await person.until_seen("◈ town", "(this case)")
        await person.press("t")
        await person.until_seen("▢ town")
        await person.until_said("Saved as revision 3.")
        assert person.stored[0].draft.documents == ()


async def test_pages_are_chosen_in_a_line(open_bench, server, put):
    async with open_bench("one", "two") as person:
        await put(person, town=PAGES)
        await person.press("P")
        await person.until_seen("town has 3 pages. Those in the context")
        await person.type("2-4")
        await person.press("enter")
        await person.until_said("There is no page 4; town has pages 1 to 3")
        await person.press("backspace")
        await person.type("3")
        await person.press("enter")
        await person.until_seen("▣ town  pages 2-3")
        await person.press("T")
        await person.until_seen("town has 3 pages. Those for this case")
        await person.press("backspace", "backspace", "backspace", "1", "enter")
        await person.until_seen("◈ town  page 1", "(this case)")
        person.cases.focus()
        await person.press("enter")
        await person.until_glyphs("●○")
        assert "--- page 1 ---" in sent(server) and "well" not in sent(server)
        await person.press("down")
        await person.until_on("2")
        await person.until_seen("▣ town  pages 2-3")
        await person.press("enter")
        await person.until_glyphs("●●")
        assert "--- page 2 ---" in sent(server) and "gate" not in sent(server)


async def test_a_document_that_left_the_session_stays_with_its_case(open_bench, put):
    async with open_bench("one") as person:
        await put(person, town=PAGES, note=("Notice is given.",))
        await person.press("T")
        await person.until_seen("Those for this case")
        await person.press("2", "enter")
        await person.until_seen("◈ town  page 2")
        await person.bench.desk.database.write(documents.remove, person.bench.desk.documents[0].id)
        await person.bench.desk.refresh_documents()
        await person.bench.reset()
        await person.until_seen("▣ note", "◈ town  page 2")
        await person.press("d", "end", "space")
        await person.until_said("no longer in the session")
        await person.press("t")
        await person.until_gone("◈ town")


@pytest.mark.parametrize("size", [(80, 24), (120, 30)])
async def test_the_bar_says_how_full_the_window_is(open_bench, server, put, window, size):
    async with open_bench("one", size=size) as person:
        await put(person, town=(" word" * 600, " word" * 100))
        await person.until_seen("about 0.8k tokens", "the window is not known")
        assert "░" not in person.text
        window(person, 8000)
        await person.until_seen("about 0.8k of 8.0k tokens", "█", "▓", "▒", "░")
        await person.until_gone("⚠")
        window(person, 1000)
        await person.until_seen("about 0.8k of 1.0k tokens", "⚠ leaves 0.2k for the answer")
        window(person, 750)
        await person.until_seen("⚠ may not fit the window")
        window(person, 400)
        await person.until_seen("about 0.8k of 0.4k tokens", "⚠ does not fit the window")
        await person.press("P")
        await person.until_seen("town has 2 pages")
        await person.press("2", "enter")
        await person.until_seen("about 0.1k of 0.4k tokens", "▣ town  page 2")
        await person.until_gone("does not fit")


async def test_a_rung_that_sends_no_documents_says_so(open_bench, put):
    async with open_bench("one") as person:
        await put(person, note=("Notice is given.",))
        await person.bench.set_rung("bare")
        await person.until_seen("not sent whole on bare")
        await person.press("d", "t")
        await person.until_seen("context · fixture-large")
        await person.until_gone("not sent whole")


async def test_all_that_cannot_fit_is_told_once_before_asking(open_bench, server, put, window):
    async with open_bench("one", "two", "three") as person:
        await put(person, town=(" word" * 600,))
        window(person, 100)
        await person.press("r")
        await person.until_said("None of the 3 cases fits, so none was asked")
        assert server.chats == [] and person.glyphs == "○○○"
        assert person.rows_of("SELECT count(*) FROM runs") == [(0,)]


async def test_the_keys_are_in_the_help_and_a_hostile_name_is_only_shown(open_bench, put):
    async with open_bench("one", size=(110, 50)) as person:
        await put(person, **{"a[red]\x1b[2J": PAGES, "note": ("Notice is given.",)})
        await person.press("P")
        await person.until_seen("a[red]␛[2J has 3 pages")
        await person.press("escape", "end", "P")
        await person.until_said("note has one page, so there is nothing to choose.")
        assert person.app.screen is person.bench
        await person.press("question_mark")
        await person.until_seen(
            "For this case only: use the document",
            "Choose which pages are in the context",
            "Choose pages for this case only",
        )
