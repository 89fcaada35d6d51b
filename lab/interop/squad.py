"""SQuAD's nesting, v1.1 and v2.0: articles of paragraphs with questions on each.

A paragraph's context becomes a document of the session, a question becomes a case, and the
place of an answer in its context becomes evidence (Rajpurkar et al. 2016, 2018). The flat rows
in which the same data sets are handed on, with `answers` as two lists, are read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import cast

from lab.grading.lists import join_list
from lab.interop.files import ImportProblem, Refused, at
from lab.interop.notes import Notes
from lab.interop.reading import Reading, read_cases
from lab.interop.rows import Row, first_rows, rows, whole
from lab.interop.source import ImportResult, Source, Wishes
from lab.interop.values import kind, text
from store.records import Assertion, CaseDraft, Evidence, Expectation

NAME = "squad"
TITLE = "SQuAD (v1.1 and v2.0)"

UNANSWERABLE = "The documents do not answer this question; a right answer says so."
_RUBRIC = "The answer says that the question cannot be answered from the text, and gives no answer."
_HEAD = 20_000

Place = int | str
Answer = tuple[str, int | None]


def matches(source: Source) -> bool:
    """Tell SQuAD's nesting from the keys at the beginning, or its flat rows."""
    head = source.text[:_HEAD].lstrip()
    if head.startswith("{") and '"paragraphs"' in head and '"data"' in head:
        return True
    return head[:1] in ("{", "[") and any(_is_flat(row) for row in first_rows(source))


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read a SQuAD file. Raises ImportProblem with the place, such as `data[0].paragraphs[2]`.

    Raises Stopped where the progress does.
    """
    if wishes.columns:
        raise ImportProblem("SQuAD's names are fixed, so --map has no use; leave it out.")
    reading = Reading(source.name, wishes, {}, about=source.text.count('"question"'))
    flat = any(_is_flat(row) for row in first_rows(source)[:1])
    questions = rows(source) if flat else _questions(whole(source), source.name)
    return read_cases(reading, questions, NAME, lambda row: _case(row, reading))


def _is_flat(row: Row) -> bool:
    answers = row.get("answers")
    return isinstance(answers, dict) and "text" in answers and {"context", "question"} <= row.keys()


def _questions(value: object, file: str) -> Iterator[tuple[Place, Row]]:
    """Yield every question with its context and title; raises ImportProblem with the place."""
    if not isinstance(value, dict):
        raise ImportProblem(f"{file} is {kind(value)}, and must be an object with data.")
    for in_data, article in _each(cast(Row, value), "data", "", file):
        for in_article, paragraph in _each(article, "paragraphs", in_data, file):
            beside = {"context": paragraph.get("context"), "title": article.get("title")}
            for place, question in _each(paragraph, "qas", in_article, file):
                yield place, {**question, **beside}


def _each(fields: Row, name: str, outer: str, file: str) -> Iterator[tuple[str, Row]]:
    """Yield the objects of a list, each with its place. Raises ImportProblem with the place."""
    items = fields.get(name)
    if not isinstance(items, list):
        reason = "there is no" if items is None else f"it has {kind(items)}, not a list, as its"
        at(outer or "The whole", file, f"{reason} {name}")
    for number, item in enumerate(cast("list[object]", items)):
        place = f"{outer}.{name}[{number}]" if outer else f"{name}[{number}]"
        if not isinstance(item, dict):
            at(place, file, f"it is {kind(item)}, and must be an object")
        yield place, cast(Row, item)


def _case(row: Row, reading: Reading) -> CaseDraft:
    prompt, context = _needed(row, "question"), _needed(row, "context")
    key = text(row.get("id"), "id").strip()
    title = text(row.get("title"), "title").replace("_", " ").strip() or "Text"
    document = reading.contexts.add(context, title)
    flat, answers = isinstance(row.get("answers"), dict), _answers(row.get("answers"))
    impossible = row.get("is_impossible", flat and not answers)
    if not isinstance(impossible, bool):
        raise Refused(f"is_impossible is {kind(impossible)}, and must be true or false")
    if not impossible:
        evidence = _evidence(answers, context, document, reading.notes)
        return CaseDraft(prompt, key, _expectation(answers), evidence=evidence)
    if row.get("plausible_answers"):
        reading.notes.add("plausible answers to unanswerable questions are not used")
    says_so = Expectation(UNANSWERABLE, (Assertion("llm-rubric", _RUBRIC),))
    return CaseDraft(prompt, key, says_so, tags=("unanswerable",))


def _answers(value: object) -> list[Answer]:
    """Return the texts of the answers and where they begin: a list of objects, or two lists."""
    if isinstance(value, dict):
        fields = cast(Row, value)
        given, starts = _list(fields, "text"), _list(fields, "answer_start")
        return [_answer(*pair) for pair in zip_longest(given, starts[: len(given)])]
    found: list[Answer] = []
    for item in _list({"answers": value}, "answers"):
        if not isinstance(item, dict):
            raise Refused(f"answers holds {kind(item)}, and must hold objects")
        fields = cast(Row, item)
        found.append(_answer(fields.get("text"), fields.get("answer_start")))
    return found


def _answer(given: object, start: object) -> Answer:
    if not isinstance(given, str):
        raise Refused(f"an answer's text is {kind(given)}, and must be text")
    if start is not None and (isinstance(start, bool) or not isinstance(start, int)):
        raise Refused(f"answer_start is {kind(start)}, and must be a whole number")
    return given, start


def _expectation(answers: list[Answer]) -> Expectation:
    distinct: dict[str, str] = {}
    for given, _ in answers:
        distinct.setdefault(given.strip().casefold(), given.strip())
    texts = [each for each in distinct.values() if each]
    if len(texts) < 2:
        return Expectation(texts[0] if texts else "")
    return Expectation("", (Assertion("icontains-any", join_list(texts)),))


def _evidence(
    answers: list[Answer], context: str, document: str, notes: Notes
) -> tuple[Evidence, ...]:
    """Return where the answers stand; an offset that is wrong is put right by a search."""
    found: dict[tuple[int, int], Evidence] = {}
    for given, start in answers:
        if not given.strip():
            continue
        place = start if start is not None and start >= 0 else 0
        if start is None or start < 0 or not context.startswith(given, place):
            place = min(_places(given, context), key=lambda at: abs(at - place), default=-1)
            if place < 0:
                notes.add("an answer does not stand in its text, so it is no evidence")
                continue
            if start is not None:
                notes.add("an answer's offset was wrong and is put right")
        end = place + len(given)
        found[place, end] = Evidence(document, None, place, end, given)
    return tuple(found.values())


def _places(part: str, whole: str) -> Iterator[int]:
    place = whole.find(part)
    while place >= 0:
        yield place
        place = whole.find(part, place + 1)


def _list(fields: Row, name: str) -> list[object]:
    value = fields.get(name)
    if value is not None and not isinstance(value, list):
        raise Refused(f"{name} is {kind(value)}, and must be a list")
    return cast("list[object]", value or [])


def _needed(fields: Row, name: str) -> str:
    value = fields.get(name)
    if value is None:
        raise Refused(f"there is no {name}")
    if not isinstance(value, str):
        raise Refused(f"{name} is {kind(value)}, and must be text")
    if not value.strip():
        raise Refused(f"the {name} is empty")
    return value
