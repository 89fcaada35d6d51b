"""Where texts are cut, by MiniLM's own tokens."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.cutting import Cutter, tokenizer, unpaged
from store.seams import covered, sections, windows

CUTTER = Cutter()
TOKENIZER = tokenizer()
WORDS = ["the", "boat", "Dr.", "U.S.", "well-known", "3.5%", "“why?”", "ends.", "naïve", "語", "🙂"]
WORDS += ["*bold*", "[a](b)", "`code`", "http://a.b/c?d=e", "internationalisation", "(so)", "[SEP]"]
GAPS = [
    " ",
    " ",
    " ",
    "\n",
    "\n\n",
    "\f",
    "\n\n\f",
    "\t",
    "\r\n",
    "\n- ",
    "\n# ",
    "\n```\n",
    "\n| ",
]
words = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), max_size=150)
texts = st.one_of(
    words.map(lambda pairs: "".join(word + gap for word, gap in pairs)),
    st.text(st.characters(codec="utf-8"), max_size=400),
    st.text(st.sampled_from("a. \n\f\0\u0301\u200d*_[]()#`|é漢。ก🙂한-"), max_size=600),
)


def chunks(text: str, most: int = 40, overlap: int = 0, *, markdown: bool = False) -> list[str]:
    return [text[start:end] for start, end, _ in CUTTER.cut(text, most, overlap, markdown=markdown)]


def truly(text: str) -> int:
    """Count the tokens of a whole text at once, as the model does."""
    return len(TOKENIZER.encode(unpaged(text), add_special_tokens=False))


@given(texts, st.integers(8, 60), st.booleans())
@settings(max_examples=150)
def test_chunks_hold_all_that_has_tokens_and_no_more_than_allowed(
    text: str, most: int, markdown: bool
) -> None:
    end = 0
    for start, after, tokens in CUTTER.cut(text, most, 0, markdown=markdown):
        chunk = text[start:after]
        assert chunk == chunk.strip() != ""
        assert tokens == truly(chunk) <= most
        assert start >= end
        assert truly(text[end:start]) == 0
        end = after
    assert truly(text[end:]) == 0


@given(words.map(lambda pairs: "".join(w + g for w, g in pairs)), st.booleans())
@settings(max_examples=100)
def test_no_word_is_cut(text: str, markdown: bool) -> None:
    ends = {end for _, end, _ in CUTTER.cut(text, 24, 0, markdown=markdown)}
    blank_or_end = {match.end() for match in re.finditer(r"\S+", text)}
    assert ends <= blank_or_end


@given(texts, st.integers(1, 20))
@settings(max_examples=60)
def test_no_more_is_shared_than_asked_for(text: str, overlap: int) -> None:
    found = CUTTER.cut(text, 24, overlap, markdown=False)
    assert all(tokens <= 24 for _, _, tokens in found)
    for (start, end, _), (following, after, _) in itertools.pairwise(found):
        assert start < following and end < after
        if following < end:
            assert truly(text[following:end]) <= overlap


@given(texts, st.booleans())
def test_covering_changes_no_length_and_no_line_that_stands(text: str, markdown: bool) -> None:
    text = unpaged(text)
    shown = covered(text, markdown=markdown)
    assert len(shown) == len(text)
    assert truly(shown) == truly(text)


@given(texts)
def test_sections_and_windows_are_the_whole_text(text: str) -> None:
    for spans in (sections(text), windows(text * 40)):
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
        assert "".join((text * 40)[start:end] for start, end in spans).startswith(text)


SENTENCES = [f"The ferry of day {day} carried {day * 3} lorries over." for day in range(1, 60)]


def test_overlap_repeats_the_end_of_the_chunk_before() -> None:
    text = " ".join(SENTENCES)
    found = CUTTER.cut(text, 60, 20, markdown=False)
    shared = [before[1] - after[0] for before, after in itertools.pairwise(found)]
    assert all(count > 0 for count in shared)


@pytest.mark.parametrize("markdown", [False, True])
def test_wrapped_lines_do_not_end_a_chunk_amid_a_sentence(markdown: bool) -> None:
    words, lines = " ".join(SENTENCES).split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 70:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    found = chunks("\n".join(lines), markdown=markdown)
    assert len(found) > 10
    assert all(chunk.endswith("over.") for chunk in found)


def test_neither_a_title_nor_a_link_ends_a_chunk() -> None:
    told = [f"On day {day} Dr. **Ada** B. Berg saw [the pier](p/{day}) again." for day in range(50)]
    assert all(chunk.endswith("again.") for chunk in chunks(" ".join(told), markdown=True))


@pytest.mark.parametrize(
    ("heading", "markdown"), [("Opening hours\n", False), ("## Opening hours\n\n", True)]
)
def test_a_heading_stays_with_what_it_heads(heading: str, markdown: bool) -> None:
    text = "\n".join(heading + " ".join(SENTENCES[at : at + 5]) for at in range(0, 50, 5))
    with_heading = [chunk for chunk in chunks(text, 50, markdown=markdown) if "Opening" in chunk]
    assert len(with_heading) == 10
    assert all(chunk.startswith(heading.strip()) for chunk in with_heading)
    assert all("ferry" in chunk for chunk in with_heading)


def test_rows_of_a_table_stay_whole() -> None:
    rows = [f"{row},lamp {row},{row * 7} crowns" for row in range(200)]
    assert {line for chunk in chunks("\n".join(rows)) for line in chunk.split("\n")} == set(rows)


def test_a_chunk_spans_pages_only_with_a_sentence() -> None:
    apart = " ".join(SENTENCES[:3])
    assert chunks(f"{apart}\f{apart}", 200) == [apart, apart]
    running = "The ferry that left in the morning was seen again\fby nobody at all."
    assert chunks(running, 200) == [running]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 30_000,
        "語" * 30_000,
        "👩‍👩‍👧" * 5_000,
        "ภาษาไทย" * 4_000,
        "a" + "\u0301" * 30_000,
        "." * 30_000,
    ],
)
def test_text_without_blanks_is_cut_all_the_same(text: str) -> None:
    found = CUTTER.cut(text, 160, 0, markdown=False)
    assert max(end - start for start, end, _ in found) <= 1600
    assert all(tokens == truly(text[start:end]) <= 160 for start, end, tokens in found)


@pytest.mark.parametrize("text", ["", " \n\f\t ", "\0" * 1000, "\u200b"])
def test_nothing_is_made_of_nothing(text: str) -> None:
    assert CUTTER.cut(text, 160, 0, markdown=False) == []
