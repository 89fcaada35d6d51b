"""Keyword search among chunks: what a question becomes, what it finds, and in what scope."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import chunk_search, chunk_words, chunks, documents, promotions
from store.chunk_search import Scope, word_spans
from store.library_records import Collection, Indexing, Piece
from store.reading import ReadDocument
from store.search_words import MOST_TERMS, UNSPACED, fts_query, terms

INDEXING = Indexing(chunk_tokens=20)
NOTES = (
    "The Grey Tern can carry 34 cars.",
    "The motto of the company is “Late is better than wet”.",
    "The head office is at 9 Lantern Quay in Penholt.",
)
STATUTES = ("Dogs are welcome on deck.", "The motto is painted on the funnel.")


class Shelf:
    """Documents in a session's store, each given as the texts of its chunks."""

    def __init__(self, home: Any) -> None:
        self.home = home
        self.collection: Collection = home.write(chunks.keep_collection, home.session.id, INDEXING)

    def put(self, name: str, parts: Sequence[str], *, finish: bool = True) -> str:
        """Promote a document, and return its sha256."""
        text = "\n".join(parts)
        sha256 = hashlib.sha256(f"{name}{text}".encode()).hexdigest()
        read = ReadDocument(name, name, sha256, "text/plain", len(text), text, (0,))
        self.home.write(documents.add, self.home.session.id, read)
        self.home.write(promotions.begin, self.collection.id, sha256)
        pieces: list[Piece] = []
        for part in parts:
            start = text.index(part, pieces[-1].end if pieces else 0)
            pieces.append(Piece(start, start + len(part), len(part.split())))
        self.home.write(
            promotions.keep_pieces, self.collection.id, sha256, pieces, text=text, pages=(0,)
        )
        if finish:
            self.home.write(self._finish, sha256, len(pieces))
        return sha256

    def scope(self, **only: Any) -> Scope | None:
        return self.home.read(chunk_search.scope, self.home.session.id, INDEXING, **only)

    def found(self, query: str, **only: Any) -> list[tuple[int, float]]:
        """Return what is found as (id, score), best first."""
        scope = self.scope(**only)
        assert scope is not None
        return self.home.read(chunk_search.keyword, scope, query, 10)

    def texts(self, query: str, **only: Any) -> list[str]:
        """Return the texts that are found, best first."""
        found = self.found(query, **only)
        there = self.home.read(chunks.by_ids, [item for item, _ in found])
        return [there[item].text for item, _ in found]

    def _finish(self, connection: Any, sha256: str, count: int) -> None:
        promotions.keep_cut(connection, self.collection.id, sha256, count)
        ids = [each.id for each in chunks.chunks_of(connection, self.collection.id, sha256)]
        promotions.keep_vectors(connection, ((item, b"\0" * 4) for item in ids))
        chunks.mark_indexed(connection, ids)
        assert promotions.finish(connection, self.collection.id, sha256)


@pytest.fixture
def shelf(home: Any) -> Shelf:
    return Shelf(home)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the motto of Harebell Ferries?", ["motto", "Harebell", "Ferries"]),
        ("Who is it?", ["Who", "is", "it"]),
        ("Who leads the WHO in the US?", ["leads", "WHO", "US"]),
        ("WHAT IS THE NAME", ["NAME"]),
        ("a state-of-the-art ferry", ["state of the art", "state", "art", "ferry"]),
        ("the company's COVID-19 rule", ["company", "COVID 19", "COVID", "19", "rule"]),
        ("version 3.5", ["version", "3 5"]),
        ("Tern tern TERN", ["Tern"]),
        ("渡轮公司 logo", ["渡 轮", "轮 公", "公 司", "logo"]),
        ("船", ["船"]),
        ("フェリー・会社", ["フ ェ", "ェ リ", "リ ー", "ー 会", "会 社"]),
        ("?!“”", []),
        ("", []),
    ],
)
def test_terms_of_a_question(question: str, expected: list[str]) -> None:
    assert terms(question) == expected


def test_a_pasted_text_is_cut_to_its_first_terms() -> None:
    assert len(terms(" ".join(f"word{number}" for number in range(100_000)))) == MOST_TERMS


@pytest.mark.parametrize(
    "query", ["x" * 100_000, "渡" * 100_000, "motto? " * 20_000, "'s" * 50_000]
)
def test_a_query_may_be_long(shelf: Shelf, query: str) -> None:
    shelf.put("notes.md", NOTES)
    assert shelf.texts(query) == ([NOTES[1]] if "motto" in query else [])


def test_finds_words_by_their_stems_whatever_case_and_accents(shelf: Shelf) -> None:
    shelf.put("notes.md", NOTES)
    assert shelf.texts("How many CARS does a tern carries?") == [NOTES[0]]
    assert shelf.texts("móttos")[0] == NOTES[1]
    assert shelf.texts("where is the office") == [NOTES[2]]
    assert shelf.texts("zeppelin") == []


def test_words_next_to_each_other_count_for_more(shelf: Shelf) -> None:
    apart, together = "The state owns no art.", "It is a state-of-the-art ferry of our own kind."
    shelf.put("a.md", [apart, together, "Nothing else."])
    assert shelf.texts("state-of-the-art") == [together, apart]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("渡轮公司的口号是迟到总比湿身好", "公司的口号是什么？"),
        ("フェリー会社は１９８０年に設立された", "会社はいつ設立？"),
        ("회사는 배를 두 척 가지고 있다", "회사의 배"),
        ("บริษัทเรือข้ามฟากมีเรือสองลำ", "เรือกี่ลำ"),
    ],
)
def test_scripts_without_blanks_are_found_and_marked(shelf: Shelf, text: str, query: str) -> None:
    shelf.put("other.md", [*NOTES, text])
    assert shelf.texts(query) == [text]
    spans = word_spans(query, text)
    assert spans and all(text[start:end] in text for start, end in spans)
    assert 0 < sum(end - start for start, end in spans) < len(text)


def test_the_schema_takes_the_same_scripts_apart() -> None:
    schema = Path(chunks.__file__).parent / "schema" / "3_library.sql"
    assert f"[{UNSPACED}]" in schema.read_text(encoding="utf-8")


def test_what_is_taken_out_is_found_no_more(shelf: Shelf) -> None:
    sha256 = shelf.put("notes.md", [*NOTES, "渡轮公司的口号"])
    shelf.put("statutes.md", STATUTES)
    shelf.home.write(promotions.forget, shelf.collection.id, sha256)
    assert shelf.texts("motto") == [STATUTES[1]]
    assert shelf.texts("公司") == []
    words = chunk_words.table(shelf.collection.id)
    check = f"INSERT INTO {words}({words}) VALUES ('integrity-check')"
    shelf.home.write(lambda connection: connection.execute(check))


@given(st.text(max_size=60))
def test_any_text_is_a_query(text: str) -> None:
    spans = word_spans(text, text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert bool(fts_query(text)) == bool(terms(text))


@pytest.mark.parametrize(
    "query",
    ['"', "a* OR NEAR(b c)", "text:motto", "-motto +x ^y", "mot\0to", "motto \ud800", "{motto}"],
)
def test_operators_mean_nothing(shelf: Shelf, query: str) -> None:
    shelf.put("notes.md", NOTES)
    assert shelf.texts(query) == ([NOTES[1]] if "motto" in query else [])


def test_a_hostile_text_is_kept_and_found(shelf: Shelf, hostile: str) -> None:
    shelf.put("hostile.md", [f"{hostile} harebell"])
    assert shelf.texts("harebell") == [f"{hostile} harebell"]


def test_spans_are_those_of_the_text_as_it_is() -> None:
    text = "\x02The ferries’ mottoes\0are \x03état-of-the-art, or a ferryman's. 渡轮公司"
    spans = word_spans("What is the motto of a ferry, state-of-the-art etat 公司?", text)
    assert [text[start:end] for start, end in spans] == [
        "ferries",
        "mottoes",
        "état",
        "art",
        "公司",
    ]


class TestScope:
    """Only what is wholly in, and of that what is asked for."""

    def test_nothing_where_there_is_no_collection(self, home: Any) -> None:
        assert home.read(chunk_search.scope, home.session.id, INDEXING) is None

    def test_what_is_on_its_way_is_not_searched(self, shelf: Shelf) -> None:
        shelf.put("notes.md", NOTES, finish=False)
        scope = shelf.scope()
        assert scope is not None and not scope.names
        shelf.put("statutes.md", STATUTES)
        assert shelf.texts("motto") == [STATUTES[1]]
        scope = shelf.scope()
        assert scope is not None and not scope.whole

    def test_documents_and_tags_narrow_it(self, shelf: Shelf) -> None:
        notes, statutes = shelf.put("notes.md", NOTES), shelf.put("statutes.md", STATUTES)
        everything = shelf.scope()
        assert everything is not None and everything.whole
        assert everything.names == {notes: "notes.md", statutes: "statutes.md"}
        assert shelf.texts("motto", documents=[notes]) == [NOTES[1]]
        listed = shelf.home.read(documents.listed, shelf.home.session.id)
        shelf.home.write(documents.tag, listed[1].id, add=["Rules"])
        assert shelf.texts("motto", tags=["rules", "other"]) == [STATUTES[1]]
        narrow = shelf.scope(tags=["rules"])
        assert narrow is not None and not narrow.whole

    def test_an_older_version_is_searched_only_when_named(self, shelf: Shelf) -> None:
        old, new = shelf.put("old.md", NOTES), shelf.put("new.md", STATUTES)
        shelf.home.write(
            lambda connection: connection.execute(
                "UPDATE documents SET replaced_by = (SELECT id FROM documents WHERE sha256 = ?)"
                " WHERE sha256 = ?",
                (new, old),
            )
        )
        assert shelf.texts("motto") == [STATUTES[1]]
        assert shelf.texts("motto", documents=[old]) == [NOTES[1]]

    def test_what_other_collections_hold_does_not_count(self, shelf: Shelf, home: Any) -> None:
        sha256 = shelf.put("notes.md", [*NOTES, *STATUTES])
        alone = shelf.found("motto of a tern")
        other = home.write(chunks.keep_collection, home.session.id, Indexing(chunk_tokens=99))
        home.write(promotions.begin, other.id, sha256)
        text = " ".join(["The motto is not a tern."] * 50)
        whole = [Piece(0, len(text), 300)] * 20
        home.write(promotions.keep_pieces, other.id, sha256, whole, text=text, pages=(0,))
        assert shelf.found("motto of a tern") == alone


def test_tags_are_one_but_for_case(shelf: Shelf, refused: Callable[..., str]) -> None:
    shelf.put("notes.md", NOTES)
    document = shelf.home.read(documents.listed, shelf.home.session.id)[0]
    tagged = shelf.home.write(documents.tag, document.id, add=["Law", " law ", "fleet", ""])
    assert tagged.tags == ("Law", "fleet")
    assert shelf.home.write(documents.tag, document.id, remove=["LAW"]).tags == ("fleet",)
    refused(shelf.home.write, documents.tag, 999, add=["x"])
