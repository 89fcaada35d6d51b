"""A case in the person's own editor, which `VISUAL` or `EDITOR` names."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from lab.editing import casefile
from lab.editing.texts import CaseProblem, CaseTexts, draft_of
from lab.grading.assertions import ExpectationError
from store.errors import PlainError
from store.records import CaseDraft

_FILE = "case.txt"

Open = Callable[[Path], Awaitable[None]]
"""Shows a file to the person until it is closed. Raises EditorError."""


class EditorError(PlainError):
    """The editor cannot be used, or what came of it cannot be kept."""


async def edit(texts: CaseTexts, before: CaseDraft, title: str, show: Open) -> CaseTexts | None:
    """Return the texts of a case as a person leaves them in a file; None when they stay.

    What makes no case is shown again with the reason, until it does or is left as it was.
    Raises EditorError; what was typed is then kept in a file, which it names.
    """
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="litmus-"))
    path = folder / _FILE
    text = casefile.write(texts, title)
    given, problem = text, ""
    keep = False
    try:
        while True:
            path.write_bytes(given.encode())
            await show(path)
            found = _read(path)
            if casefile.without_problem(found) == casefile.without_problem(given):
                if not problem:
                    return None
                raise EditorError(f"{problem} The case is as it was.")
            given = found
            try:
                changed = casefile.read(given, texts)
                draft_of(changed, before)
                return changed
            except (CaseProblem, ExpectationError) as error:
                problem = str(error)
                given = casefile.with_problem(given, problem)
    except EditorError as error:
        keep = path.is_file() and path.read_bytes() != text.encode()
        raise EditorError(f"{error} What you typed is in {path}." if keep else str(error)) from None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


async def show(path: Path) -> None:
    """Open a file in the editor, in a thread, and wait until it is closed."""
    await asyncio.to_thread(_run, path)


def _run(path: Path) -> None:
    words = command()
    try:
        status = subprocess.run([*words, str(path)], check=False).returncode
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EditorError(
            f"The editor “{words[0]}” cannot be started ({reason}); set VISUAL or EDITOR to "
            "another."
        ) from error
    if status:
        raise EditorError(
            f"The editor “{words[0]}” ended with status {status}; the case is as it was."
        )


def command() -> list[str]:
    """Return the words that start the editor. Raises EditorError where none is named."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(os.environ.get(name, ""), posix=os.name != "nt")
        except ValueError as error:
            raise EditorError(f"{name} cannot be read as a command ({error}).") from error
        if words:
            return words
    raise EditorError("No editor is named; set VISUAL or EDITOR, as in `export EDITOR=nano`.")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EditorError(f"The file is gone ({reason}); the case is as it was.") from error
    except UnicodeDecodeError as error:
        raise EditorError("The file is no UTF-8 text; the case is as it was.") from error
