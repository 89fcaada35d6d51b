"""Training files: chat JSONL for supervised tuning, or preferences for DPO.

A supervised line is `{"messages": […]}`, the right answer being the last message; a
preference is `{"input": {"messages": […]}, "preferred_output": […],
"non_preferred_output": […]}`. Both are what OpenAI's and most others' fine-tuning takes. The
same dataset always gives the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.prompt import Message
from lab.tuning.examples.dataset import Example
from lab.tuning.examples.report import Report
from store.errors import PlainError
from store.records import content_hash

SUFFIX = ".jsonl"
# Line ends for some readers of lines, though not for JSON.
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class ExportProblem(PlainError):
    """A training file cannot be written."""


class LeaksFound(PlainError):
    """A leak forbids the export."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written: where, how many examples, its bytes' SHA-256 in hex."""

    path: Path
    examples: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Exported:
    """The files of an export. `stale` is an older validation file that is not part of it."""

    training: File
    validation: File | None
    manifest: Path
    stale: Path | None = None


def export(
    report: Report, path: Path, *, validation: float = 0.0, allow_leaks: bool = False
) -> Exported:
    """Write the training file, the validation file where a share is asked for, a manifest.

    `validation` is the share of examples, below 1, that are held back in a file of their own;
    which they are is told by the hash of the case's id, so that it hardly changes as cases
    come. The files stand beside each other: `x.jsonl`, `x.validation.jsonl`,
    `x.manifest.json`. Each is written whole or not at all.

    Raises LeaksFound where an example leaks and `allow_leaks` does not say otherwise, and
    ExportProblem where there is nothing to write or it cannot be written.
    """
    if path.suffix.lower() != SUFFIX:
        raise ExportProblem(f"A training file's name must end in {SUFFIX}; {path.name} does not.")
    examples = report.dataset.examples
    if not examples:
        raise ExportProblem(
            "There is no example to write; `litmus tune check` says why each train case gives none."
        )
    if report.leaks and not allow_leaks:
        pairs = len(report.leaks)
        raise LeaksFound(
            f"Nothing was written: {'1 pair leaks' if pairs == 1 else f'{pairs:,} pairs leak'}; "
            "move or remove cases, or use --allow-leaks, which the manifest will tell."
        )
    kept, held = split(examples, validation)
    beside = path.with_name(f"{path.name[: -len(SUFFIX)]}.validation{SUFFIX}")
    manifest = path.with_name(f"{path.name[: -len(SUFFIX)]}.manifest.json")
    contents = {path: lines(kept)}
    if held:
        contents[beside] = lines(held)
    training = file_of(path, kept, contents[path])
    validating = file_of(beside, held, contents[beside]) if held else None
    told = manifest_of(report, training, validating, allow_leaks=allow_leaks)
    contents[manifest] = (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
    _write(contents)
    stale = beside if not held and beside.exists() else None
    return Exported(training, validating, manifest, stale)


def split(examples: Sequence[Example], share: float) -> tuple[Sequence[Example], Sequence[Example]]:
    """Return the examples to train on and those to validate with, in the benchmark's order.

    The cases whose ids have the smallest hashes are held back: at least one, and never all.
    Raises ExportProblem where there are too few for both.
    """
    if not share:
        return examples, ()
    if len(examples) < 2:
        raise ExportProblem("One example cannot be shared out; leave out --validation.")
    number = min(len(examples) - 1, max(1, round(share * len(examples))))
    ranked = sorted(examples, key=lambda example: _rank(example.case.key))
    held = {example.case.id for example in ranked[:number]}
    return (
        [example for example in examples if example.case.id not in held],
        [example for example in examples if example.case.id in held],
    )


def line(example: Example) -> str:
    """Return an example as one line of JSON, without its line end."""
    messages: list[Message] = [dict(message) for message in example.messages]
    answer = {"role": "assistant", "content": example.answer}
    value: dict[str, Any] = {"messages": [*messages, answer]}
    if example.rejected:
        value = {
            "input": {"messages": messages},
            "preferred_output": [answer],
            "non_preferred_output": [{"role": "assistant", "content": example.rejected}],
        }
    text = json.dumps(value, ensure_ascii=False)
    for sign, escape in _LINE_ENDS.items():
        text = text.replace(sign, escape)
    return text


def manifest_of(
    report: Report, training: File, validation: File | None, *, allow_leaks: bool
) -> dict[str, Any]:
    """Return what an export rests on, as JSON-ready values; without a time, so that the same
    export gives the same bytes."""
    dataset = report.dataset
    recipe = dataset.recipe
    return {
        "format": recipe.format,
        "from": recipe.source or "both",
        "benchmark_revision": dataset.revision,
        "system_prompt_hash": content_hash(recipe.system.strip())[:16] if recipe.system else "",
        "training": _file_json(training),
        "validation": _file_json(validation) if validation else None,
        "cases": [example.case.key for example in dataset.examples],
        "left_out": {item.case.key: item.kind for item in dataset.left_out},
        "test_cases": len(dataset.tests),
        "compared_by_meaning": not report.not_by_meaning,
        "leaks_allowed": allow_leaks and bool(report.leaks),
        "leaks": [
            {
                "train": leak.train.key,
                "test": leak.test.key,
                "kind": leak.kind,
                "similarity": round(leak.similarity, 3),
            }
            for leak in report.leaks
        ],
    }


def _rank(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def lines(examples: Iterable[Example]) -> bytes:
    """Return the bytes of a training file."""
    return "".join(line(example) + "\n" for example in examples).encode("utf-8", "replace")


def file_of(path: Path, examples: Sequence[Example], content: bytes) -> File:
    """Return what is told of a file, whether or not it is written."""
    return File(path, len(examples), len(content), hashlib.sha256(content).hexdigest())


def _file_json(file: File) -> dict[str, object]:
    return {
        "file": file.path.name,
        "examples": file.examples,
        "bytes": file.bytes,
        "sha256": file.sha256,
    }


def _write(contents: dict[Path, bytes]) -> None:
    """Write all files beside their places first, and then put each into its place."""
    drafts: dict[Path, Path] = {}
    at = next(iter(contents))
    try:
        for path, content in contents.items():
            at = path
            target = Path(os.path.realpath(path))  # a link stays one
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            drafts[target] = target.with_name(f".{secrets.token_hex(8)}.part")
            with drafts[target].open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for target, draft in drafts.items():
            at = target
            draft.replace(target)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ExportProblem(f"Cannot write {at} ({reason}); name another file.") from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
