"""Answers that were made elsewhere, as every format's reader gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from lab.interop.files import ImportProblem
from lab.interop.source import Note
from store.records import Expectation, Rung, Usage, Verdict

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer made elsewhere. What a file does not say is empty or None, never a guess.

    `where` names its place in the file, such as “line 7”. The case is found by `key`, its
    id; without one by `prompt` and the `messages` before it. `expectation` and `messages`
    serve where the case is new. `epoch` counts from 1; None is the next one of its case.
    A `rating` labels the answer that is stored already, and only without one is `answer`
    (None where the row has none) taken for it.
    `error` says why there is no answer; such a row is counted and not stored. Times are in
    seconds, cost in US dollars. `model` is what was asked for, `resolved_model` what the
    server named, `provider` who served it.
    """

    where: str
    answer: str | None
    key: str = ""
    prompt: str = ""
    messages: tuple[dict[str, str], ...] = ()
    expectation: Expectation = field(default_factory=Expectation)
    rung: Rung | None = None
    provider: str = ""
    model: str = ""
    resolved_model: str = ""
    system: str = ""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    epoch: int | None = None
    label: Verdict | None = None
    label_reason: str = ""
    note: str = ""
    rating: bool = False
    reasoning: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    first_token_s: float | None = None
    latency_s: float | None = None
    finish_reason: str = ""
    answered_at: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """What a file holds. `unknown` are names of columns or keys that were not used."""

    name: str
    format: str
    rows: tuple[AnswerRow, ...]
    unknown: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def refuse(where: str, name: str, reason: str) -> NoReturn:
    """Raise the ImportProblem that names a place in a file and the reason."""
    short = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
    raise ImportProblem(f"{where[:1].upper()}{where[1:]} of {name}: {short}.")
