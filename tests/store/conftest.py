"""A home folder with one session in it, and what the tests put there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store import benchmarks, labels, runs, sessions
from store.database import Database
from store.errors import StoreError
from store.records import Answer, Case, CaseDraft, Status, Variant, Verdict

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = {
    "escapes": "a\x1b]0;x\x07b\x9b31m[/foo][INST]\x7f",
    "NUL": "before\0after\0",
    "bidi": "left \u202eright\u202c \u2066isolate\u2069 \ufeff",
    "line ends": "one\r\ntwo\rthree\n\n\tfour\u2028five ",
    "long line": "ab 語🙂" * 4000,
    "decomposed": "e\u0301 \u00e9 \ufb01",
    "SQL": "'; DROP TABLE answers; --",
}


class Home:
    """A store in a folder of its own. Every call goes through the database's threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder)
        self.read = self.database.read_now
        self.write = self.database.write_now
        self.session = self.write(sessions.create, "one")
        self._runs = 0

    def cases(self, *prompts: str, **fields: Any) -> list[Case]:
        """Append cases to the benchmark."""
        drafts = [CaseDraft(prompt, **fields) for prompt in prompts]
        ids = self.write(benchmarks.add, self.session.id, drafts)
        return [self.read(benchmarks.get, case_id) for case_id in ids]

    def variant(self, model: str = "model", **fields: Any) -> Variant:
        """Store a variant."""
        return self.write(runs.keep_variant, Variant("bare", "openai", model, **fields))

    def run(self, variant: Variant | None = None) -> int:
        """Begin a run."""
        variant = variant or self.variant()
        return self.write(runs.start, self.session.id, variant.id, "benchmark")

    def ask(
        self,
        case: Case,
        variant: Variant | None = None,
        *,
        run: int = 0,
        epoch: int = 1,
        owner: str = "owner",
    ) -> int:
        """Ask for an answer, in a run of its own where none is given."""
        variant = variant or self.variant()
        return self.write(
            runs.ask,
            run_id=run or self.run(variant),
            variant_id=variant.id,
            case_id=case.id,
            revision_id=case.revision_id,
            epoch=epoch,
            attempt=1,
            owner=owner,
            sent_hash="sent",
        )

    def answer(
        self,
        case: Case,
        text: str = "an answer",
        variant: Variant | None = None,
        *,
        run: int = 0,
        epoch: int = 1,
        status: Status = "done",
        **ending: Any,
    ) -> Answer:
        """Store an answer that has ended."""
        answer_id = self.ask(case, variant, run=run, epoch=epoch)
        return self.write(runs.finish, answer_id, runs.Finish(status, text, **ending))

    def label(self, answer: Answer, verdict: Verdict, **fields: Any) -> int:
        """Judge an answer."""
        return self.write(
            labels.add,
            self.session.id,
            answer.revision_id,
            answer.answer_hash,
            verdict,
            **fields,
        )

    def get(self, answer: Answer) -> Answer:
        """Return an answer as it stands now."""
        return self.read(runs.get, answer.id)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return self.read(lambda connection: connection.execute(query).fetchall())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A new home folder with the session “one”."""
    made = Home(tmp_path / "home")
    yield made
    made.database.close()


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest) -> str:
    """Text that some program on the way would like to change."""
    return HOSTILE[request.param]


@pytest.fixture
def refused() -> Callable[..., str]:
    """Return the one plain sentence with which the store refuses a call."""

    def sentence(call: Callable[..., object], *args: Any, **kwargs: Any) -> str:
        with pytest.raises(StoreError) as caught:
            call(*args, **kwargs)
        said = str(caught.value)
        assert said.endswith(".") and ". " not in said and "\n" not in said, said
        return said

    return sentence


@pytest.fixture
def child() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python on a script with arguments; what is left at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
