"""What the screens and the ladder show of many answers at once, as windows and counts."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from store.records import Split, Status, Verdict

_LABEL = (
    "(SELECT l.verdict FROM standing_labels AS l"
    " WHERE l.revision_id = a.revision_id AND l.answer_hash = a.answer_hash)"
)
_SCORE: dict[Verdict, float] = {"pass": 1.0, "partial": 0.5, "fail": 0.0}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line of the case list: the case and where its newest answer stands."""

    case_id: int
    revision_id: int
    prompt: str
    split: Split
    status: Status | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of a variant's answers to the current test cases.

    `scores` counts cases by (epochs with a verdict, sum of their scores), a pass being 1
    and a partial ½. `unlabelled` answers have no verdict yet. Times in seconds, cost in US
    dollars over the answers counted; `unpriced` answers had no known price.
    """

    scores: tuple[tuple[int, float, int], ...]
    unlabelled: int
    cost_usd: float
    unpriced: int
    seconds: float


def case_rows(
    connection: sqlite3.Connection, session_id: int, variant_id: int, limit: int, offset: int
) -> list[CaseRow]:
    """Return a window of the case list as it stands under a variant."""
    rows = connection.execute(
        "SELECT c.id, c.revision_id, substr(CAST(r.prompt AS BLOB), 1, 1200), r.split, a.status,"
        f" coalesce({_LABEL}, g.verdict)"
        " FROM (SELECT id, revision_id, position FROM cases"
        "   WHERE session_id = ? AND removed_at IS NULL ORDER BY position LIMIT ? OFFSET ?) AS c"
        " JOIN case_revisions AS r ON r.id = c.revision_id"
        " LEFT JOIN answers AS a ON a.id = (SELECT max(x.id) FROM answers AS x"
        "   WHERE x.variant_id = ? AND x.revision_id = c.revision_id)"
        " LEFT JOIN grades AS g ON g.answer_id = a.id AND g.grader = 'assertions'"
        " ORDER BY c.position",
        (session_id, limit, offset, variant_id),
    )
    # As bytes, since SQLite's substr ends a text at its first NUL.
    return [
        CaseRow(case_id, revision_id, prompt.decode("utf-8", "ignore")[:300], *rest)
        for case_id, revision_id, prompt, *rest in rows
    ]


def tally(
    connection: sqlite3.Connection, session_id: int, variant_id: int, split: Split = "test"
) -> Tally:
    """Count a variant's answers to the session's current case revisions.

    The newest whole answer of each epoch counts; an older one has been asked anew.
    """
    rows = connection.execute(
        f"SELECT a.case_id, a.epoch, a.cost_usd, a.latency_s, coalesce({_LABEL}, g.verdict)"
        " FROM cases AS c JOIN case_revisions AS r ON r.id = c.revision_id"
        " JOIN answers AS a ON a.revision_id = c.revision_id AND a.variant_id = ?"
        " LEFT JOIN grades AS g ON g.answer_id = a.id AND g.grader = 'assertions'"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND r.split = ? AND a.status = 'done'"
        " ORDER BY c.position, a.epoch, a.id",
        (variant_id, session_id, split),
    )
    standing = {(case_id, epoch): rest for case_id, epoch, *rest in rows}
    judged: dict[int, list[float]] = {}
    for (case_id, _), (_, _, verdict) in standing.items():
        if verdict is not None:
            judged.setdefault(case_id, []).append(_SCORE[verdict])
    counts = Counter((len(scores), sum(scores)) for scores in judged.values())
    return Tally(
        tuple((epochs, score, cases) for (epochs, score), cases in sorted(counts.items())),
        len(standing) - sum(len(scores) for scores in judged.values()),
        sum((cost for cost, _, _ in standing.values() if cost is not None), 0.0),
        sum(cost is None for cost, _, _ in standing.values()),
        sum((seconds or 0.0 for _, seconds, _ in standing.values()), 0.0),
    )


def next_unlabelled(
    connection: sqlite3.Connection, session_id: int, variant_id: int, after: int
) -> int | None:
    """Return the next case whose newest answer waits for a verdict, in the list's order.

    `after` is a position in the benchmark; the search goes on from the start when it
    reaches the end. None when nothing waits.
    """
    query = (
        "SELECT c.id FROM cases AS c JOIN answers AS a ON a.id ="
        " (SELECT max(x.id) FROM answers AS x"
        "  WHERE x.variant_id = ? AND x.revision_id = c.revision_id)"
        " WHERE c.session_id = ? AND c.removed_at IS NULL AND c.position {}"
        f" AND a.status = 'done' AND {_LABEL} IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM grades AS g WHERE g.answer_id = a.id)"
        " ORDER BY c.position LIMIT 1"
    )
    for condition in ("> ?", "< ?"):
        row = connection.execute(
            query.format(condition), (variant_id, session_id, after)
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
            "SELECT (SELECT count(*) FROM cases WHERE session_id = ? AND removed_at IS NULL),"
            " coalesce(sum(cost_usd), 0), coalesce(sum(unpriced), 0)"
            " FROM runs WHERE session_id = ?",
            (session_id, session_id),
        ).fetchone()
        found[session_id] = Summary(int(row[0]), float(row[1]), int(row[2]))
    return found
