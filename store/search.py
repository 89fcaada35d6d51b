"""Full-text search over session names, tasks, prompts and answers (FTS5), the newest first."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

Kind = Literal["session", "prompt", "answer"]

# More than a person looks for; SQLite refuses patterns and queries without a bound.
_MOST_WORDS = 60
_LONGEST_WORD = 100

# bm25 would have to score every hit of a common word; the newest first costs no more than
# the page that is shown.
_PROMPTS = (
    "SELECT s.id, s.name, c.id, snippet(prompts_fts, 0, '', '', '…', 16)"
    " FROM prompts_fts AS f JOIN case_revisions AS r ON r.id = f.rowid"
    " JOIN cases AS c ON c.id = r.case_id AND c.revision_id = r.id AND c.removed_at IS NULL"
    " JOIN sessions AS s ON s.id = c.session_id"
    " WHERE prompts_fts MATCH ? ORDER BY f.rowid DESC LIMIT ?"
)
# An answer that was carried over to a newer revision is found there, once.
_ANSWERS = (
    "SELECT s.id, s.name, c.id, snippet(answers_fts, 0, '', '', '…', 16)"
    " FROM answers_fts AS f JOIN answers AS a ON a.id = f.rowid"
    " JOIN cases AS c ON c.id = a.case_id AND c.removed_at IS NULL"
    " JOIN sessions AS s ON s.id = c.session_id"
    " WHERE answers_fts MATCH ?"
    " AND NOT EXISTS (SELECT 1 FROM answers AS copy WHERE copy.carried_from = a.id)"
    " ORDER BY f.rowid DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where the words stand; `case_id` is None for a session's name or task."""

    session_id: int
    session: str
    kind: Kind
    case_id: int | None
    excerpt: str


def everything(connection: sqlite3.Connection, words: str, limit: int = 50) -> list[Hit]:
    """Return where all of the words stand; the last may be the beginning of one.

    Sessions come first, then prompts, then answers; prompts leave room for answers. Any
    text can be looked for: its quotes and operators mean nothing.
    """
    # A NUL would end the query; a lone surrogate is nothing that could have been kept.
    clean = words.replace("\0", " ").encode("utf-8", "replace").decode()
    wanted = [word[:_LONGEST_WORD] for word in clean.split()[:_MOST_WORDS]]
    if not wanted:
        return []
    query = _query(wanted)
    found = _sessions(connection, " ".join(wanted), limit)
    prompts = _cases(connection, "prompt", _PROMPTS, query, limit)
    answers = _cases(connection, "answer", _ANSWERS, query, limit)
    room = max(0, limit - len(found))
    return (found + prompts[: max(room // 2, room - len(answers))] + answers)[:limit]


def _query(words: list[str]) -> str:
    """Return the FTS5 query for whole words and the beginning of the last."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    # Half of all answers have a word that begins with a given letter, and it takes long to
    # gather them; where a letter is a word by itself (as in Chinese), few do.
    begun = len(words[-1]) > 1 or not words[-1].isascii()
    return " ".join(quoted) + ("*" if begun else "")


def _sessions(connection: sqlite3.Connection, words: str, limit: int) -> list[Hit]:
    like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = connection.execute(
        "SELECT id, name, task FROM sessions WHERE name LIKE ? ESCAPE '\\'"
        " OR task LIKE ? ESCAPE '\\' ORDER BY opened_at DESC LIMIT ?",
        (like, like, limit),
    )
    return [Hit(session_id, name, "session", None, task or name) for session_id, name, task in rows]


def _cases(
    connection: sqlite3.Connection, kind: Kind, rows: str, query: str, limit: int
) -> list[Hit]:
    return [
        Hit(session_id, name, kind, case_id, excerpt)
        for session_id, name, case_id, excerpt in connection.execute(rows, (query, limit))
    ]
