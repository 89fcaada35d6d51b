"""The prompts of a promptfoo config: texts, files of texts, and chat messages as JSON or YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from lab.interop.files import ImportProblem, Refused, cells_of, objects, same_ends
from lab.interop.folder import is_reference
from lab.interop.promptfoo_reading import Job, is_code
from lab.interop.values import kind

_SUFFIXES = (".txt", ".md", ".json", ".jsonl", ".yaml", ".yml", ".csv", ".j2", ".prompty")
_REMOTE = ("langfuse://", "helicone://", "portkey://", "http://", "https://")
_GLOB = re.compile(r"[*?]")
_SEPARATOR = "---"
_LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's template, and the label that it was given (empty: none) or its file's name."""

    raw: str
    label: str = ""
    id: str = ""

    def allowed(self, names: list[str]) -> bool:
        """Tell whether a test that names its prompts wants this one; `a:*` fits all in `a`."""
        for name in names:
            start = name.removesuffix("*").removesuffix(":")
            for own in (self.label, self.id):
                if own and (own == start or own.startswith(f"{start}:")):
                    return True
        return False


def read_prompts(value: object, job: Job) -> list[Prompt]:
    """Return the prompts of a config. Raises Refused for what is none.

    A prompt that is code, or stands behind an address, is noted and left out.
    """
    found: list[Prompt] = []
    for raw, label, id in _given(value):
        if raw.startswith(_REMOTE):
            job.leave_out(f"the prompt {raw[:80]} is an address and is not fetched")
        elif is_code(raw) and "\n" not in raw and "{{" not in raw and " " not in raw.strip():
            job.leave_out(f"the prompt {raw[:80]} is code and is never run")
        elif _names_files(raw, job):
            for path in job.paths(raw):
                if is_code(path.name):
                    job.leave_out(f"the prompt {path.name[:80]} is code and is never run")
                else:
                    found += _of_file(path, label, id, job)
        else:
            found.append(Prompt(raw, label, id))
    if not found:
        why = f": {job.left_out[0]}" if job.left_out else ""
        raise Refused(f"no prompt is left that is a text{why}")
    return found


def _given(value: object) -> Iterator[tuple[str, str, str]]:
    """Yield each prompt as it is written, with its label and id."""
    if isinstance(value, dict):  # an older form: the file's name and its label
        for raw, label in cast("dict[str, object]", value).items():
            yield raw, str(label or ""), ""
        return
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    for item in listed:
        if isinstance(item, str):
            yield item, "", ""
        elif isinstance(item, list):
            yield json.dumps(item, ensure_ascii=False), "", ""
        elif isinstance(item, dict):
            yield _of_object(cast("dict[str, object]", item))
        else:
            raise Refused(f"a prompt is {kind(item)}, and must be a text")


def _of_object(fields: dict[str, object]) -> tuple[str, str, str]:
    label, id = fields.get("label") or fields.get("display"), fields.get("id")
    raw = fields.get("raw") or id
    if raw is None and "content" in fields:
        raw = [fields]  # a message by itself
    if raw is None:
        raise Refused("a prompt has neither raw nor id")
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
    named = id if isinstance(id, str) and id != raw else ""
    return text, label if isinstance(label, str) else "", named


def _names_files(raw: str, job: Job) -> bool:
    """Tell whether a prompt is a file's name: as `file://`, or a plain one that is there."""
    if is_reference(raw):
        return True
    if any(each in raw for each in ("\n", "{{", " ")) or len(raw) > 300:
        return False
    named = raw.casefold().endswith(_SUFFIXES)
    if not named and not _GLOB.search(raw):
        return False
    try:
        job.paths(raw)
    except Refused:
        if named:
            raise
        return False
    return True


def _of_file(path: Path, label: str, id: str, job: Job) -> list[Prompt]:
    text, suffix, name = same_ends(job.text(path)), path.suffix.casefold(), job.shown(path)
    if suffix == ".txt":
        texts = _parts(text)
    elif suffix == ".csv":
        return _of_table(text, label, name)
    elif suffix in (".yaml", ".yml"):
        texts = [json.dumps(job.data(path), ensure_ascii=False)]
    elif suffix == ".jsonl":
        try:
            texts = [json.dumps(row, ensure_ascii=False) for _, row in objects(text, name)]
        except ImportProblem as problem:
            raise Refused(str(problem).rstrip(".")) from None
    else:
        texts = [text.strip()]
    texts = [each for each in texts if each.strip()]
    if not texts:
        raise Refused(f"the prompt file {name} is empty")
    if len(texts) == 1:
        return [Prompt(texts[0], label or name, id)]
    return [Prompt(each, f"{label or name} {number}", id) for number, each in enumerate(texts, 1)]


def _parts(text: str) -> list[str]:
    """Part a text at the lines that hold `---` alone."""
    parts: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip() == _SEPARATOR:
            parts.append([])
        else:
            parts[-1].append(line)
    return ["\n".join(part).strip() for part in parts]


def _of_table(text: str, label: str, name: str) -> list[Prompt]:
    """Return the prompts of a table with a `prompt` and perhaps a `label` column, or of lines."""
    if "," not in text:
        lines = [line for line in text.split("\n") if line.strip()]
        if lines and lines[0].strip().casefold() == "prompt":
            lines = lines[1:]
        return [Prompt(line, label or f"{name} {n}") for n, line in enumerate(lines, 1)]
    try:
        rows = [cells for _, cells in cells_of(text, name, ",")]
    except ImportProblem as problem:
        raise Refused(str(problem).rstrip(".")) from None
    header = [cell.strip() for cell in rows[0]]
    if "prompt" not in header:
        raise Refused(f"the prompt file {name} has no column named prompt")
    found: list[Prompt] = []
    for number, cells in enumerate(rows[1:], 1):
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if row.get("prompt"):
            found.append(Prompt(row["prompt"], row.get("label") or label or f"{name} {number}"))
    return found


def tag_of(prompt: Prompt, number: int) -> str:
    """Return the tag that tells the cases of one of several prompts apart."""
    label = " ".join(prompt.label.replace(",", " ").replace(";", " ").split())
    return label if 0 < len(label) <= _LONGEST_LABEL else f"prompt {number}"
