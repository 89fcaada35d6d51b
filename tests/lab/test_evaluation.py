"""Evidence in its place, and what the store's search finds of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.rag.evaluation import evaluate, placed_questions
from lab.rag.evidence import add_evidence, quoted, remove_evidence, span_of
from lab.rag.locating import EvidenceProblem, SearchedText, locate
from lab.rag.measures import Span
from store.library_records import Indexing, Retrieval
from store.records import CaseDraft, Document, Evidence, Expectation

GARDEN = """\
The north garden was laid out by Ilse Brandt in 1911.

Its pond holds forty carp, which are fed at nine
each morning.

The gate is locked at dusk, and the key hangs in the tower."""
KEYWORD = Retrieval(mode="keyword")


def document(name: str = "garden.md", pages: tuple[int, ...] = (0,), version: int = 1) -> Document:
    return Document(
        1,
        1,
        name,
        name,
        f"hash of {name} {version}",
        "text/plain",
        0,
        len(GARDEN),
        pages,
        None,
        version=version,
    )


def placed(evidence: Evidence, *library: Document) -> str:
    """Return the words that evidence is found to mean."""
    found = locate(evidence, library, {each.sha256: SearchedText(GARDEN) for each in library})
    return GARDEN[found.start : found.end]


# -- Where evidence stands -------------------------------------------------------------


def test_offsets_count_where_they_hold_the_quote() -> None:
    at = GARDEN.index("forty carp")
    assert placed(Evidence("garden.md", None, at, at + 10), document()) == "forty carp"
    assert (
        placed(Evidence("garden.md", None, at, at + 10, "forty carp"), document()) == "forty carp"
    )
    # The text has moved since; the quote nearest to the old place is meant.
    moved = Evidence("garden.md", None, at + 40, at + 43, "The")
    assert placed(moved, document()) == "The"
    found = locate(moved, [document()], {document().sha256: SearchedText(GARDEN)})
    assert found.start == GARDEN.rindex("The gate")


def test_a_quote_is_found_whatever_its_white_space() -> None:
    assert placed(Evidence("garden.md", quote="fed at nine  each\tmorning"), document()) == (
        "fed at nine\neach morning"
    )
    assert placed(Evidence("garden.md", quote="fortycarp"), document()) == "forty carp"


def test_a_page_alone_is_the_page_and_tells_same_quotes_apart() -> None:
    pages = (0, GARDEN.index("Its pond"), GARDEN.index("The gate"))
    assert placed(Evidence("garden.md", 3), document(pages=pages)).startswith("The gate")
    second = Evidence("garden.md", 3, quote="the")
    found = locate(second, [document(pages=pages)], {document().sha256: SearchedText(GARDEN)})
    assert found.start == GARDEN.index("the key")


def test_a_file_in_another_folder_and_the_newest_version_are_taken() -> None:
    assert placed(Evidence("kb/garden.md", quote="dusk"), document("docs/garden.md")) == "dusk"
    library = [document(version=1), document(version=2)]
    texts = {library[0].sha256: SearchedText(GARDEN), library[1].sha256: SearchedText("dusk")}
    assert locate(Evidence("garden.md", quote="dusk"), library, texts).start == 0
    # What only the old version has is found there.
    assert locate(Evidence("garden.md", quote="carp"), library, texts).document.endswith("1")


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        (Evidence("pond.md", quote="carp"), "“pond.md” is not among"),
        (Evidence("garden.md", quote="fifty carp"), "quoted evidence does not stand"),
        (Evidence("garden.md", None, 10, 9999), "no characters 10 to 9,999"),
        (Evidence("garden.md", 2), "no page 2"),
        (Evidence("garden.md"), "no place in it"),
        (Evidence("garden.md", None, 53, 55), "white space"),
    ],
)
def test_what_stands_nowhere_is_told_in_a_sentence(evidence: Evidence, says: str) -> None:
    with pytest.raises(EvidenceProblem, match=says):
        placed(evidence, document())


@settings(deadline=None)
@given(st.data())
def test_any_words_of_a_text_are_found_in_it(data: st.DataObject) -> None:
    text = data.draw(st.text(alphabet="ab \n\u3000", min_size=1, max_size=40))
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    places = SearchedText(text).places(quote)
    bare = "".join(quote.split())
    assert all("".join(text[a:b].split()) == bare for a, b in places)
    assert bool(places) == bool(bare)


# -- Giving a case its evidence ---------------------------------------------------------


async def test_evidence_is_added_without_losing_an_answer(desk, add, run, kept, read) -> None:
    [case] = await add("How many carp?", expect="forty")
    garden = await read("garden.md", GARDEN, (0, GARDEN.index("Its pond")))
    [answer] = await kept((await run([case]))[0])
    await desk.label(answer, "fail")

    at = GARDEN.index("forty carp")
    revised = await add_evidence(desk, case, garden, at - 1, at + 11)
    assert revised.case.draft.evidence == (
        Evidence("garden.md", 2, at, at + len("forty carp,"), "forty carp,"),
    )
    assert (revised.changed, revised.behind, revised.labels) == (True, 0, 0)
    carried = await desk.answer(revised.case, await desk.stored_variant(desk.variant()))
    assert carried.label == "fail"

    again = await add_evidence(desk, revised.case, garden, at, at + len("forty carp,"))
    assert not again.changed
    left = await remove_evidence(desk, revised.case, revised.case.draft.evidence[0])
    assert left.case.draft.evidence == ()


async def test_a_quote_names_its_place_if_there_is_one(desk, read) -> None:
    await read("garden.md", GARDEN)
    await read("tower.md", "The key hangs in the tower.")
    assert (await quoted(desk, "forty  carp")).document == "garden.md"
    assert (await quoted(desk, "key hangs", "tower.md")).start == 4
    for quote, name, says in (
        ("key hangs", "", "2 places \\(garden.md, tower.md\\)"),
        ("forty carp", "tower.md", "not stand in “tower.md”"),
        ("carp", "pond.md", "No document is called"),
        (" ", "", "empty"),
    ):
        with pytest.raises(EvidenceProblem, match=says):
            await quoted(desk, quote, name)
    with pytest.raises(EvidenceProblem, match="has no characters 5 to 2"):
        span_of(document(), GARDEN, 5, 2)


# -- Measuring the store -----------------------------------------------------------------


async def ask_about(desk, *cases: tuple[str, str, tuple[Evidence, ...]]) -> None:
    await desk.add_cases(
        CaseDraft(prompt, key, Expectation("x"), evidence=evidence)
        for key, prompt, evidence in cases
    )


async def test_keyword_search_is_measured_on_the_cases_that_can_be(desk, read, shelve) -> None:
    garden = await read("garden.md", GARDEN)
    pond = Evidence("garden.md", quote="forty carp")
    await ask_about(
        desk,
        ("found", "How many carp are in the pond?", (pond,)),
        # The best chunk for these words is another than the evidence's.
        ("second", "gate locked dusk carp?", (pond,)),
        ("missed", "Who sings?", (Evidence("garden.md", quote="Ilse Brandt"),)),
        ("half", "What of it?", (pond, Evidence("garden.md", quote="fifty koi"))),
        ("bare", "Why?", ()),
    )
    await shelve(garden)
    told: list[tuple[int, int]] = []
    found = await evaluate(desk, [KEYWORD], depths=(5, 1), progress=lambda *at: told.append(at))
    [trial] = found.trials
    assert found.depths == (1, 5)
    assert [item.case.key for item in found.questions.unplaced] == ["half"]
    assert found.questions.without == 1
    assert told == [(3, 3)]
    measures = trial.measures
    assert {depth: rate.rate for depth, rate in measures.recall.items()} == {
        1: pytest.approx(1 / 3),
        5: pytest.approx(2 / 3),
    }
    assert measures.mrr.rate == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert trial.not_stored == ()


async def test_stores_are_measured_on_the_same_questions(desk, read, shelve) -> None:
    garden, shed = await read("garden.md", GARDEN), await read("shed.md", "Rakes and one spade.")
    await ask_about(
        desk,
        ("carp", "How many carp?", (Evidence("garden.md", quote="forty carp"),)),
        ("rake", "Where are the rakes?", (Evidence("shed.md", quote="Rakes"),)),
    )
    small = Indexing(chunk_tokens=20)
    await shelve(garden)
    await shelve(shed)
    await shelve(garden, small)
    found = await evaluate(desk, [KEYWORD, Retrieval(small, "keyword")])
    first, second = found.trials
    assert first.measures.recall[5].rate == 1.0
    assert second.measures.recall[5].rate == 0.5
    assert [case.key for case in second.not_stored] == ["rake"]
    assert second.measures.n == 2


async def test_a_bad_case_and_the_other_split_are_left_out(desk, read) -> None:
    await read("garden.md", GARDEN)
    evidence = (Evidence("garden.md", quote="dusk"),)
    await desk.add_cases(
        [
            CaseDraft("When?", "bad", tags=("repair",), evidence=evidence),
            CaseDraft("When?", "train", split="train", evidence=evidence),
            CaseDraft("When?", "test", evidence=evidence),
        ]
    )
    assert [each.case.key for each in (await placed_questions(desk)).placed] == ["test"]
    both = await placed_questions(desk, None)
    assert [each.case.key for each in both.placed] == ["train", "test"]
    at = GARDEN.index("dusk")
    assert both.placed[0].evidence == (Span(desk.documents[0].sha256, at, at + 4),)
