"""A case as a small text file that explains itself, for a person's own editor."""

from __future__ import annotations

import re

from lab.editing.texts import CaseProblem, CaseTexts, escaped, plain, unescaped

_PARTS = {
    "prompt": "prompt",
    "expected": "expected",
    "tags": "tags",
    "split": "split",
    "earlier messages": "turns",
}
_LINE = re.compile(r"=== (.+) ===")
_LIKE_A_LINE = re.compile(r"\\*=== .+ ===")
_TROUBLE = "#! "
_HEAD = """\
# {title}
# Save and close to keep it; change nothing to leave it as it is.
#
# prompt     what is asked
# expected   a line each: contains: x, icontains-any: a, b, regex: x, numeric: 42 ± 0.5, is-json,
#            llm-rubric: x …, or with not- in front; any other line is the expected text
# tags       parted by commas
# split      test, or train to keep it out of the rates
{more}#
# A line of your own that looks like one in === gets a backslash in front.
"""
_TURNS = "# earlier    messages before the prompt, each under a line such as --- user ---\n"


def write(texts: CaseTexts, title: str) -> str:
    """Return a case as a file that `read` reads back."""
    head = _HEAD.format(title=" ".join(title.split()), more=_TURNS if texts.turns else "")
    parts = [head]
    for name, field in _PARTS.items():
        text: str | None = getattr(texts, field)
        if text or field != "turns":
            parts.append(f"=== {name} ===\n{escaped(text or '', _LIKE_A_LINE)}\n")
    return "\n".join(parts)


def read(text: str, before: CaseTexts) -> CaseTexts:
    """Return what a file says of a case; a part that is not there any more is as it was.

    Raises CaseProblem for a line in === that names no part of a case, for one that stands
    there twice, and for text above the first.
    """
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(plain(text).split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if match:
            lines = found.setdefault(_part(match[1], found), [])
        elif lines is not None:
            lines.append(line)
        elif line.strip() and not line.startswith("#"):
            raise CaseProblem(f"Line {number} stands above === prompt ===; put it below.")
    if not found:
        raise CaseProblem("No line === prompt === is left; put it back above the prompt.")
    given = {
        field: plain(unescaped("\n".join(lines), _LIKE_A_LINE)) for field, lines in found.items()
    }
    return CaseTexts(
        given.get("prompt", before.prompt),
        given.get("expected", before.expected),
        given.get("tags", before.tags),
        given.get("split", before.split),
        before.turns if before.turns is None else given.get("turns", before.turns),
    )


def with_problem(text: str, sentence: str) -> str:
    """Return a file with the sentence that says what is wrong with it in its first line."""
    return f"{_TROUBLE}{' '.join(sentence.split())}\n{without_problem(text)}\n"


def without_problem(text: str) -> str:
    """Return a file without such a line, and with plain line ends."""
    lines = plain(text).split("\n")
    while lines and lines[0].startswith(_TROUBLE):
        del lines[0]
    return "\n".join(lines)


def _part(name: str, found: dict[str, list[str]]) -> str:
    if name not in _PARTS:
        raise CaseProblem(
            f"=== {name} === is no part of a case; put a backslash before it if it is text."
        )
    if _PARTS[name] in found:
        raise CaseProblem(f"=== {name} === stands there twice; keep one.")
    return _PARTS[name]
