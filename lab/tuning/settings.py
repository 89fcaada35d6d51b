"""What a person sets of a training by name, as in `--set rank=8`: words in, values out.

Of a local training these are settings of `lab.tuning.trainer.training_spec.Spec`, of a hosted
one the hyperparameters of OpenAI's API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from lab.tuning.jobs import TuningError
from lab.tuning.trainer.training_spec import SETTABLE, Spec
from store.jobs import Backend

HOSTED = ("n_epochs", "batch_size", "learning_rate_multiplier")
_DPO = "beta"
AUTO = "auto"
"""What leaves a hyperparameter to the provider."""
_MOST = 10_000
_MOST_DIGITS = 40
# Left as text whatever they look like.
_TEXTS = {each.name for each in fields(Spec) if isinstance(each.default, str)}


def parsed(backend: Backend, given: Sequence[str]) -> dict[str, Any]:
    """Return the options that `NAME=VALUE` words make. Raises TuningError.

    The names are held against the backend's; whether it takes the values, it says itself.
    """
    found: dict[str, Any] = {}
    for word in given:
        name, sign, text = (part.strip() for part in word.partition("="))
        if not (sign and name and text):
            raise TuningError(f"“{word[:60]}” sets nothing; write NAME=VALUE, as in rank=8.")
        if name in found:
            raise TuningError(f"{name} is set twice; give it one value.")
        found[name] = text if name in _TEXTS else _value(text)
    refuse_unknown(backend, found)
    return found


def refuse_unknown(backend: Backend, options: Mapping[str, Any]) -> None:
    """Raise TuningError for an option that a backend's training does not have."""
    known = SETTABLE if backend == "local" else (*HOSTED, _DPO)
    unknown = next((name for name in options if name not in known), None)
    if unknown is None:
        return
    if unknown in ("seed", "suffix", "validation", "epochs", "model", "base"):
        option = "model" if unknown == "base" else unknown
        raise TuningError(f"{unknown} is set with --{option}, not with --set.")
    raise TuningError(
        f"A {backend} training has no setting “{unknown[:40]}”; it has {', '.join(known)}."
    )


def hyperparameters(
    options: Mapping[str, Any], *, method: str, epochs: int | None
) -> dict[str, Any]:
    """Return a hosted training's hyperparameters; those that are not set are left out.

    `epochs` are `n_epochs` by another name. Raises TuningError for what OpenAI's API has not.
    """
    found = dict(options)
    if epochs and found.setdefault("n_epochs", epochs) != epochs:
        raise TuningError("n_epochs and --epochs are the same; leave one of them out.")
    for name, value in found.items():
        if name == _DPO and method != "dpo":
            raise TuningError("beta is for --method dpo; leave it out.")
        if value == AUTO:
            continue
        whole = name in ("n_epochs", "batch_size")
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not (number and 0 < value <= _MOST):
            what = f"a whole number from 1 to {_MOST:,}" if whole else "a number above 0"
            raise TuningError(f"{name} must be {what}, or {AUTO}, not “{str(value)[:40]}”.")
    return found


def epochs_of(options: Mapping[str, Any], epochs: int | None) -> int | None:
    """Return how many epochs a hosted training has, None where the provider chooses."""
    given = options.get("n_epochs")
    return epochs or (given if isinstance(given, int) else None)


def _value(text: str) -> int | float | str:
    if len(text) > _MOST_DIGITS:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
