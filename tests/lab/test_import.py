"""Importing into a session: what is kept of a file, anew and again, and how it is stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.desk import Desk
from lab.imports.benchmark import Import, first_rows, is_understood, summary
from lab.imports.keeping import Outcome
from lab.interop.files import ImportProblem
from lab.interop.source import Stopped, Wishes
from store import benchmarks
from store.database import Connection
from store.errors import Conflict
from store.records import CaseDraft, Evidence

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows into a JSONL file."""

    def written(*rows: dict[str, object], name: str = "quiz.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(map(json.dumps, rows)))
        return path

    return written


async def brought(desk: Desk, path: Path, *, overwrite: bool = False) -> Outcome:
    job = Import()
    found = await job.read(path, "jsonl")
    return await job.store(desk, path, found, overwrite=overwrite)


async def test_cases_and_their_documents_are_stored(desk: Desk, write: Write) -> None:
    path = write(
        {"id": "a", "prompt": "When?", "expected": "1936", "context": "It was in 1936."},
        {"prompt": "Who?", "split": "train", "context": ["It was Ann.", "It was in 1936."]},
    )
    assert await brought(desk, path) == Outcome(new=2, documents=2)
    one, other = await desk.cases(None)
    assert (one.key, other.key, one.number, other.draft.split) == ("a", "1", 1, "train")
    names = {document.name: document for document in desk.documents}
    assert {name: document.attached for name, document in names.items()} == {
        "quiz, case a, text 1": None,
        "quiz, case 2, text 1": None,
    }
    assert one.draft.evidence == (Evidence("quiz, case a, text 1", None, 10, 14, "1936"),)
    assert await desk.document_text(names["quiz, case 2, text 1"]) == "It was Ann."


async def test_a_text_that_is_there_already_keeps_its_name(desk: Desk, write: Write) -> None:
    same, new = "It was in 1936.", "It was in 1937."
    await brought(desk, write({"id": "a", "prompt": "When?", "context": same}))
    await brought(desk, write({"id": "b", "prompt": "When?", "context": same}, name="other.jsonl"))
    await brought(desk, write({"id": "c", "prompt": "When?", "context": new}))
    await brought(desk, write({"id": "a", "prompt": "When?", "context": new}), overwrite=True)
    names = [document.name for document in desk.documents]
    assert names == ["quiz, case a, text 1", "quiz, case c, text 1"]
    assert [case.draft.evidence[0].document for case in await desk.cases()] == [
        "quiz, case c, text 1",
        "quiz, case a, text 1",
        "quiz, case c, text 1",
    ]
    changed = write({"id": "c", "prompt": "When?", "context": "Not known."})
    changed = changed.rename(changed.with_name("quiz.jsonl"))
    await brought(desk, changed, overwrite=True)
    assert desk.documents[-1].name == "quiz, case c, text 1 (2)"
    assert (await desk.cases())[-1].draft.evidence[0].document == desk.documents[-1].name


async def test_a_second_import_revises_only_what_differs(desk: Desk, write: Write, run) -> None:
    rows = [
        {"id": "a", "prompt": "one two", "expected": "one"},
        {"id": "b", "prompt": "three", "expected": "three"},
        {"id": "c", "prompt": "gone", "tags": ["x"]},
    ]
    await brought(desk, write(*rows))
    a, b, c = await desk.cases()
    await run([a, b])
    assert desk.variant()
    variant = await desk.stored_variant(desk.variant())
    await desk.label(await desk.answer(a, variant), "fail")
    await desk.label(await desk.answer(b, variant), "pass")
    await desk.remove_case(c.id)
    await desk.revise(b, CaseDraft(b.prompt, "b", b.expectation, tags=(benchmarks.REPAIR,)))

    with pytest.raises(Conflict, match="“a” already"):
        await brought(desk, write(*rows))
    assert len(await desk.cases()) == 2

    again = write({**rows[0], "tags": ["new"]}, rows[1], rows[2], {"id": "d", "prompt": "four"})
    found = await Import().read(again, "jsonl")
    expected = Outcome(new=1, revised=2, unchanged=1)
    assert await Import().compare(desk, found) == expected
    assert str(Outcome(new=1)) == "1 case imported"
    assert str(expected) == "1 unchanged, 2 revised, 1 new"
    assert await brought(desk, again, overwrite=True) == expected

    cases = {case.key: case for case in await desk.cases()}
    assert {key: case.number for key, case in cases.items()} == {"a": 2, "b": 2, "c": 1, "d": 1}
    assert cases["a"].draft.tags == ("new",)
    assert cases["b"].draft.tags == (benchmarks.REPAIR,)
    answer = await desk.answer(cases["a"], variant)
    assert answer is not None
    assert (answer.label, answer.grade) == ("fail", "pass")
    assert await Import().compare(desk, found) == Outcome(unchanged=4)


async def test_a_bad_line_stores_nothing(desk: Desk, write: Write) -> None:
    path = write({"id": "a", "prompt": "q", "context": "Text."}, {"id": "a", "prompt": "r"})
    with pytest.raises(ImportProblem, match="Line 2"):
        await brought(desk, path)
    assert await desk.cases() == []
    assert desk.documents == []


@pytest.mark.parametrize("when", ["reading", "storing"])
async def test_a_cancelled_import_stores_nothing(
    desk: Desk, tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big.csv"
    path.write_text("prompt,context\n" + "q,It was so.\n" * 30_000)
    job, reached = Import(), asyncio.Event()
    loop, tell = asyncio.get_running_loop(), job._tell

    def told(done: int, of: int) -> None:
        if (job.stage == "Storing") == (when == "storing"):
            loop.call_soon_threadsafe(reached.set)
            job._stopped.wait(60)  # so that the wish to stop comes while it works
        tell(done, of)

    monkeypatch.setattr(job, "_tell", told)

    async def work() -> None:
        found = await job.read(path, "csv")
        await job.store(desk, path, found)

    task = asyncio.create_task(work())
    await reached.wait()
    task.cancel()
    with pytest.raises(Stopped):
        await task
    await desk.refresh_documents()
    assert await desk.cases() == []
    assert desk.documents == []


async def test_a_stop_between_reading_and_storing_stores_nothing(desk: Desk, write: Write) -> None:
    path, job = write({"prompt": "q"}), Import()
    found = await job.read(path, "jsonl")
    job.stop()
    with pytest.raises(Stopped):
        await job.store(desk, path, found)
    assert await desk.cases() == []


async def test_how_far_it_is_can_be_told(desk: Desk, tmp_path: Path) -> None:
    path, job = tmp_path / "big.csv", Import()
    assert str(job) == "Reading …"
    path.write_text("prompt\n" + "q\n" * 5000)
    found = await job.read(path, "csv", Wishes())
    assert (job.done, job.of) == (5000, 5000)
    assert str(job) == "Reading 5,000 of about 5,000 cases"
    await job.store(desk, path, found)
    assert str(job) == "Storing 5,000 of about 5,000 cases"


async def test_what_is_not_understood_is_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "quiz.csv"
    rows = ["question;target;owner;context", "Who?;Anné;me;Anné did."] + ["Why?;;;"] * 6
    path.write_bytes("\n".join(rows).encode("cp1252"))
    found = await Import().read(path, "csv")
    assert not is_understood(found)
    assert summary(found, "quiz.csv") == [
        "quiz.csv: CSV or TSV, 7 cases (7 test, 0 train)",
        "6 to label by hand: the machine can check nothing in them",
        "Read as: question → prompt, target → expected",
        "With 1 document: quiz, case 1, text 1",
        "Not used: owner",
        "Note: the file is not UTF-8 and its encoding is guessed (7 cases)",
    ]
    assert first_rows(found)[:2] == [("–", "Who?", "Anné"), ("–", "Why?", "by hand")]
    assert len(first_rows(found)) == 5


async def test_many_cases_are_stored_as_one_by_one(desk: Desk) -> None:
    drafts = [CaseDraft(f"q{number}", str(number) if number % 2 else "") for number in range(4100)]
    ids = await desk.add_cases(drafts)
    cases = await desk.cases()
    assert [case.id for case in cases] == ids
    assert [case.prompt for case in cases] == [draft.prompt for draft in drafts]
    assert [case.position for case in cases] == list(range(4100))
    assert len({case.key for case in cases}) == 4100

    def broken(connection: Connection) -> list[object]:
        return connection.execute("PRAGMA foreign_key_check").fetchall()

    assert await desk.database.read(broken) == []
