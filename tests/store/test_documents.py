"""Documents: kept once, ordered by hand, their text never lost."""

from __future__ import annotations

import pytest

from store import documents, sessions
from store.reading import ReadDocument


def read_document(name: str, text: str = "text") -> ReadDocument:
    return ReadDocument(
        name=name,
        path=f"/papers/{name}",
        sha256=f"hash of {name}",
        media_type="text/plain",
        bytes=len(text.encode()),
        text=text,
        pages=(0, 2),
    )


@pytest.fixture
def three(home):
    return [
        home.write(documents.add, home.session.id, read_document(name), attach=True)
        for name in ("a.txt", "b.txt", "c.txt")
    ]


def order(home) -> list[tuple[str, bool]]:
    found = home.read(documents.listed, home.session.id)
    return [(item.name, item.attached is not None) for item in found]


def test_a_document_is_kept_byte_for_byte(home, hostile):
    given = read_document(f"name {hostile}.txt", hostile)
    kept = home.write(documents.add, home.session.id, given)
    assert (kept.name, kept.path, kept.pages) == (given.name, given.path, (0, 2))
    assert (kept.bytes, kept.chars) == (len(hostile.encode()), len(hostile))
    assert home.read(documents.text, kept.sha256) == hostile
    assert home.read(documents.get, kept.id) == kept


def test_the_same_file_twice_is_one_document(home):
    first = home.write(documents.add, home.session.id, read_document("a.txt"))
    again = home.write(documents.add, home.session.id, read_document("a.txt"), attach=True)
    assert (again.id, first.attached, again.attached) == (first.id, None, 0)
    other = home.write(sessions.create, "other")
    shared = home.write(documents.add, other.id, read_document("a.txt"))
    assert shared.id != first.id
    assert home.rows("SELECT count(*) FROM contents") == [(1,)]


def test_the_context_is_ordered_by_hand(home, three):
    a, b, c = three
    home.write(documents.move, c.id, -1)
    assert order(home) == [("a.txt", True), ("c.txt", True), ("b.txt", True)]
    home.write(documents.move, b.id, -9)
    assert order(home) == [("b.txt", True), ("a.txt", True), ("c.txt", True)]
    home.write(documents.set_attached, b.id, False)
    assert order(home) == [("a.txt", True), ("c.txt", True), ("b.txt", False)]
    home.write(documents.move, b.id, -1)
    home.write(documents.set_attached, b.id, True)
    home.write(documents.move, a.id, 1)
    assert order(home) == [("c.txt", True), ("a.txt", True), ("b.txt", True)]


def test_a_removed_document_leaves_its_text(home, three, refused):
    home.write(documents.remove, three[0].id)
    assert order(home) == [("b.txt", True), ("c.txt", True)]
    assert home.read(documents.text, three[0].sha256) == "text"
    refused(home.read, documents.get, three[0].id)
    refused(home.read, documents.text, "unknown")
