"""Taking in answers that were made elsewhere, so that the ladder can be climbed on them.

They are answers like others: graded by the same assertions, labelled, counted in their
rung's rate and in its cost per answer. What differs: nobody is asked, nothing was spent in
this session, and their variant's provider is `imported`.

The file's answer for an epoch is the newest of that epoch, and the newest counts; the one
before it is kept. An answer that is the newest already, word for word and with the same
cost and time, is passed over, so that a file can be imported again after it has grown. A
label in the file never replaces a verdict that stands here.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab.desk import Desk
from lab.grading.assertions import grade
from lab.imports.matching import Given, Matching, Placed
from lab.interop.answers import AnswerFile, AnswerRow
from lab.interop.files import ImportProblem
from lab.judge.trust import retrust
from store import benchmarks, imported, labels, runs
from store.database import Connection
from store.imported import ImportedAnswer, Kept
from store.records import Case, Variant, answer_hash

# A label: the case (stored, or the index of a new one), the answer's hash, and the verdict.
_Label = tuple[Case | int, str, AnswerRow]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do.

    `answers` are new, `known` were there already, `replaced` of the new ones take the place
    of an earlier one. `cases` are the benchmark's that got answers, `new_cases` were made.
    `skipped` were left out; `notes` say why, and what else a person should know.
    """

    format: str
    answers: int
    known: int
    replaced: int
    cases: int
    new_cases: int
    labels: int
    skipped: int
    variants: tuple[tuple[Variant, int], ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Plan:
    """What is to be stored, with what it was made from."""

    matching: Matching
    fresh: list[tuple[Placed, runs.Finish]]
    labels: list[_Label]
    known: int = 0
    replaced: int = 0


async def import_answers(
    desk: Desk, file: AnswerFile, given: Given, *, dry_run: bool = False
) -> Outcome:
    """Take a file's answers into a session: all of them or none, in one transaction.

    `dry_run` stores nothing and tells what would be. Raises ImportProblem, naming the place
    in the file, for an answer that belongs nowhere.
    """
    read, session_id = desk.database.read, desk.session.id
    cases = await read(benchmarks.cases, session_id)
    gone = await read(imported.gone, session_id)
    matching = Matching(file, given, cases, gone)
    await asyncio.to_thread(matching.place)
    judged = await read(_judged, session_id, matching, given)
    kept = await read(_kept, matching.variants)
    plan = await asyncio.to_thread(_planned, matching, kept)
    plan.labels += judged
    await read(_leave_standing, plan)
    if not dry_run and (plan.fresh or plan.labels):
        await desk.database.write(_store, session_id, plan)
    return _outcome(file, plan)


def _judged(
    connection: Connection, session_id: int, matching: Matching, given: Given
) -> list[_Label]:
    """Return the labels that ratings give to stored answers; place a rating's own answer."""
    if not matching.ratings:
        return []
    rated = [
        (variant, imported.newest(connection, variant.id))
        for variant in runs.variants_of(connection, session_id)
        if given.rung in (None, variant.rung) and given.model in ("", variant.model)
    ]
    found: list[_Label] = []
    used = set[str]()
    for row, case in matching.ratings:
        here = [
            (variant.hash, kept.answer_hash)
            for variant, answers in rated
            for (revision_id, epoch), kept in answers.items()
            if revision_id == case.revision_id and row.epoch in (None, epoch)
        ]
        used.update(name for name, _ in here)
        found += [(case, hashed, row) for _, hashed in here if row.label]
        if not here and row.answer is not None:
            matching.place_rating(row, case)
        elif not here:
            matching.skipped["ratings of cases without an answer"] += 1
    if len(used) > 1:
        raise ImportProblem(
            "These ratings could be of several models' answers; name one with --rung and --model."
        )
    return found


def _kept(connection: Connection, variants: Sequence[Variant]) -> list[dict[tuple[int, int], Kept]]:
    """Return the newest stored answers of each variant."""
    stored = [runs.find_variant(connection, variant) for variant in variants]
    return [imported.newest(connection, item.id) if item else {} for item in stored]


def _planned(matching: Matching, kept: list[dict[tuple[int, int], Kept]]) -> _Plan:
    """Choose what is new, and grade it."""
    plan = _Plan(matching, [], [])
    stored = {id(variant): found for variant, found in zip(matching.variants, kept, strict=True)}
    for placed in matching.placed:
        row, case = placed.row, placed.case
        hashed = answer_hash(row.answer or "")
        if row.label:
            plan.labels.append((case, hashed, row))
        there = None
        if isinstance(case, Case):
            there = stored[id(placed.variant)].get((case.revision_id, placed.epoch))
        if there and _same(there, hashed, row):
            plan.known += 1
            continue
        plan.replaced += there is not None
        plan.fresh.append((placed, _finish(placed, matching)))
    return plan


def _same(kept: Kept, hashed: str, row: AnswerRow) -> bool:
    """Tell whether a row says nothing that is not stored; what it leaves out is no news."""
    pairs = (
        (row.cost_usd, kept.cost_usd),
        (row.first_token_s, kept.first_token_s),
        (row.latency_s, kept.latency_s),
        (row.usage.prompt, kept.prompt_tokens),
        (row.usage.completion, kept.completion_tokens),
    )
    return hashed == kept.answer_hash and all(new in (None, old) for new, old in pairs)


def _finish(placed: Placed, matching: Matching) -> runs.Finish:
    """Return an answer as it is stored, graded as a live one is."""
    row, text = placed.row, placed.row.answer or ""
    cost = row.cost_usd
    if cost is None and (cost := _price(placed)) is not None:
        matching.notes["costs are reckoned from the tokens and today's price list"] += 1
    end = runs.Finish(
        status="done",
        text=text,
        reasoning=row.reasoning,
        model=row.resolved_model or placed.variant.model,
        usage=row.usage,
        cost_usd=cost,
        first_token_s=row.first_token_s,
        latency_s=row.latency_s,
        finish_reason=row.finish_reason,
    )
    expectation = matching.expectation(placed.case)
    graded = grade(expectation, text, latency_s=row.latency_s, cost_usd=cost)
    if graded is None:
        return end
    return replace(end, grade=graded.verdict, checks=graded.rows())


def _price(placed: Placed) -> float | None:
    """Return what an answer cost by its tokens, where it is known who served the model."""
    served_by, usage = placed.variant.parameters.get("served_by"), placed.row.usage
    if not isinstance(served_by, str) or usage.prompt is None or usage.completion is None:
        return None
    from lab import prices

    return prices.cost(served_by, placed.row.resolved_model or placed.variant.model, usage)


def _leave_standing(connection: Connection, plan: _Plan) -> None:
    """Leave out the labels of answers that have a verdict here already."""
    wanted: dict[tuple[int, str], _Label] = {}
    for case, hashed, row in plan.labels:
        # A new case has no revision yet; its numbers go down from -1.
        key = (case.revision_id if isinstance(case, Case) else -1 - case, hashed)
        if key in wanted and wanted[key][2].label != row.label:
            plan.matching.notes["answers have two labels in the file; the last one counts"] += 1
        wanted[key] = (case, hashed, row)
    standing = imported.verdicts(connection, (key for key in wanted if key[0] > 0))
    plan.labels = [label for key, label in wanted.items() if key not in standing]
    for key, verdict in standing.items():
        if verdict != wanted[key][2].label:
            plan.matching.notes["labels differ from verdicts that stand here, and stay out"] += 1


def _store(connection: Connection, session_id: int, plan: _Plan) -> None:
    """Write new cases, answers with their grades, and labels."""
    made = benchmarks.add(connection, session_id, plan.matching.drafts)
    new = list(imported.revisions(connection, made))

    def place(case: Case | int) -> tuple[int, int]:
        return new[case] if isinstance(case, int) else (case.id, case.revision_id)

    benchmark, now = benchmarks.revision_hash(connection, session_id), time.time()
    by_variant: dict[int, list[ImportedAnswer]] = {}
    for placed, end in plan.fresh:
        answer = ImportedAnswer(
            *place(placed.case), placed.epoch, placed.row.answered_at or now, end
        )
        by_variant.setdefault(id(placed.variant), []).append(answer)
    for variant in plan.matching.variants:
        if answers := by_variant.get(id(variant)):
            stored = runs.keep_variant(connection, variant)
            imported.keep(connection, session_id, stored.id, benchmark, answers)
    for case, hashed, row in plan.labels:
        if row.label is not None:
            labels.add(
                connection,
                session_id,
                place(case)[1],
                hashed,
                row.label,
                reason=row.label_reason,
                note=row.note,
                source="import",
            )
    retrust(connection, session_id)


def _outcome(file: AnswerFile, plan: _Plan) -> Outcome:
    matching = plan.matching
    counts = Counter(id(placed.variant) for placed in matching.placed)
    notes = [f"{note.what} ({note.cases})" for note in file.notes]
    notes += [f"{count} {what}" for what, count in matching.notes.items()]
    notes += [f"{count} left out: {why}" for why, count in matching.skipped.items()]
    if file.unknown:
        notes.append("not understood: " + ", ".join(file.unknown))
    return Outcome(
        format=file.format,
        answers=len(plan.fresh),
        known=plan.known,
        replaced=plan.replaced,
        cases=len({placed.case.id for placed in matching.placed if isinstance(placed.case, Case)}),
        new_cases=len(matching.drafts),
        labels=len(plan.labels),
        skipped=sum(matching.skipped.values()),
        variants=tuple((variant, counts[id(variant)]) for variant in matching.variants),
        notes=tuple(notes),
    )
