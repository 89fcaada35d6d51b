"""Chat examples as a model is trained on them, and whether its answers are right.

A prompt is turned into tokens by the model's own chat template, with the start of an answer
at its end: just what a server does when it is asked. Only the answer's tokens are learnt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lab.grading.assertions import ExpectationError, grade
from lab.tuning.trainer.heavy import library
from lab.tuning.trainer.training_spec import SpecProblem
from store.records import Assertion, Expectation

IGNORED = -100
"""The label of a token that is not learnt, to torch."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation and the right answer to its last message."""

    messages: tuple[dict[str, str], ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A prompt and an answer in a model's tokens."""

    prompt: list[int]
    answer: list[int]


def read_chats(path: Path, system: str = "") -> list[Chat]:
    """Return the examples of a chat JSONL file; `system` where a chat has no such message.

    Raises SpecProblem.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise SpecProblem(f"{path.name} cannot be read ({error}).") from error
    return [_chat(line, f"Line {at} of {path.name}", system) for at, line in _full(lines)]


def tokenised(chat: Chat, tokenizer: Any, window: int | None) -> Tokens:
    """Return a chat in a model's tokens. Raises SpecProblem where the model cannot take it."""
    from jinja2 import TemplateError

    messages = [dict(message) for message in chat.messages]
    whole = [*messages, {"role": "assistant", "content": chat.answer}]
    try:
        before: str = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        text: str = tokenizer.apply_chat_template(whole, tokenize=False)
    except (TemplateError, ValueError) as error:
        raise SpecProblem(
            f"The base model's chat template does not take an example ({str(error)[:200]}); "
            "choose a model that was made for chats, or change the example's messages."
        ) from error
    end: str = tokenizer.eos_token or ""
    after = text.removeprefix(before) if text.startswith(before) else chat.answer
    # What a template writes after the end is never asked of the model.
    after = (after.split(end, 1)[0] if end else after.rstrip()) + end
    prompt: list[int] = tokenizer(before, add_special_tokens=False)["input_ids"]
    answer: list[int] = tokenizer(after, add_special_tokens=False)["input_ids"]
    if window is not None and len(prompt) + len(answer) > window:
        raise SpecProblem(
            f"An example has {len(prompt) + len(answer):,} tokens and the base model's window "
            f"holds {window:,}; shorten it, or leave it out."
        )
    return Tokens(prompt, answer)


def batched(examples: Sequence[Tokens], pad: int) -> dict[str, Any]:
    """Return tensors of examples side by side, filled up on the right."""
    tensor = library("torch").tensor
    rows = [(each.prompt + each.answer, len(each.prompt)) for each in examples]
    longest = max(len(ids) for ids, _ in rows)
    filled = [longest - len(ids) for ids, _ in rows]
    return {
        "input_ids": tensor([ids + [pad] * n for (ids, _), n in zip(rows, filled, strict=True)]),
        "attention_mask": tensor(
            [[1] * len(ids) + [0] * n for (ids, _), n in zip(rows, filled, strict=True)]
        ),
        "labels": tensor(
            [
                [IGNORED] * start + ids[start:] + [IGNORED] * n
                for (ids, start), n in zip(rows, filled, strict=True)
            ]
        ),
    }


def expectations(
    chats: Sequence[Chat], assertions: Sequence[Mapping[str, Any]]
) -> list[Expectation]:
    """Return what each answer must satisfy: its assertions, else to be as expected.

    `assertions` are as in `lab.tuning.trainer.training_spec.Spec`. Raises SpecProblem for what
    is none.
    """
    wanted: list[Expectation] = []
    for place, chat in enumerate(chats):
        given: Mapping[str, Any] = assertions[place] if place < len(assertions) else {}
        try:
            checks = tuple(Assertion(**each) for each in given.get("assertions", ()))
        except TypeError as error:
            raise SpecProblem(f"An assertion cannot be read ({error}).") from error
        if checks:
            wanted.append(Expectation(chat.answer, checks, given.get("threshold")))
        else:
            wanted.append(Expectation(chat.answer, (Assertion("equals", chat.answer),)))
    return wanted


def is_right(answer: str, wanted: Expectation) -> bool:
    """Return whether an answer is right; word for word where only a judge could tell.

    Raises SpecProblem for an assertion that cannot be checked.
    """
    try:
        graded = grade(wanted, answer)
    except ExpectationError as error:
        raise SpecProblem(str(error)) from error
    if graded is None:
        return answer.strip() == wanted.text.strip()
    return graded.verdict == "pass"


def _full(lines: Sequence[str]) -> list[tuple[int, str]]:
    return [(at, line) for at, line in enumerate(lines, 1) if line.strip()]


def _chat(line: str, where: str, system: str) -> Chat:
    try:
        value: Any = json.loads(line)
    except ValueError as error:
        raise SpecProblem(f"{where} is not JSON.") from error
    messages: Any = cast(dict[str, Any], value).get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or len(cast(list[Any], messages)) < 2:
        raise SpecProblem(f"{where} has no conversation; local training takes chats only.")
    said: list[dict[str, str]] = []
    for message in cast(list[Any], messages):
        spoken = cast(dict[str, Any], message) if isinstance(message, dict) else {}
        role, content = spoken.get("role"), spoken.get("content")
        if not isinstance(role, str) or not isinstance(content, str):
            raise SpecProblem(f"{where} has a message that is no text.")
        said.append({"role": role, "content": content})
    if said[-1]["role"] != "assistant":
        raise SpecProblem(f"{where} does not end with an answer.")
    if system and said[0]["role"] not in ("system", "developer"):
        said.insert(0, {"role": "system", "content": system})
    return Chat(tuple(said[:-1]), said[-1]["content"])
