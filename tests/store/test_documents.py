"""Documents: kept once, ordered by hand, their text never lost."""

from __future__ import annotations

from dataclasses import replace

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


def version(text: str, name: str = "a.txt", pages: tuple[int, ...] = (0, 2)) -> ReadDocument:
    """Return what is read of a file with a text that stands in no other version."""
    return replace(read_document(name, text), sha256=f"hash of {text}", pages=pages)


def numbers(home) -> list[tuple[str, int, str]]:
    found = home.read(documents.listed, home.session.id)
    return [(item.name, item.version, home.read(documents.text, item.sha256)) for item in found]


def test_a_changed_file_is_a_new_version_in_the_same_place(home, three):
    a, b, _ = three
    home.write(documents.choose_pages, b.id, "2")
    home.write(lambda c: c.execute("UPDATE documents SET tags = '[\"law\"]' WHERE id = ?", (b.id,)))
    kept = home.write(documents.keep, home.session.id, version("new", "b.txt"))
    assert kept.replaced is not None and kept.replaced.id == b.id
    assert (kept.document.version, kept.document.attached) == (2, b.attached)
    assert (kept.document.chosen, kept.document.tags) == ("2", ("law",))
    assert order(home) == [("a.txt", True), ("b.txt", True), ("c.txt", True)]
    assert home.read(documents.text, b.sha256) == "text"

    longer = home.write(documents.keep, home.session.id, version("longer", "b.txt", (0, 1, 2)))
    assert (longer.document.version, longer.document.chosen) == (3, "")
    again = home.write(documents.keep, home.session.id, version("longer", "b.txt", (0, 1, 2)))
    assert (again.document.id, again.replaced) == (longer.document.id, None)
    assert home.write(documents.keep, home.session.id, read_document("a.txt")).document.id == a.id


def test_an_older_content_that_comes_back_is_current_again(home):
    for text in ("one", "two", "one", "three", "two"):
        kept = home.write(documents.keep, home.session.id, version(text), attach=True)
    assert (kept.document.version, kept.document.attached) == (2, 0)
    assert numbers(home) == [("a.txt", 2, "two")]
    assert home.rows("SELECT version FROM documents ORDER BY version") == [(1,), (2,), (3,)]
    kept = home.write(documents.keep, home.session.id, version("four"))
    assert (kept.document.version, numbers(home)) == (4, [("a.txt", 4, "four")])


def test_a_file_that_becomes_a_copy_of_another_gives_way_to_it(home):
    home.write(documents.add, home.session.id, version("one"), attach=True)
    home.write(documents.add, home.session.id, version("two", "b.txt"))
    kept = home.write(documents.keep, home.session.id, version("two"))
    assert kept.replaced is not None
    assert numbers(home) == [("b.txt", 1, "two")]
    assert kept.document.attached == 0


def test_an_older_content_in_another_file_is_a_document_of_its_own(home):
    home.write(documents.add, home.session.id, version("one"))
    home.write(documents.add, home.session.id, version("two"))
    home.write(documents.add, home.session.id, version("one", "copy.txt"))
    assert sorted(numbers(home)) == [("a.txt", 2, "two"), ("copy.txt", 1, "one")]


def test_documents_that_came_in_one_file_are_not_versions_of_each_other(home):
    one = replace(version("one", "first"), path="/all.json")
    home.write(documents.add, home.session.id, one)
    two = replace(version("two", "second"), path="/all.json")
    assert home.write(documents.keep, home.session.id, two).replaced is None
    assert len(numbers(home)) == 2


def test_a_removed_document_goes_with_its_older_versions(home):
    for text in ("one", "two", "three"):
        kept = home.write(documents.keep, home.session.id, version(text))
    home.write(documents.remove, kept.document.id)
    assert numbers(home) == []
    again = home.write(documents.keep, home.session.id, version("two"))
    assert (again.document.version, numbers(home)) == (1, [("a.txt", 1, "two")])


def test_a_version_that_is_taken_back_leaves_the_one_before(home):
    home.write(documents.add, home.session.id, version("one"), attach=True)
    kept = home.write(documents.keep, home.session.id, version("two"), attach=True)
    home.write(documents.take_back, kept.document.id)
    assert numbers(home) == [("a.txt", 1, "one")]
    assert order(home) == [("a.txt", True)]
    home.write(documents.take_back, home.read(documents.listed, home.session.id)[0].id)
    assert numbers(home) == []
