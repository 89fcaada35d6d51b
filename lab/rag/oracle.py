"""Oracle context: what the rung rag failed, asked again with the evidence pasted in.

It parts what retrieval did not find from what the model cannot do, and tells how far
perfect retrieval could bring the rung. What it asks is a variant of its own, kept as any
other is, that never stands on the ladder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lab.ladder.standing import chosen
from lab.prompt import assemble, sent_hash
from lab.rag.evaluation import Questions, Unplaced, placed_questions
from lab.rag.locating import EvidenceProblem, SearchedText, locate, named, page_of
from lab.rag.measures import Span, joined, share_found
from lab.statistics.rates import Rate, rate_of
from store import answer_chunks, documents, runs
from store.database import Connection
from store.errors import NotFound
from store.library_records import Chunk, Found, Passage, Retrieval
from store.outcomes import Outcome, outcomes
from store.records import SCORE, Case, CaseDraft, Document, Variant, Verdict

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.run import Run

REACH = 500
"""How many characters of its paragraph are pasted in on either side of the evidence."""

Why = Literal["not_retrieved", "still_wrong", "no_evidence", "waiting"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer of the rung rag that is wrong or partly right, and why.

    `found` is the share of the evidence, 0 to 1, that was sent with the question, None where
    the case has none that could be placed. `oracle` is the verdict on the answer with the
    evidence pasted in, None where there is none yet.

    `not_retrieved`: not all of the evidence was sent, and with it the answer is right.
    `still_wrong`: the evidence was sent, or was pasted in to no avail. `no_evidence`: no
    evidence is known. `waiting`: the oracle's answer has no verdict yet, or did not come.
    """

    case: Case
    answer_id: int
    verdict: Verdict
    found: float | None
    oracle: Verdict | None
    why: Why


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a variant of the rung rag fails, over the test cases.

    `rate` is where it stands. `ceiling` is where it would stand at best if retrieval gave
    the evidence and nothing else: failures without known evidence stay failures in it, and
    what an answer gains by being asked once more is in it too.
    """

    variant: Variant
    failures: tuple[Failure, ...]
    unplaced: tuple[Unplaced, ...]
    rate: Rate | None
    ceiling: Rate | None


async def rag_variant(desk: Desk) -> Variant:
    """Return the variant that stands for the rung rag on the ladder. Raises NotFound."""
    standing = chosen(await desk.standings()).get("rag")
    if standing is None:
        raise NotFound("The rung rag has not been run yet; run it with `litmus run --rung rag`.")
    return standing.variant


def oracle_of(variant: Variant) -> Variant:
    """Return the variant that asks as this one does, but is given the evidence itself.

    How the store is searched makes no difference to it, so that all variants that differ
    in that alone share its answers.
    """
    return replace(variant, id=0, documents=(), retrieval=Retrieval(oracle=True))


async def ask(desk: Desk, variant: Variant, *, cap_usd: float | None = None) -> Run | None:
    """Prepare to ask what `variant` failed with the evidence pasted in; None if all is there.

    A failure is asked again when its evidence is another than when it was last asked.
    """
    oracle = await desk.stored_variant(oracle_of(variant))
    known = await placed_questions(desk)
    failed = {each.case_id for each in await _outcomes(desk, variant) if _is_failure(each)}
    answered = await _answered(desk, oracle, known)
    cases = [
        question.case
        for question in known.placed
        if question.case.id in failed and question.case.id not in answered
    ]
    if not cases:
        return None
    return await desk.ask(cases, oracle, fresh=True, cap_usd=cap_usd)


async def diagnose(desk: Desk, variant: Variant) -> Diagnosis:
    """Split the failures of a variant of the rung rag by what is known of them now."""
    oracle = await desk.stored_variant(oracle_of(variant))
    known = await placed_questions(desk)
    cases = {case.id: case for case in await desk.cases_to_ask()}
    evidence = {question.case.id: question.evidence for question in known.placed}
    verdicts = await _answered(desk, oracle, known)
    found = await _outcomes(desk, variant)
    failures = [
        _failure(
            cases[outcome.case_id],
            outcome,
            await _share(desk, outcome, evidence.get(outcome.case_id, ()), known.texts),
            verdicts.get(outcome.case_id),
        )
        for outcome in found
        if _is_failure(outcome)
    ]
    now, best = _scores(found, {}), _scores(found, verdicts)
    failed = {failure.case.id for failure in failures}
    unplaced = tuple(item for item in known.unplaced if item.case.id in failed)
    return Diagnosis(variant, tuple(failures), unplaced, rate_of(now), rate_of(best))


async def evidence_passages(desk: Desk, case: CaseDraft) -> list[Passage]:
    """Return a case's evidence as the passages that are pasted in, in its order.

    Each span comes with what is around it in its paragraph, at most `REACH` characters on
    either side: bare, a short answer would be given away. Raises EvidenceProblem where the
    evidence cannot be placed.
    """
    wanted = {
        document.sha256: document
        for each in case.evidence
        for document in named(desk.documents, each.document)
    }
    texts = {sha256: await desk.database.read(documents.text, sha256) for sha256 in wanted}
    return await asyncio.to_thread(_passages, case, wanted, texts)


def _passages(
    case: CaseDraft, library: Mapping[str, Document], texts: Mapping[str, str]
) -> list[Passage]:
    searched = {sha256: SearchedText(text) for sha256, text in texts.items()}
    spans = [locate(each, list(library.values()), searched) for each in case.evidence]
    if not spans:
        raise EvidenceProblem("The case names no evidence that could be pasted in.")
    wide = [
        Span(span.document, *_paragraph(texts[span.document], span.start, span.end))
        for span in spans
    ]
    passages: list[Passage] = []
    for sha256, pieces in joined(wide).items():
        document, text = library[sha256], texts[sha256]
        for start, end in pieces:
            number = len(passages) + 1
            page = page_of(document, start)
            chunk = Chunk(0, sha256, 0, page, start, end, 0, text[start:end])
            found = Found(number, document.name, chunk, 1.0)
            passages.append(
                Passage(number, document.name, sha256, page, start, end, chunk.text, (found,))
            )
    return passages


def _paragraph(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a span widened to its paragraph, or to the last whole word within reach."""
    low, high = max(0, start - REACH), min(len(text), end + REACH)
    before, after = text[low:start], text[end:high]
    if "\n\n" in before:
        before = before[before.rindex("\n\n") + 2 :]
    elif low > 0:
        before = before[len(before) - len(before.partition(" ")[2]) :]
    if "\n\n" in after:
        after = after[: after.index("\n\n")]
    elif high < len(text):
        after = after.rpartition(" ")[0]
    return start - len(before), end + len(after)


async def _outcomes(desk: Desk, variant: Variant) -> list[Outcome]:
    return await desk.database.read(_read_outcomes, desk.session.id, variant)


def _read_outcomes(connection: Connection, session_id: int, variant: Variant) -> list[Outcome]:
    stored = runs.find_variant(connection, variant)
    return outcomes(connection, session_id, stored.id) if stored else []


async def _answered(desk: Desk, oracle: Variant, known: Questions) -> dict[int, Verdict | None]:
    """Return the verdicts, by case, on the answers to the evidence as it is now."""
    drafts = {question.case.id: question.case.draft for question in known.placed}
    answered: dict[int, Verdict | None] = {}
    for outcome in await _outcomes(desk, oracle):
        draft = drafts.get(outcome.case_id)
        if draft is None:
            continue
        given = await evidence_passages(desk, draft)
        messages = assemble(draft, system=oracle.system, passages=given)
        if sent_hash(messages) == outcome.sent_hash:
            answered[outcome.case_id] = outcome.verdict
    return answered


async def _share(
    desk: Desk, outcome: Outcome, evidence: Sequence[Span], texts: Mapping[str, str]
) -> float | None:
    """Return how much of the evidence was sent for an answer; None without any."""
    if not evidence:
        return None
    sent = await desk.database.read(answer_chunks.of, outcome.answer_id)
    return share_found(evidence, (Span(each.sha256, each.start, each.end) for each in sent), texts)


def _failure(case: Case, outcome: Outcome, found: float | None, oracle: Verdict | None) -> Failure:
    assert outcome.verdict is not None
    why: Why = "still_wrong"
    if found is None:
        why = "no_evidence"
    elif found < 1:
        why = "waiting" if oracle is None else "not_retrieved" if oracle == "pass" else why
    return Failure(case, outcome.answer_id, outcome.verdict, found, oracle, why)


def _is_failure(outcome: Outcome) -> bool:
    return outcome.verdict in ("fail", "partial")


def _scores(found: Sequence[Outcome], instead: Mapping[int, Verdict | None]) -> list[list[float]]:
    """Return the scores of each case's answers, those of failures at least the oracle's."""
    by_case: dict[int, list[float]] = {}
    for outcome in found:
        if outcome.verdict is not None:
            other = instead.get(outcome.case_id)
            best = max(SCORE[outcome.verdict], SCORE[other] if other else 0.0)
            by_case.setdefault(outcome.case_id, []).append(best)
    return list(by_case.values())
