"""Files on their way into a session."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from lab.intake import Taken, take_back, take_in
from store.reading import ReadingError, Stop
from tests import good_files


def locked(path: Path) -> Path:
    path.write_bytes(good_files.pdf("Hidden."))
    writer = PdfWriter(clone_from=PdfReader(path))
    writer.encrypt("sesame", algorithm="AES-256")
    writer.write(path)
    return path


async def test_a_password_is_asked_for_until_it_is_right(desk, tmp_path):
    asked = []
    given = iter(["wrong", "sesame"])

    async def ask(path: Path, error: ReadingError) -> str | None:
        asked.append((path.name, error.reason))
        return next(given, None)

    paths = [locked(tmp_path / "a.pdf"), tmp_path / "b.md"]
    paths[1].write_text("Text.")
    found = [each async for each in take_in(desk, paths, attach=True, ask=ask)]
    assert [each.text for each in found if isinstance(each, Taken)] == ["Hidden.", "Text."]
    assert asked == [("a.pdf", "encrypted"), ("a.pdf", "password")]

    refused = [each async for each in take_in(desk, paths[:1], attach=True, ask=ask)]
    assert isinstance(refused[0], ReadingError) and refused[0].reason == "encrypted"


async def test_leaving_early_keeps_what_came_and_ends_the_rest(desk, tmp_path):
    paths = [tmp_path / f"{number}.txt" for number in range(20)]
    for path in paths:
        path.write_text(path.name)
    stop = Stop()
    async with aclosing(take_in(desk, paths, attach=False, stop=stop)) as taken:
        async for _ in taken:
            break
    assert stop.is_set()
    assert [item.name for item in desk.documents] == ["0.txt"]


async def test_a_store_that_has_the_older_version_is_told_of(desk, tmp_path, shelve):
    path = tmp_path / "note.txt"
    path.write_text("It leaves at nine.")
    [first] = [each async for each in take_in(desk, [path], attach=True)]
    await shelve(first.document)
    path.write_text("It leaves at ten.")
    [second] = [each async for each in take_in(desk, [path], attach=True)]
    assert second.standing == "version 2 (the store has version 1; promote it anew)"
    await take_back(desk, [second.document.id])
    assert [(item.version, item.sha256) for item in desk.documents] == [(1, first.document.sha256)]
