"""Full-text search over session names, tasks, prompts and answers (FTS5, BM25)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

Kind = Literal["session", "prompt", "answer"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where the words stand; `case_id` is None for a session's name or task."""

    session_id: int
    session: str
    kind: Kind
    case_id: int | None
    excerpt: str


def everything(connection: sqlite3.Connection, words: str, limit: int = 50) -> list[Hit]:
    """Return where all of the words stand (the last may be a beginning), best first."""
    terms = [term.replace('"', '""') for term in words.split()]
    if not terms:
        return []
    like = "%" + words.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    hits = [
        Hit(session_id, name, "session", None, task or name)
        for session_id, name, task in connection.execute(
            "SELECT id, name, task FROM sessions WHERE name LIKE ? ESCAPE '\\'"
            " OR task LIKE ? ESCAPE '\\' ORDER BY opened_at DESC LIMIT ?",
            (like, like, limit),
        )
    ]
    query = " ".join(f'"{term}"' for term in terms[:-1]) + f' "{terms[-1]}"*'
    # bm25 would have to score every hit of a common word; the newest first costs no more
    # than the page that is shown.
    queries: tuple[tuple[Kind, str], ...] = (
        (
            "prompt",
            "SELECT s.id, s.name, c.id, snippet(prompts_fts, 0, '', '', '…', 16)"
            " FROM prompts_fts AS f JOIN case_revisions AS r ON r.id = f.rowid"
            " JOIN cases AS c ON c.revision_id = r.id AND c.removed_at IS NULL"
            " JOIN sessions AS s ON s.id = c.session_id"
            " WHERE prompts_fts MATCH ? ORDER BY f.rowid DESC LIMIT ?",
        ),
        (
            "answer",
            "SELECT s.id, s.name, c.id, snippet(answers_fts, 0, '', '', '…', 16)"
            " FROM answers_fts AS f JOIN answers AS a ON a.id = f.rowid"
            " JOIN cases AS c ON c.id = a.case_id AND c.removed_at IS NULL"
            " JOIN sessions AS s ON s.id = c.session_id"
            " WHERE answers_fts MATCH ? ORDER BY f.rowid DESC LIMIT ?",
        ),
    )
    for kind, rows in queries:
        hits += [
            Hit(session_id, name, kind, case_id, excerpt)
            for session_id, name, case_id, excerpt in connection.execute(rows, (query, limit))
        ]
    return hits[:limit]
