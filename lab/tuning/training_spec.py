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
_LEAST: dict[str, float] = {
    "rank": 1,
    "alpha": 1,
    "batch": 1,
    "max_steps": 1,
    "every": 1,
    "patience": 1,
    "warmup_steps": 0,
    "validation_most": 0,
    "answer_tokens": 1,
    "seed": 0,
    "threads": 1,
}


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
    each step and process. `threads` are the CPU's.

    Every `every` steps the model answers at most `validation_most` validation examples, each
    with at most `answer_tokens` tokens. Training stops early when the share of right answers
    reaches `target`, or when `patience` such looks in a row brought no better one after the
    first right answers. `assertions` are what the answer to each validation example, by its
    place, must satisfy in place of being word for word the expected one.

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
    every: int = 20
    validation_most: int = 30
    answer_tokens: int = 64
    target: float = 0.95
    patience: int = 4
    seed: int = 0
    threads: int = 1
    accelerate: str = ""
    assertions: tuple[tuple[dict[str, Any], ...], ...] = field(default=())

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
    for name, least in _LEAST.items():
        value = values.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise SpecProblem(f"{name} must be a whole number of at least {least}, not {value!r}.")
    for name, most in (("learning_rate", 1.0), ("target", 1.0)):
        value = values.get(name, most)
        if not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= most:
            raise SpecProblem(f"{name} must be a number above 0, at most {most:g}, not {value!r}.")
    if (schedule := values.get("schedule", "constant")) not in _SCHEDULES:
        raise SpecProblem(f"schedule must be one of {', '.join(_SCHEDULES)}, not {schedule!r}.")
    checks = cast(list[list[dict[str, Any]]], values.get("assertions") or [])
    given: dict[str, Any] = {**values, "assertions": tuple(tuple(each) for each in checks)}
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
