"""Measuring retrieval by itself: what it finds of the evidence that the cases name."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from lab.rag.locating import EvidenceProblem, SearchedText, locate, named
from lab.rag.measures import DEPTHS, Measures, Scores, Span, measure, score
from store import documents
from store.library_records import Found, Indexing, Mode, Retrieval
from store.records import Case, Document, Split

if TYPE_CHECKING:
    from lab.desk import Desk

BATCH = 32
"""How many questions are embedded and searched for at a time."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Question:
    """A case with evidence, placed in the documents as they are now."""

    case: Case
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A case that is left out, since not all of its evidence could be placed; and why."""

    case: Case
    reason: str


@dataclass(frozen=True, slots=True)
class Questions:
    """The cases that can be measured, and those that name evidence and cannot.

    `without` is how many name no evidence; `texts` has the documents' texts by sha256.
    """

    placed: tuple[Question, ...]
    unplaced: tuple[Unplaced, ...]
    without: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to retrieve, and how it did; `scores` are the questions', in their order.

    `not_stored` are the cases whose evidence is in a document that this store lacks: they
    count as not found, as far as they are.
    """

    retrieval: Retrieval
    measures: Measures
    scores: tuple[Scores, ...]
    not_stored: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Ways to retrieve, measured on the same questions at the same depths."""

    questions: Questions
    depths: tuple[int, ...]
    trials: tuple[Trial, ...]


async def evaluate(
    desk: Desk,
    retrievals: Sequence[Retrieval],
    *,
    split: Split | None = "test",
    depths: Sequence[int] = DEPTHS,
    progress: Tell | None = None,
) -> Evaluation:
    """Search for every case's prompt in each way, and measure what is found of the evidence.

    Recall is looked at in the first k chunks, for each k of `depths`, whatever `retrieval.k`
    is; MRR in as many as the greatest of them. `progress` is told how many questions of all
    are done, each store's counted. Nothing is kept, so it can be cancelled at any time.
    Raises NotPromoted where the session has no such store, and what embedding raises.
    """
    questions = await placed_questions(desk, split)
    depths = tuple(sorted(set(depths)))
    by_indexing: defaultdict[Indexing, list[Retrieval]] = defaultdict(list)
    for retrieval in retrievals:
        by_indexing[retrieval.indexing].append(retrieval)
    total = len(by_indexing) * len(questions.placed)
    scores: dict[Retrieval, list[Scores]] = {retrieval: [] for retrieval in retrievals}
    for begun, alike in zip(count(0, len(questions.placed)), by_indexing.values(), strict=False):
        for at in range(0, len(questions.placed), BATCH):
            batch = questions.placed[at : at + BATCH]
            found = await _search(desk, batch, alike, depths[-1])
            for retrieval in alike:
                scores[retrieval] += await asyncio.to_thread(
                    _scores, batch, found[retrieval.mode], questions.texts, depths
                )
            if progress is not None:
                progress(begun + at + len(batch), total)
    trials = tuple(
        Trial(
            each,
            measure(scores[each], depths),
            tuple(scores[each]),
            _not_stored(questions, desk.documents, each),
        )
        for each in retrievals
    )
    return Evaluation(questions, depths, trials)


async def placed_questions(desk: Desk, split: Split | None = "test") -> Questions:
    """Return the cases of a split with their evidence placed in the session's documents.

    A case counts only where all of its evidence stands somewhere: half of it would be
    easier to find than the whole.
    """
    cases = await desk.cases_to_ask(split)
    with_evidence = [case for case in cases if case.draft.evidence]
    wanted = {
        document.sha256
        for name in {each.document for case in with_evidence for each in case.draft.evidence}
        for document in named(desk.documents, name)
    }
    texts = {sha256: await desk.database.read(documents.text, sha256) for sha256 in wanted}
    placed, unplaced = await asyncio.to_thread(_place, with_evidence, desk.documents, texts)
    return Questions(placed, unplaced, len(cases) - len(with_evidence), texts)


def _place(
    cases: Sequence[Case], library: Sequence[Document], texts: Mapping[str, str]
) -> tuple[tuple[Question, ...], tuple[Unplaced, ...]]:
    searched = {sha256: SearchedText(text) for sha256, text in texts.items()}
    placed: list[Question] = []
    unplaced: list[Unplaced] = []
    for case in cases:
        try:
            spans = tuple(locate(each, library, searched) for each in case.draft.evidence)
        except EvidenceProblem as problem:
            unplaced.append(Unplaced(case, str(problem)))
        else:
            placed.append(Question(case, spans))
    return tuple(placed), tuple(unplaced)


async def _search(
    desk: Desk, questions: Sequence[Question], retrievals: Sequence[Retrieval], n: int
) -> dict[Mode, list[list[Found]]]:
    """Search one store for each question in every mode; each question is embedded once."""
    from lab.rag.retrieve import search_modes

    prompts = [each.case.prompt for each in questions]
    return await search_modes(desk, prompts, retrievals[0], [each.mode for each in retrievals], n=n)


def _scores(
    questions: Sequence[Question],
    found: Sequence[Sequence[Found]],
    texts: Mapping[str, str],
    depths: Sequence[int],
) -> list[Scores]:
    return [
        score(question.evidence, [span_of(each) for each in chunks], texts, depths)
        for question, chunks in zip(questions, found, strict=True)
    ]


def span_of(found: Found) -> Span:
    """Return where a chunk that was found stands."""
    return Span(found.chunk.sha256, found.chunk.start, found.chunk.end)


def _not_stored(
    questions: Questions, library: Sequence[Document], retrieval: Retrieval
) -> tuple[Case, ...]:
    key = retrieval.indexing.key
    stored = {document.sha256 for document in library if key in document.promoted}
    return tuple(
        question.case
        for question in questions.placed
        if any(span.document not in stored for span in question.evidence)
    )
