"""A small form: how a model is trained, and what is held back to look how far it is."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TypeVar

from lab.tuning.examples.dataset import Format, Source
from lab.tuning.settings import parsed
from lab.tuning.wish import held_back
from store.errors import PlainError
from store.jobs import Backend
from tui.screens.line_form import LineForm
from tui.screens.tune.choice import Choice
from tui.screens.tune.words import said_here

MOST_EPOCHS, MOST_SEED = 100, 2**31 - 1
_T = TypeVar("_T", bound=str)
_SOURCES: tuple[Source, ...] = ("expected", "passed")
_FORMATS: tuple[Format, ...] = ("sft", "dpo")
_EXAMPLE: dict[Backend, str] = {
    "local": "such as max_minutes=20 rank=8",
    "hosted": "such as batch_size=8",
}
_WHY = (
    "sft trains on a right answer each, taken from what is expected or from what you passed; dpo "
    "on a passed answer beside a failed one. An empty line leaves it to the backend."
)


class SettingsProblem(PlainError):
    """What was typed into the form cannot be; one sentence says why."""


class SettingsForm(LineForm[Choice]):
    """Asks how to train; dismissed with the choice as it is then, or None."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(
            "How it is trained",
            {
                "Method (sft, dpo)": (choice.format, ""),
                "Answers (expected, passed, both)": (choice.source or "both", ""),
                "Epochs": (_text(choice.epochs), "the backend's own number"),
                "Held back to validate with": (
                    _percent(choice.validation),
                    _percent(held_back(choice.backend)),
                ),
                "Seed": (_text(choice.seed), "any"),
                "In the model's name": (choice.suffix, "nothing"),
                "More, as NAME=VALUE": (_set(choice), _EXAMPLE[choice.backend]),
            },
            partial(chosen, choice),
            why=_WHY,
            first=2,
            said=said_here,
        )


def chosen(before: Choice, texts: list[str]) -> Choice:
    """Return a choice with what the form's texts say, in its order.

    Raises SettingsProblem, TuningError.
    """
    method, source, epochs, share, seed, suffix, more = texts
    options = parsed(before.backend, more.split())
    return replace(
        before,
        format=_one_of(_FORMATS, method, "The method"),
        source=None if source in ("", "both") else _one_of(_SOURCES, source, "Answers"),
        epochs=_whole(epochs, "Epochs", 1, MOST_EPOCHS) if epochs else None,
        validation=_share(share) if share else None,
        seed=_whole(seed, "The seed", 0, MOST_SEED) if seed else None,
        suffix=suffix,
        options={**before.options, before.backend: options},
    )


def _one_of(known: tuple[_T, ...], text: str, name: str) -> _T:
    for each in known:
        if text and each.startswith(text.lower()):
            return each
    raise SettingsProblem(f"{name}: choose {' or '.join(known)}.")


def _share(text: str) -> float:
    """Return a share from "20%", "20" or "0.2"."""
    number = text.removesuffix("%").strip()
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if text.endswith("%") or value >= 1:
        value /= 100
    if not 0 <= value < 1:
        raise SettingsProblem(f"“{text[:40]}” is no share that could be held back; type 20%.")
    return value


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= most:
        raise SettingsProblem(f"{name} must be a whole number from {least:,} to {most:,}.")
    return int(text)


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.3g}%"


def _set(choice: Choice) -> str:
    """Return what is set of a backend's own settings, as it was typed."""
    return " ".join(f"{name}={value}" for name, value in choice.set_here.items())
