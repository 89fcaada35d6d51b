"""The logs of Simon Willison's `llm`: a foreign SQLite file that is read and never changed.

Four shapes of it are known: a table `log` in the first versions of 2023, `logs` after it,
`responses` with `conversations` and later fragments, and since 0.32 `turns` over a tree of
`messages` and their `parts`. One file can hold several of them, with some answers twice.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from store.errors import StoreError

Message = dict[str, str]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Logged:
    """One answer as the logs hold it.

    `prompt` is what was typed, `fragments` the texts that stood in front of it, `messages`
    the turns before. `extras` counts what went along and is no text: files, pictures, tool
    results. `options` and `details` are JSON, empty where there is none; `datetime` is ISO
    8601 in UTC.
    """

    id: str
    model: str
    resolved_model: str
    prompt: str
    system: str
    messages: tuple[Message, ...]
    fragments: tuple[str, ...]
    extras: int
    answer: str
    reasoning: str
    options: str
    details: str
    input_tokens: int | None
    output_tokens: int | None
    duration_ms: int | None
    datetime: str


def read(path: Path) -> list[Logged]:
    """Return every answer of the logs, the oldest first.

    Raises StoreError when the file cannot be read or is not llm's.
    """
    try:
        with _opened(path) as connection:
            found = _all(connection)
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreError(f"{path} cannot be read as a database ({error}).") from error
    if found is None:
        raise StoreError(
            f"{path} is a database, but not llm's logs; `llm logs path` says where those are."
        )
    return sorted(found.values(), key=lambda each: (each.datetime, each.id))


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    """Open a database without touching it or what lies beside it.

    A journal holds what is not in the file yet, and SQLite would write to use it: then a
    copy of both is opened.
    """
    beside = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
    beside = [each for each in beside if each.exists() and each.stat().st_size]
    with tempfile.TemporaryDirectory(prefix="litmus-") as folder:
        options = "mode=ro&immutable=1"
        if beside:
            for each in (path, *beside):
                shutil.copyfile(each, Path(folder) / each.name)
            path, options = Path(folder) / path.name, "mode=rw"
        address = f"file:{quote(str(path.absolute()))}?{options}"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.text_factory = _text
            yield connection


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _all(connection: sqlite3.Connection) -> dict[str, Logged] | None:
    """Return what the tables hold by id; None where no table is llm's."""
    found: dict[str, Logged] | None = None
    for table, needed, answers in (
        # Versions that wrote both gave an answer the same id in each; the newest is wholest.
        ("turns", {"model", "tip_message_hash"}, _turns),
        ("responses", {"model", "prompt", "response"}, _responses),
        ("logs", {"model", "prompt", "response"}, _logs),
        ("log", {"model", "prompt", "response"}, _logs),
    ):
        if needed <= _columns(connection, table):
            found = {} if found is None else found
            for each in answers(connection, table):
                found.setdefault(each.id, each)
    return found


# -- The tree of messages ---------------------------------------------------------------


def _turns(connection: sqlite3.Connection, table: str) -> Iterator[Logged]:
    fragments = {row["id"]: row["content"] for row in _rows(connection, "fragments")}
    put_in_front = defaultdict[str, list[str]](list)
    for row in _rows(connection, "turn_fragments", by='"order"'):
        if row["kind"] == "prompt":
            put_in_front[row["turn_id"]].append(fragments.get(row["fragment_id"], ""))
    messages = {row["hash"]: row for row in _rows(connection, "messages")}
    parts = defaultdict[str, list[Row]](list)
    for row in _rows(connection, "parts", by="position"):
        parts[row["message_hash"]].append(row)

    def text(message: str, kind: str = "text") -> str:
        here = [part for part in parts[message] if part["type"] == kind]
        return "".join(_part_text(part, fragments) for part in here)

    for row in _rows(connection, table):
        asked = _chain(messages, row["parent_message_hash"])
        came = _chain(messages, row["tip_message_hash"], until=row["parent_message_hash"])
        said = [each for each in asked if messages[each]["role"] != "system"]
        last = said[-1] if said and messages[said[-1]]["role"] == "user" else None
        whole, front = text(last) if last else "", put_in_front[row["id"]]
        if whole.startswith("\n".join(front)):
            whole = whole[len("\n".join(front)) :].removeprefix("\n" if front else "")
        else:
            front = []
        yield _logged(
            row,
            row["id"],
            prompt=whole,
            system="\n\n".join(text(m) for m in asked if messages[m]["role"] == "system"),
            messages=tuple(
                {"role": messages[each]["role"], "content": text(each)} for each in said[:-1]
            ),
            fragments=tuple(front),
            extras=sum(p["type"] not in ("text", "reasoning") for m in asked for p in parts[m]),
            answer="".join(text(each) for each in came),
            reasoning="".join(text(each, "reasoning") for each in came),
        )


def _chain(messages: dict[str, Row], tip: str | None, until: str | None = None) -> list[str]:
    """Return the hashes of a message and those before it, the oldest first."""
    chain: dict[str, None] = {}
    while tip in messages and tip != until and tip not in chain:
        chain[tip] = None
        tip = messages[tip]["parent_hash"]
    return list(chain)[::-1]


def _part_text(part: Row, fragments: dict[int, str]) -> str:
    """Return a part's text; a part that borrows from fragments lists its pieces instead."""
    if part["text"] is not None:
        return str(part["text"])
    try:
        pieces = json.loads(part["payload"] or "{}").get("text_ref", [])
        return "".join(each.get("literal") or fragments[each["fragment"]] for each in pieces)
    except (ValueError, AttributeError, KeyError, TypeError):
        return ""


# -- The tables before it ---------------------------------------------------------------


def _responses(connection: sqlite3.Connection, table: str) -> Iterator[Logged]:
    contents = {row["id"]: row["content"] for row in _rows(connection, "fragments")}

    def fragments_of(linking: str) -> dict[str, list[str]]:
        found = defaultdict[str, list[str]](list)
        for row in _rows(connection, linking, by='"order"'):
            found[row["response_id"]].append(contents.get(row["fragment_id"], ""))
        return found

    fronts, systems = fragments_of("prompt_fragments"), fragments_of("system_fragments")
    extras = defaultdict[str, int](int)
    for linking in ("prompt_attachments", "tool_results"):
        for row in _rows(connection, linking):
            extras[row["response_id"]] += 1
    talks = defaultdict[str, list[Message]](list)
    carried = defaultdict[str, int](int)
    for row in _rows(connection, table, by="datetime_utc, id"):
        key = row["id"]
        talk = row["conversation_id"] or key
        carried[talk] += extras[key]
        parts = [each.strip() for each in (*systems[key], row["system"] or "")]
        yield _logged(
            row,
            key,
            prompt=row["prompt"] or "",
            system="\n\n".join(each for each in parts if each),
            messages=tuple(talks[talk]),
            fragments=tuple(fronts[key]),
            extras=carried[talk],
            answer=row["response"] or "",
            reasoning=row["reasoning"] or "",
        )
        asked = "\n".join([*fronts[key], *filter(None, [row["prompt"]])])
        talks[talk] += _exchange(asked, row["response"])


def _logs(connection: sqlite3.Connection, table: str) -> Iterator[Logged]:
    talks = defaultdict[int, list[Message]](list)
    for row in _rows(connection, table, by="rowid"):
        number = row["rowid"]
        talk = row["chat_id"] or number
        yield _logged(
            row,
            f"{table}-{number:012d}",
            prompt=row["prompt"] or "",
            system=row["system"] or "",
            messages=tuple(talks[talk]),
            fragments=(),
            extras=0,
            answer=row["response"] or "",
            reasoning="",
        )
        talks[talk] += _exchange(row["prompt"] or "", row["response"])


def _exchange(asked: str, answered: str | None) -> list[Message]:
    return [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": answered or ""},
    ]


def _logged(row: Row, key: str, **texts: Any) -> Logged:
    def whole(name: str) -> int | None:
        value = row[name]
        return value if isinstance(value, int) and value >= 0 else None

    return Logged(
        id=key,
        model=row["model"] or "",
        resolved_model=row["resolved_model"] or "",
        options=row["options_json"] or "",
        details=row["token_details"] or "",
        input_tokens=whole("input_tokens"),
        output_tokens=whole("output_tokens"),
        duration_ms=whole("duration_ms"),
        datetime=row["datetime_utc"] or row["timestamp_utc"] or row["timestamp"] or "",
        **texts,
    )


# -- Tables whose columns differ from version to version ---------------------------------


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _rows(connection: sqlite3.Connection, table: str, by: str = "rowid") -> Iterator[Row]:
    """Yield a table's rows; a column or table that this version lacks reads as None."""
    # Whole payloads of the providers stand in these, and can be most of the file.
    names = sorted(_columns(connection, table) - {"prompt_json", "response_json"})
    if not names:
        return
    listed = ", ".join(f'"{name}"' for name in names)
    cursor = connection.execute(f"SELECT rowid, {listed} FROM {table} ORDER BY {by}")
    for values in cursor:
        row = defaultdict[str, Any](lambda: None)
        row.update(zip(("rowid", *names), values, strict=True))
        yield row
