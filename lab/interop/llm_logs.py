"""Answers from the logs of the command-line tool `llm` (its file `logs.db`).

A prompt with fragments had texts put into its context by hand, so its answer is on the
rung `context`, and the case's prompt is what was typed. What was asked about a file, a
picture or a tool's result is left out: the text alone is another question.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from lab.interop.answers import AnswerFile, AnswerRow
from lab.interop.files import ImportProblem
from store import llm_logs
from store.records import Usage


def read_logs(path: Path) -> AnswerFile:
    """Read every answer of a `logs.db`, of any version. Raises ImportProblem, StoreError."""
    logged = llm_logs.read(path)
    if not logged:
        raise ImportProblem(f"{path.name} is a log of llm without any answer.")
    return AnswerFile(path.name, "llm", tuple(_row(each) for each in logged))


def _row(logged: llm_logs.Logged) -> AnswerRow:
    prompt, fragments = logged.prompt, logged.fragments
    if not prompt.strip():
        prompt, fragments = "\n".join(fragments), ()
    details = _object(logged.details)
    return AnswerRow(
        where=f"answer {logged.id}",
        answer=logged.answer,
        prompt=prompt,
        messages=logged.messages,
        rung="context" if fragments else None,
        model=logged.model,
        resolved_model=logged.resolved_model,
        system=logged.system,
        parameters=_object(logged.options),
        reasoning=logged.reasoning,
        usage=Usage(
            logged.input_tokens,
            logged.output_tokens,
            _count(details, "completion_tokens_details", "reasoning_tokens"),
            _count(details, "prompt_tokens_details", "cached_tokens"),
        ),
        latency_s=None if logged.duration_ms is None else logged.duration_ms / 1000,
        answered_at=_seconds(logged.datetime),
        error=_lack(logged, prompt),
    )


def _lack(logged: llm_logs.Logged, prompt: str) -> str:
    if logged.extras:
        return "asked with files, pictures or tool results"
    if not prompt.strip():
        return "asked without a prompt"
    return "" if logged.answer.strip() else "without any text as their answer"


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _count(details: dict[str, Any], group: str, name: str) -> int | None:
    inner = details.get(group)
    value = cast("dict[str, Any]", inner).get(name) if isinstance(inner, dict) else None
    return value if isinstance(value, int) and value >= 0 else None


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
