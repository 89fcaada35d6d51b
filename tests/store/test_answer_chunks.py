"""What was retrieved stays with its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from store import answer_chunks, benchmarks, documents, runs, sessions
from store.database import Database
from store.library_records import Chunk, Found, Passage
from store.reading import ReadDocument
from store.records import CaseDraft, Variant

TEXT = "First page.\fThe ferry leaves\0 at nine.\nIt is grey. 🚢 It returns at ten."
SHA = "a" * 64


@pytest.fixture
def database(tmp_path: Path):
    made = Database(tmp_path / "home")
    yield made
    made.close()


def passage(number: int, start: int, end: int, *chunks: tuple[int, int, int]) -> Passage:
    found = tuple(
        Found(rank, "plan.pdf", Chunk(0, SHA, 0, 2, s, e, 0, TEXT[s:e]), 1 / rank, rank, None)
        for rank, s, e in chunks
    )
    return Passage(number, "plan.pdf", SHA, 2, start, end, TEXT[start:end], found)


def asked(database: Database, passages: list[Passage]) -> dict[str, Any]:
    def work(connection: Any) -> dict[str, Any]:
        session = sessions.create(connection, "test")
        read = ReadDocument("plan.pdf", "/plan.pdf", SHA, "application/pdf", 9, TEXT, (0, 12))
        documents.add(connection, session.id, read)
        [case_id] = benchmarks.add(connection, session.id, [CaseDraft("When?")])
        case = benchmarks.get(connection, case_id)
        variant = runs.keep_variant(connection, Variant("rag", "custom", "m"))
        run_id = runs.start(connection, session.id, variant.id, "b")
        answer_id = runs.ask(
            connection,
            run_id=run_id,
            variant_id=variant.id,
            case_id=case_id,
            revision_id=case.revision_id,
            epoch=1,
            attempt=1,
            owner="",
            sent_hash="",
            passages=passages,
        )
        runs.finish(connection, answer_id, runs.Finish("done", "At nine [1]."))
        return {"case": case, "answer": answer_id}

    return database.write_now(work)


def test_passages_come_back_with_their_chunks(database: Database) -> None:
    sent = [passage(1, 12, 39, (1, 12, 39), (3, 29, 39)), passage(2, 40, 70, (2, 52, 70))]
    made = asked(database, sent)
    assert database.read_now(answer_chunks.of, made["answer"]) == sent


def test_an_answer_without_any_has_none(database: Database) -> None:
    made = asked(database, [])
    assert database.read_now(answer_chunks.of, made["answer"]) == []


def test_a_carried_answer_keeps_them(database: Database) -> None:
    sent = [passage(1, 12, 39, (1, 12, 39))]
    made = asked(database, sent)

    def carry(connection: Any) -> int:
        old = made["case"]
        new = benchmarks.revise(connection, old.id, CaseDraft("When?", tags=("t",)))
        [(copy, _)] = runs.carry_over(connection, old.revision_id, new.revision_id)
        return copy

    assert database.read_now(answer_chunks.of, database.write_now(carry)) == sent
