"""A case as the texts of a form: what a person sees of it, types, and gets back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lab.grading.assertions import format_lines, parse_lines
from lab.interop.fields import ROLES
from store.errors import PlainError
from store.records import SPLITS, CaseDraft, Split

_TURN = re.compile(r"--- (\w+) ---")
_LIKE_A_TURN = re.compile(r"\\*--- \w+ ---")


class CaseProblem(PlainError):
    """What was typed makes no case; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class CaseTexts:
    """The parts of a case that a person edits, each as one text.

    `tags` are parted by commas. `turns` are the earlier messages, each under a line such as
    `--- user ---`; None where they hold more than a role and a text, and stay as they are.
    """

    prompt: str
    expected: str = ""
    tags: str = ""
    split: str = "test"
    turns: str | None = ""


def texts_of(draft: CaseDraft) -> CaseTexts:
    """Return a case as texts that `draft_of` reads back as the same case."""
    return CaseTexts(
        draft.prompt,
        format_lines(draft.expectation),
        ", ".join(draft.tags),
        draft.split,
        _write_turns(draft.messages),
    )


def draft_of(texts: CaseTexts, before: CaseDraft) -> CaseDraft:
    """Return the case that texts make, on the ground of the case as it was.

    A part whose text is as it was stays so to the byte, line ends and outer white space
    included. Raises CaseProblem, and ExpectationError for checks that cannot be.
    """
    old, draft = texts_of(before), before
    if _changed(texts.prompt, old.prompt):
        draft = replace(draft, prompt=texts.prompt)
    if not draft.prompt.strip():
        raise CaseProblem("The prompt is empty; type what is to be asked.")
    if _changed(texts.expected, old.expected):
        draft = replace(draft, expectation=parse_lines(texts.expected))
    if _changed(texts.tags, old.tags):
        draft = replace(draft, tags=tags_of(texts.tags))
    if texts.turns is not None and _changed(texts.turns, old.turns or ""):
        draft = replace(draft, messages=tuple(_read_turns(texts.turns)))
    return replace(draft, split=split_of(texts.split))


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags in a text, parted by commas or semicolons, each once."""
    parts = (" ".join(part.split()) for part in re.split("[,;\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def split_of(text: str) -> Split:
    """Return the split that a text names. Raises CaseProblem."""
    for split in SPLITS:
        if text.strip().lower() == split:
            return split
    raise CaseProblem(
        f"The split is “{' '.join(text.split())}”, and must be {' or '.join(SPLITS)}."
    )


def plain(text: str) -> str:
    """Return a text as an editor may leave it: newlines for line ends, none around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _changed(new: str, old: str) -> bool:
    return new != old and plain(new) != plain(old)


# --- earlier messages ----------------------------------------------------------------


def _write_turns(messages: Iterable[dict[str, str]]) -> str | None:
    lines: list[str] = []
    for message in messages:
        if message.keys() != {"role", "content"} or message["role"] not in ROLES:
            return None
        lines.append(f"--- {message['role']} ---")
        lines += escaped(message["content"], _LIKE_A_TURN).split("\n")
    return "\n".join(lines)


def _read_turns(text: str) -> list[dict[str, str]]:
    turns: list[tuple[str, list[str]]] = []
    for line in plain(text).split("\n"):
        match = _TURN.fullmatch(line)
        if match:
            turns.append((match[1], []))
        elif turns:
            turns[-1][1].append(line)
        elif line.strip():
            raise CaseProblem(
                "The earlier messages begin without a role; put a line --- user --- above."
            )
    for role, lines in turns:
        if role not in ROLES:
            raise CaseProblem(f"“{role}” is no role; take one of {', '.join(ROLES)}.")
        if not "".join(lines).strip():
            raise CaseProblem(f"An earlier message of “{role}” is empty; write it or take it out.")
    return [
        {"role": role, "content": unescaped("\n".join(lines), _LIKE_A_TURN)}
        for role, lines in turns
    ]


def escaped(text: str, mark: re.Pattern[str]) -> str:
    """Return a text in which each line that could be taken for a mark has a backslash."""
    return "\n".join(
        f"\\{line}" if mark.fullmatch(line.rstrip("\r")) else line for line in text.split("\n")
    )


def unescaped(text: str, mark: re.Pattern[str]) -> str:
    """Undo `escaped`."""
    lines = text.split("\n")
    return "\n".join(
        line[1:] if line.startswith("\\") and mark.fullmatch(line.rstrip("\r")) else line
        for line in lines
    )
