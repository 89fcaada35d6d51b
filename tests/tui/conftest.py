"""The `litmus` command in a process of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = """\
{"id": "capital", "prompt": "What is the capital?", "expected": "contains: Paris"}
{"id": "river", "prompt": "Which river?", "expected": "contains: Seine", "tags": ["water"]}
{"id": "tower", "prompt": "Which tower?"}
{"id": "lesson", "prompt": "Which bridge?", "expected": "contains: Neuf", "split": "train"}
"""


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        assert self.status == 0, self.err
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def refused(self) -> str:
        """Return the one plain sentence of a usage or input error."""
        assert (self.status, self.out) == (2, ""), self
        assert "Traceback" not in self.err
        assert self.err.startswith("litmus: ") and self.err.count("\n") == 1, self.err
        return self.err.removeprefix("litmus: ").removesuffix("\n")


class Litmus:
    """Runs commands against one home, in an environment without keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "LITMUS_CACHE": str(folder / "cache"),
            "LITMUS_HOME": str(self.home),
            "NO_PROXY": "*",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        }

    def start(self, *arguments: str | Path, **settings: Any) -> subprocess.Popen[bytes]:
        """Start a command whose output is read from its pipes."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        return subprocess.Popen(
            [sys.executable, "-m", "tui.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            **pipes,
        )

    def __call__(self, *arguments: str | Path, **settings: Any) -> Outcome:
        """Run a command to its end."""
        with self.start(*arguments, **settings) as process:
            out, err = process.communicate(timeout=60)
        return Outcome(process.returncode, (out or b"").decode(), (err or b"").decode())

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file for a command to read."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def benchmark(self) -> Path:
        """Write a benchmark of three test cases and one for training."""
        return self.file("cases.jsonl", CASES)

    def session(self, name: str = "one") -> Litmus:
        """Make a session that holds that benchmark."""
        assert self("new", name).status == 0
        assert self("bench", "import", self.benchmark()).status == 0
        return self


@pytest.fixture
def litmus(tmp_path: Path) -> Litmus:
    """The command, with an empty home."""
    return Litmus(tmp_path)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Litmus:
    """The command with a session `one`, shared by tests that change nothing."""
    return Litmus(tmp_path_factory.mktemp("used")).session()


@pytest.fixture
def no_controls() -> Callable[[Outcome], None]:
    """Check that nothing that was printed could steer a terminal."""

    def check(outcome: Outcome) -> None:
        text = outcome.out + outcome.err
        bad = {char for char in text if (char < " " and char != "\n") or "\x7f" <= char <= "\x9f"}
        assert not bad | (set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))

    return check
