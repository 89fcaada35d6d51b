"""What a local training is told: one JSON file, `spec.json`, in the job's folder.

The values that are used where none is given are those that worked, see docs/tuning.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from store.errors import PlainError

Schedule = Literal["constant", "linear", "cosine"]
SPEC = "spec.json"
_SCHEDULES = ("constant", "linear", "cosine")
_WHOLE: dict[str, tuple[int, int]] = {
    "rank": (1, 4096),
    "alpha": (1, 1_000_000),
    "batch": (1, 4096),
    "max_steps": (1, 10_000_000),
    "every": (1, 10_000_000),
    "patience": (1, 10_000),
    "warmup_steps": (0, 10_000_000),
    "validation_most": (0, 1_000_000),
    "answer_tokens": (1, 100_000),
    "seed": (0, 2**31 - 1),
    "threads": (1, 1024),
}
_NUMBER: dict[str, float] = {"learning_rate": 1.0, "target": 1.0}
_LONGEST_MINUTES = 1_000_000.0
SETTABLE = (
    *("rank", "alpha", "learning_rate", "schedule", "warmup_steps", "batch", "max_steps"),
    *("max_minutes", "every", "validation_most", "answer_tokens", "target", "patience"),
    *("threads", "accelerate"),
)
"""What a person may set; the rest follows from what is trained, and on what."""


class SpecProblem(PlainError):
    """A training cannot be done as it is specified; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One training.

    `base` is a GGUF file, a folder with a model, or a model's id on Hugging Face. `training`
    and `validation` are chat JSONL files, relative to the spec's folder; no validation is an
    empty name. `system` is put before conversations that have no system message.

    `rank` and `alpha` are LoRA's; `alpha / rank` is the adapter's scale. `learning_rate` is
    reached after `warmup_steps`, and then goes on by `schedule`. `batch` is in examples, for
    each step and process. `threads` are the CPU's. Once `max_minutes` were spent training, all
    its processes one after the other together, it ends with its best; 0 is no limit.

    Every `every` steps the model answers at most `validation_most` validation examples, each
    with at most `answer_tokens` tokens. Training stops early when the share of right answers
    reaches `target`, or when `patience` such looks in a row brought no better one after the
    first right answers. `assertions` are what the answer to each validation example, by its
    place, must satisfy in place of being word for word the expected one: `assertions` and
    perhaps a `threshold`, as `store.records.Expectation` has them, or nothing.

    `accelerate` names a configuration file for `accelerate launch`; empty is one process.
    """

    base: str
    training: str = "training.jsonl"
    validation: str = ""
    system: str = ""
    rank: int = 16
    alpha: int = 128
    learning_rate: float = 6e-4
    schedule: Schedule = "constant"
    warmup_steps: int = 8
    batch: int = 4
    max_steps: int = 200
    max_minutes: float = 0.0
    every: int = 20
    validation_most: int = 30
    answer_tokens: int = 64
    target: float = 0.95
    patience: int = 4
    seed: int = 0
    threads: int = 1
    accelerate: str = ""
    assertions: tuple[dict[str, Any], ...] = field(default=())

    def to_json(self) -> str:
        """Return it as the text of a spec file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def from_values(values: Mapping[str, Any]) -> Spec:
    """Return a spec from JSON-ready values. Raises SpecProblem for what it cannot be."""
    known = {each.name for each in fields(Spec)}
    if unknown := sorted(set(values) - known):
        raise SpecProblem(f"A local training has no setting “{unknown[0]}”.")
    if not str(values.get("base") or "").strip():
        raise SpecProblem("A local training needs a base model.")
    for name, (least, most) in _WHOLE.items():
        value = values.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise SpecProblem(
                f"{name} must be a whole number from {least} to {most:,}, not {_said(value)}."
            )
    for name, top in _NUMBER.items():
        if not 0 < _number(values.get(name, top)) <= top:
            raise SpecProblem(
                f"{name} must be a number above 0, at most {top:g}, not {_said(values[name])}."
            )
    if not 0 <= _number(minutes := values.get("max_minutes", 0)) <= _LONGEST_MINUTES:
        raise SpecProblem(
            f"max_minutes must be a number of minutes, or 0 for no limit, not {_said(minutes)}."
        )
    if (schedule := values.get("schedule", "constant")) not in _SCHEDULES:
        raise SpecProblem(
            f"schedule must be one of {', '.join(_SCHEDULES)}, not {_said(schedule)}."
        )
    checks = cast(list[dict[str, Any]], values.get("assertions") or [])
    given: dict[str, Any] = {**values, "assertions": tuple(checks)}
    return Spec(**given)


def read(path: Path) -> Spec:
    """Return the spec in a file. Raises SpecProblem."""
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecProblem(f"{path} cannot be read as a training's settings ({error}).") from error
    if not isinstance(values, dict):
        raise SpecProblem(f"{path} holds no training's settings.")
    return from_values(cast(dict[str, Any], values))


def _number(value: object) -> float:
    """Return a value as a number, and what is none as one that no bound allows."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def _said(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return f"“{text[:40]}”"
