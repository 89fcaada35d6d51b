"""The logs of `llm`, in the shapes that its versions gave them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lab.interop.answer_formats import read_answers
from lab.interop.answers import AnswerFile
from lab.interop.files import ImportProblem
from store.errors import StoreError
from store.records import Usage

FIRST = """
CREATE TABLE log (provider TEXT, system TEXT, prompt TEXT, chat_id INTEGER, response TEXT,
    model TEXT, timestamp TEXT);
INSERT INTO log VALUES ('openai', NULL, 'A?', NULL, 'one', 'gpt-3', '2023-05-01 10:00:00');
INSERT INTO log VALUES ('openai', NULL, 'And B?', 1, 'two', 'gpt-3', '2023-05-01 10:01:00');
"""
SECOND = """
CREATE TABLE logs (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
    options_json TEXT, response TEXT, response_json TEXT, reply_to_id INTEGER, chat_id INTEGER,
    duration_ms INTEGER, datetime_utc TEXT);
INSERT INTO logs VALUES (5, 'gpt-3', 'A?', 'Be brief.', '{}', '{"temperature": 0.5}', 'one', '{}',
    NULL, NULL, 1500, '2023-07-01T10:00:00');
"""
THIRD = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT,
    prompt_json TEXT, options_json TEXT, response TEXT, response_json TEXT,
    conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT);
INSERT INTO responses VALUES ('r1', 'gpt-4', 'A?', NULL, '{}', '{}', 'one', '{}', 'c', 250,
    '2024-01-01T10:00:00');
INSERT INTO responses VALUES ('r2', 'gpt-4', 'And B?', NULL, '{}', '{}', 'two', '{}', 'c', 250,
    '2024-01-01T10:01:00');
"""
FRAGMENTS = """
ALTER TABLE responses ADD COLUMN input_tokens INTEGER;
ALTER TABLE responses ADD COLUMN output_tokens INTEGER;
ALTER TABLE responses ADD COLUMN token_details TEXT;
ALTER TABLE responses ADD COLUMN resolved_model TEXT;
CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
INSERT INTO fragments VALUES (1, 'h1', 'The handbook.'), (2, 'h2', 'Be kind.');
INSERT INTO responses (id, model, resolved_model, prompt, system, response, input_tokens,
    output_tokens, token_details, datetime_utc) VALUES
    ('r3', 'gpt-4', 'gpt-4-0613', 'Who?', 'Be brief.', 'me', 30, 2,
     '{"prompt_tokens_details": {"cached_tokens": 10}}', '2024-02-01T10:00:00'),
    ('r4', 'gpt-4', NULL, 'What is on it?', NULL, 'a cat', 30, 2, NULL, '2024-02-01T11:00:00'),
    ('r5', 'gpt-4', NULL, '', NULL, 'a summary', 30, 2, NULL, '2024-02-01T12:00:00'),
    ('r6', 'gpt-4', NULL, 'Nothing?', NULL, '', 30, 0, NULL, '2024-02-01T13:00:00');
INSERT INTO prompt_fragments VALUES ('r3', 1, 0), ('r5', 1, 0);
INSERT INTO system_fragments VALUES ('r3', 2, 0);
INSERT INTO prompt_attachments VALUES ('r4', 'picture', 0);
"""
TURNS = """
CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT,
    text TEXT, payload TEXT);
CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT,
    tip_message_hash TEXT, model TEXT, resolved_model TEXT, options_json TEXT,
    input_tokens INTEGER, output_tokens INTEGER, token_details TEXT, duration_ms INTEGER,
    datetime_utc TEXT);
CREATE TABLE turn_fragments (turn_id TEXT, fragment_id INTEGER, "order" INTEGER, kind TEXT);
INSERT INTO messages VALUES
    ('s', NULL, 'system'), ('u1', 's', 'user'), ('a1', 'u1', 'assistant'),
    ('u2', 'a1', 'user'), ('a2', 'u2', 'assistant'), ('u3', NULL, 'user'),
    ('a3', 'u3', 'assistant');
INSERT INTO parts (message_hash, position, type, text, payload) VALUES
    ('s', 0, 'text', 'Be brief.', NULL), ('u1', 0, 'text', 'A?', NULL),
    ('a1', 0, 'reasoning', 'Let me see.', NULL), ('a1', 1, 'text', 'one', NULL),
    ('u2', 0, 'text', NULL, '{"text_ref": [{"fragment": 1}, {"literal": "\\nWho?"}]}'),
    ('a2', 0, 'text', 'me', NULL), ('u3', 0, 'text', 'Run it', NULL),
    ('u3', 1, 'tool_result', NULL, '{"output": "3"}'), ('a3', 0, 'text', '3', NULL);
INSERT INTO turns VALUES
    ('r1', 't', 'u1', 'a1', 'gpt-5', 'gpt-5-1', '{}', 5, 1, NULL, 40, '2026-01-01T10:00:00+00:00'),
    ('t2', 't', 'u2', 'a2', 'gpt-5', NULL, '{}', 9, 1, NULL, 40, '2026-01-01T10:01:00+00:00'),
    ('t3', 'x', 'u3', 'a3', 'gpt-5', NULL, '{}', 9, 1, NULL, 40, '2026-01-01T10:02:00+00:00');
INSERT INTO turn_fragments VALUES ('t2', 1, 0, 'prompt');
"""

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a database of these statements."""

    def made(*scripts: str) -> Path:
        path = tmp_path / "logs.db"
        with closing(sqlite3.connect(path)) as connection:
            for script in scripts:
                connection.executescript(script)
        return path

    return made


def asked(file: AnswerFile) -> list[tuple[str, int, str | None]]:
    return [(row.prompt, len(row.messages), row.answer) for row in file.rows]


@pytest.mark.parametrize("shape", [FIRST, THIRD])
def test_a_conversation_goes_before_its_next_prompt(make: Make, shape: str) -> None:
    file = read_answers(make(shape))
    assert file.format == "llm"
    assert asked(file) == [("A?", 0, "one"), ("And B?", 2, "two")]
    assert file.rows[1].messages == (
        {"role": "user", "content": "A?"},
        {"role": "assistant", "content": "one"},
    )


def test_the_table_between_them(make: Make) -> None:
    [row] = read_answers(make(SECOND)).rows
    assert (row.model, row.system, row.parameters) == ("gpt-3", "Be brief.", {"temperature": 0.5})
    assert (row.latency_s, row.answered_at) == (1.5, 1688205600.0)
    assert (row.rung, row.cost_usd, row.usage) == (None, None, Usage())


def test_fragments_are_the_context_and_what_text_cannot_say_is_left_out(make: Make) -> None:
    rows = {row.where: row for row in read_answers(make(THIRD, FRAGMENTS)).rows}
    who = rows["answer r3"]
    assert (who.prompt, who.rung, who.system) == ("Who?", "context", "Be kind.\n\nBe brief.")
    assert (who.resolved_model, who.usage) == ("gpt-4-0613", Usage(30, 2, None, 10))
    assert rows["answer r4"].error == "asked with files, pictures or tool results"
    assert (rows["answer r5"].prompt, rows["answer r5"].rung) == ("The handbook.", None)
    assert rows["answer r6"].error == "without any text as their answer"


def test_the_tree_of_messages_goes_before_the_older_tables_beside_it(make: Make) -> None:
    rows = {row.where: row for row in read_answers(make(THIRD, FRAGMENTS, TURNS)).rows}
    assert len(rows) == 8  # r1 is in both
    first, second = rows["answer r1"], rows["answer t2"]
    assert (first.model, first.resolved_model) == ("gpt-5", "gpt-5-1")
    assert (first.prompt, first.answer, first.reasoning) == ("A?", "one", "Let me see.")
    assert (first.system, first.messages) == ("Be brief.", ())
    assert (second.prompt, second.rung, second.answer) == ("Who?", "context", "me")
    assert [turn["content"] for turn in second.messages] == ["A?", "one"]
    assert rows["answer t3"].error == "asked with files, pictures or tool results"


def everything_in(folder: Path) -> dict[str, str]:
    return {item.name: hashlib.sha256(item.read_bytes()).hexdigest() for item in folder.iterdir()}


def test_the_file_and_its_wal_are_read_and_left_as_they_are(make: Make, tmp_path: Path) -> None:
    path = make("PRAGMA journal_mode = WAL;", THIRD)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE responses SET response = 'newest' WHERE id = 'r1'")
        writer.commit()
        before = everything_in(tmp_path)
        assert "logs.db-wal" in before
        assert read_answers(path).rows[0].answer == "newest"
        assert everything_in(tmp_path) == before
    before = everything_in(tmp_path)
    read_answers(path)
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(
    "script", ["CREATE TABLE log (line TEXT);", "CREATE TABLE messages (id INTEGER);", ""]
)
def test_another_programs_database_is_told_so(make: Make, script: str) -> None:
    path = make(script, "PRAGMA user_version = 3;")
    with pytest.raises(StoreError, match="not llm's logs"):
        read_answers(path)


def test_a_broken_database_and_an_empty_log(make: Make, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    whole = make(THIRD).read_bytes()
    broken.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(StoreError, match="cannot be read as a database"):
        read_answers(broken)
    empty = make("DELETE FROM responses;")
    with pytest.raises(ImportProblem, match="without any answer"):
        read_answers(empty)


def test_options_that_are_no_json_are_passed_over(make: Make) -> None:
    path = make(SECOND, "UPDATE logs SET options_json = 'oops', datetime_utc = 'lately';")
    [row] = read_answers(path).rows
    assert (row.parameters, row.answered_at) == ({}, None)
    assert json.dumps(row.messages) == "[]"
