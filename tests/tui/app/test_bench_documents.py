"""Files dropped on the bench: read, put into the context, counted and sent."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTE = "The code of the door is 4711."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of the kinds that are dropped, some with spaces in their names."""
    place = tmp_path / "my files"
    place.mkdir()
    (place / "door notes.md").write_text(NOTE)
    (place / "b.txt").write_text("Second.")
    _pdf(place / "plain.pdf")
    _pdf(place / "locked.pdf", password="sesame")
    return place


def _pdf(path: Path, *, password: str = "") -> None:
    from fpdf import FPDF

    pdf = FPDF()
    for number in (1, 2):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.cell(text=f"This is page {number}.")
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    pdf.output(str(path))


def names(person) -> list[str]:
    return [document.name for document in person.bench.desk.documents]


def quoted(path: Path) -> str:
    return f"'{path}'"


def escaped(path: Path) -> str:
    return str(path).replace(" ", "\\ ")


def url(path: Path) -> str:
    return path.as_uri()


@pytest.mark.parametrize("where", ["slash", "escape"])
@pytest.mark.parametrize("written", [quoted, escaped, url, str])
async def test_a_dropped_file_is_put_into_the_context(open_bench, folder, where, written):
    async with open_bench("one") as person:
        await person.press(where)
        await person.paste(written(folder / "door notes.md"))
        await person.until(lambda: names(person) == ["door notes.md"])
        await person.until_seen("context · fixture-large", "▣ door notes.md", " tok")
        assert person.box.text == ""


async def test_several_at_once(open_bench, folder):
    async with open_bench("one") as person:
        drop = f"{quoted(folder / 'door notes.md')} {url(folder / 'b.txt')}"
        await person.paste(drop)
        await person.until(lambda: names(person) == ["door notes.md", "b.txt"])
        await person.until_said("2 documents")


async def test_a_path_that_is_not_there_is_text(open_bench, folder):
    async with open_bench("one") as person:
        text = f"{quoted(folder / 'gone.pdf')}"
        await person.paste(text)
        await person.until(lambda: person.box.text == text)
        assert person.box.has_focus
        await person.paste(f" {folder / 'b.txt'} and {folder / 'gone'}")
        await person.until(lambda: person.box.text.endswith("gone"))
        assert names(person) == []


async def test_ctrl_t_takes_the_drop_as_text(open_bench, folder):
    async with open_bench("one") as person:
        drop = quoted(folder / "b.txt")
        await person.press("slash")
        await person.paste(drop)
        await person.until(lambda: names(person) == ["b.txt"])
        await person.until_seen("context · fixture-large")
        await person.press("ctrl+t")
        await person.until(lambda: person.box.text == drop)
        await person.until(lambda: names(person) == [])
        await person.until_seen("bare · fixture-large")


async def test_what_is_dropped_is_sent_with_the_question(open_bench, server, folder):
    async with open_bench("What is the code?") as person:
        await person.paste(str(folder / "door notes.md"))
        await person.until_seen("context · fixture-large")
        await person.press("enter")
        await person.until_glyphs("●")
        sent = server.chats[0]["messages"]
        assert NOTE in str(sent) and sent[-1]["content"].endswith("What is the code?")


async def test_documents_go_in_and_out_and_change_places(open_bench, server, folder):
    async with open_bench("one") as person:
        await person.paste(f"{quoted(folder / 'door notes.md')} {quoted(folder / 'b.txt')}")
        await person.until(lambda: len(names(person)) == 2)
        await person.press("d", "shift+down")
        await person.until(lambda: names(person) == ["b.txt", "door notes.md"])
        await person.press("space")
        await person.until_seen("▢ door notes.md", "(off)")
        await person.press("home", "space")
        await person.until_seen("▢ b.txt")
        await person.press("escape")
        await person.press("shift+tab", "shift+tab", "r")
        await person.until_said("Nothing is in the context")
        assert server.chats == []


async def test_a_document_is_taken_out_of_the_session(open_bench, folder):
    async with open_bench("one") as person:
        await person.paste(str(folder / "b.txt"))
        await person.until(lambda: names(person) == ["b.txt"])
        await person.press("d", "delete")
        await person.until(lambda: names(person) == [])
        await person.until_seen("None yet: drop a file here")


async def test_a_document_is_read_with_its_pages(open_bench, folder):
    async with open_bench("one") as person:
        await person.paste(str(folder / "plain.pdf"))
        await person.until(lambda: names(person) == ["plain.pdf"])
        await person.press("d", "enter")
        await person.until_seen("page 1 ──", "This is page 1.", "page 2 ──", "page 1 of 2")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)


async def test_an_encrypted_pdf_asks_for_its_password(open_bench, folder):
    async with open_bench("one") as person:
        await person.paste(str(folder / "locked.pdf"))
        await person.until_seen("locked.pdf is encrypted")
        await person.type("wrong")
        assert "wrong" not in person.text
        await person.press("enter")
        await person.until(lambda: getattr(person.app.focused, "value", None) == "")
        await person.until_seen("encrypted")
        await person.type("sesame")
        await person.press("enter")
        await person.until(lambda: names(person) == ["locked.pdf"])
        await person.until_seen("▣ locked.pdf")


async def test_leaving_the_password_leaves_the_document(open_bench, folder):
    async with open_bench("one") as person:
        await person.paste(str(folder / "locked.pdf"))
        await person.until_seen("locked.pdf is encrypted")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
        assert names(person) == []


async def test_a_file_that_cannot_be_read_is_told_in_one_sentence(open_bench, folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of it")
    async with open_bench("one") as person:
        await person.paste(f"{quoted(folder / 'broken.pdf')} {quoted(folder / 'b.txt')}")
        await person.until_said("broken.pdf")
        await person.until(lambda: names(person) == ["b.txt"])
        assert sum("broken.pdf" in said for said in person.said) == 1


async def test_c_goes_between_bare_and_context(open_bench, server, folder):
    async with open_bench("one") as person:
        await person.paste(str(folder / "b.txt"))
        await person.until_seen("context · fixture-large")
        await person.press("enter")
        await person.until_glyphs("●")
        await person.press("c")
        await person.until_seen("bare · fixture-large")
        await person.until_glyphs("○")
        await person.press("c")
        await person.until_glyphs("●")
        assert len(server.chats) == 1


async def test_documents_that_are_too_long_are_told_before_the_call(open_bench, server, folder):
    server.models = [{"id": "tiny", "max_model_len": 100}]
    (folder / "long.txt").write_text("many words in a row " * 400)
    async with open_bench("one", model="tiny") as person:
        await person.paste(str(folder / "long.txt"))
        await person.until_seen("▣ long.txt")
        person.bench.desk.engine._windows["custom", server.base_url, "tiny"] = 100
        await person.press("enter")
        await person.until_said("window")
        assert server.chats == []
