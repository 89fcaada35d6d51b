"""What the screens and the ladder show of many answers at once, as windows and counts."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from store import sessions
from store.benchmarks import SOUND
from store.grades import GRADERS, LABEL, VERDICT
from store.records import SCORE, Split, Status, Verdict


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line of the case list: the case and where its newest answer stands.

    A case that is not `sound` is marked as bad, and waits for repair.
    """

    case_id: int
    revision_id: int
    prompt: str
    split: Split
    status: Status | None
    verdict: Verdict | None
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of a variant's answers to the current test cases.

    `scores` counts cases by (epochs with a verdict, sum of their scores), a pass being 1
    and a partial ½. `unlabelled` answers have no verdict yet. Times in seconds, cost in US
    dollars over the answers counted; `unpriced` answers had no known price. `judged` is how
    many answers have their verdict from the trusted judge.
    """

    scores: tuple[tuple[int, float, int], ...]
    unlabelled: int
    cost_usd: float
    unpriced: int
    seconds: float
    judged: int = 0


def case_rows(
    connection: sqlite3.Connection, session_id: int, variant_id: int, limit: int, offset: int
) -> list[CaseRow]:
    """Return a window of the case list as it stands under a variant."""
    window = (
        "SELECT id, revision_id, position FROM cases"
        " WHERE session_id = ? AND removed_at IS NULL ORDER BY position LIMIT ? OFFSET ?"
    )
    return _case_rows(connection, session_id, variant_id, window, (session_id, limit, offset))


def rows_of(
    connection: sqlite3.Connection, session_id: int, variant_id: int, case_ids: Sequence[int]
) -> list[CaseRow]:
    """Return these lines of the case list, in the benchmark's order."""
    window = (
        "SELECT id, revision_id, position FROM cases"
        " WHERE id IN (SELECT value FROM json_each(?)) AND removed_at IS NULL"
    )
    return _case_rows(connection, session_id, variant_id, window, (json.dumps(list(case_ids)),))


def _case_rows(
    connection: sqlite3.Connection,
    session_id: int,
    variant_id: int,
    window: str,
    values: Sequence[str | int],
) -> list[CaseRow]:
    rows = connection.execute(
        "SELECT c.id, c.revision_id, substr(CAST(r.prompt AS BLOB), 1, 1200), r.split, a.status,"
        f" {VERDICT}, {SOUND}"
        f" FROM ({window}) AS c"
        " JOIN case_revisions AS r ON r.id = c.revision_id"
        " LEFT JOIN answers AS a ON a.id = (SELECT max(x.id) FROM answers AS x"
        "   WHERE x.variant_id = ? AND x.revision_id = c.revision_id)"
        f" {GRADERS} ORDER BY c.position",
        (*values, variant_id, session_id),
    )
    # As bytes, since SQLite's substr ends a text at its first NUL.
    return [
        CaseRow(
            case, revision, text.decode("utf-8", "ignore")[:300], split, status, told, sound == 1
        )
        for case, revision, text, split, status, told, sound in rows
    ]


def tally(
    connection: sqlite3.Connection, session_id: int, variant_id: int, split: Split = "test"
) -> Tally:
    """Count a variant's answers to the session's current case revisions.

    The newest whole answer of each epoch counts; an older one has been asked anew. A bad
    case counts for nothing until it is mended.
    """
    rows = connection.execute(
        f"SELECT a.case_id, a.epoch, a.cost_usd, a.latency_s, {LABEL}, j.verdict, g.verdict"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.revision_id = c.revision_id AND a.variant_id = ?"
        f" {GRADERS}"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND r.split = ? AND a.status = 'done'"
        f" AND {SOUND}"
        " ORDER BY c.position, a.epoch, a.id",
        (variant_id, session_id, session_id, split),
    )
    standing = {(case_id, epoch): rest for case_id, epoch, *rest in rows}
    decided: dict[int, list[float]] = {}
    judged = 0
    for (case_id, _), (_, _, label, judge, grade) in standing.items():
        if verdict := label or judge or grade:
            decided.setdefault(case_id, []).append(SCORE[verdict])
        judged += judge is not None and label is None
    counts = Counter((len(scores), sum(scores)) for scores in decided.values())
    return Tally(
        tuple((epochs, score, cases) for (epochs, score), cases in sorted(counts.items())),
        len(standing) - sum(len(scores) for scores in decided.values()),
        sum((cost for cost, *_ in standing.values() if cost is not None), 0.0),
        sum(cost is None for cost, *_ in standing.values()),
        sum((seconds or 0.0 for _, seconds, *_ in standing.values()), 0.0),
        judged,
    )


def next_unlabelled(
    connection: sqlite3.Connection, session_id: int, variant_id: int, after: int
) -> int | None:
    """Return the next case whose newest answer waits for a verdict, in the list's order.

    `after` is a position in the benchmark; the search goes on from the start when it
    reaches the end. None when nothing waits.
    """
    query = (
        "SELECT c.id FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.id ="
        " (SELECT max(x.id) FROM answers AS x"
        "  WHERE x.variant_id = ? AND x.revision_id = c.revision_id)"
        f" {GRADERS}"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND c.position {}"
        f" AND a.status = 'done' AND {VERDICT} IS NULL AND {SOUND}"
        " ORDER BY c.position LIMIT 1"
    )
    for condition in ("> ?", "< ?"):
        row = connection.execute(
            query.format(condition), (variant_id, session_id, session_id, after)
        ).fetchone()
        if row:
            return int(row[0])
    return None


@dataclass(frozen=True, slots=True)
class Summary:
    """A session in numbers. US dollars; `unpriced` answers had no known price."""

    cases: int
    cost_usd: float
    unpriced: int

    @property
    def known_cost_usd(self) -> float | None:
        """What it cost, or None where the price of any answer is not known."""
        return None if self.unpriced else self.cost_usd


def summaries(connection: sqlite3.Connection, session_ids: Sequence[int]) -> dict[int, Summary]:
    """Return each session in numbers."""
    found: dict[int, Summary] = {}
    for session_id in session_ids:
        row = connection.execute(
            "SELECT count(*) FROM cases WHERE session_id = ? AND removed_at IS NULL",
            (session_id,),
        ).fetchone()
        found[session_id] = Summary(int(row[0]), *sessions.spent(connection, session_id))
    return found
