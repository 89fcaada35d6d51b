"""How an answer is read with all that stands for it: label, grade, judgement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from store.grades import LABEL
from store.records import Answer, Judgement, Usage

# A judgement is shown with its answer whether it counts or not.
ANSWER = (
    "SELECT a.id, a.run_id, a.variant_id, a.case_id, a.revision_id, a.epoch, a.attempt,"
    " a.status, a.text, a.reasoning, a.error, a.model, a.prompt_tokens, a.completion_tokens,"
    " a.reasoning_tokens, a.cached_tokens, a.cost_usd, a.first_token_s, a.latency_s,"
    " a.started_at, a.sent_hash, a.answer_hash, a.finish_reason,"
    f" {LABEL}, g.verdict, g.checks,"
    " j.id, j.verdict, j.score, j.reason, judge.model, s.judge_trusted, j.checks"
    " FROM answers AS a JOIN runs AS r ON r.id = a.run_id JOIN sessions AS s ON s.id = r.session_id"
    " LEFT JOIN grades AS g ON g.answer_id = a.id AND g.grader = 'assertions'"
    " LEFT JOIN judgements AS j ON j.revision_id = a.revision_id"
    " AND j.answer_hash = a.answer_hash AND j.judge_id = s.judge_id"
    " LEFT JOIN variants AS judge ON judge.id = j.judge_id "
)
_AFTER_USAGE = (
    "cost_usd",
    "first_token_s",
    "latency_s",
    "started_at",
    "sent_hash",
    "answer_hash",
    "finish_reason",
)


def answer_of(row: Sequence[Any]) -> Answer:
    """Return the answer of a row that `ANSWER` selects."""
    label, grade, checks = row[23:26]
    return Answer(
        *row[:12],
        usage=Usage(*row[12:16]),
        **dict(zip(_AFTER_USAGE, row[16:23], strict=True)),
        label=label,
        grade=grade,
        checks=_checks(checks),
        judgement=_judgement(row[26:]),
    )


def _judgement(row: Sequence[Any]) -> Judgement | None:
    found, verdict, score, reason, model, trusted, checks = row
    if found is None:
        return None
    return Judgement(verdict, score, reason, model, bool(trusted), _checks(checks))


def _checks(text: str | None) -> tuple[tuple[str, str, bool, str], ...]:
    return tuple((c[0], c[1], c[2], c[3]) for c in json.loads(text or "[]"))
