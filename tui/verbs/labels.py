"""`litmus label`: verdicts in and out."""

from __future__ import annotations

import argparse
import asyncio

from lab.engine import Engine
from lab.interop.labels import LabelRow, read_labels, write_labels
from lab.judge.trust import retrust
from store import benchmarks, labels
from store.database import Connection
from store.errors import NotFound
from store.records import answer_hash
from tui.verbs import output
from tui.verbs.benchmark import write_out
from tui.verbs.working import desk_of, with_engine


def read(options: argparse.Namespace) -> int:
    """Read verdicts; all of them or none. A case is found by its id."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        rows = await asyncio.to_thread(read_labels, options.file)
        added = await engine.database.write(_store, desk.session.id, rows)
        if options.json:
            output.data({"session": desk.session.name, "read": len(rows), "imported": added})
        else:
            output.say(
                f"Read {len(rows)} labels into {desk.session.name}; {added} are new or changed."
            )
        return 0

    return with_engine(options, work)


def export(options: argparse.Namespace) -> int:
    """Write every verdict that stands, with the answer that it judges."""
    kind = options.format or ("jsonl" if options.file.lower().endswith("jsonl") else "csv")

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        rows = [
            LabelRow(
                case=item.case,
                answer=item.answer,
                label=item.label,
                reason=item.reason,
                note=item.note,
                model=item.model,
                rung=item.rung,
            )
            for item in await engine.database.read(labels.labelled_answers, desk.session.id)
        ]
        write_out(options.file, write_labels(rows, kind))
        output.note(f"Wrote {len(rows)} labels.")
        return 0

    return with_engine(options, work)


def _store(connection: Connection, session_id: int, rows: list[LabelRow]) -> int:
    added = 0
    for row in rows:
        case = benchmarks.by_key(connection, session_id, row.case)
        if case is None:
            raise NotFound(
                f"The session has no case “{row.case}”; import its benchmark first, or choose "
                "the session with --session. No label was stored."
            )
        hashed = answer_hash(row.answer)
        standing = labels.standing(connection, case.revision_id, hashed)
        if standing and (standing.verdict, standing.reason, standing.note) == (
            row.label,
            row.reason,
            row.note,
        ):
            continue
        labels.add(
            connection,
            session_id,
            case.revision_id,
            hashed,
            row.label,
            reason=row.reason,
            note=row.note,
            source="import",
        )
        added += 1
    retrust(connection, session_id)
    return added
