"""`litmus bench edit`, `set`, `remove`, `restore` and `history`: single cases of a benchmark."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from lab.desk import Desk
from lab.editing.difference import Section, difference
from lab.editing.revising import Revised, restore, revise
from lab.editing.texts import CaseProblem, draft_of, tags_of, texts_of
from lab.engine import Engine
from lab.rag.evidence import joined
from store import benchmarks, revisions
from store.database import Connection
from store.errors import NotFound
from store.records import Case, CaseDraft, Evidence
from tui import outside_editor
from tui.verbs import evidence, output
from tui.verbs.working import desk_of, with_engine


def edit(options: argparse.Namespace) -> int:
    """Open a case in the person's editor, and keep it as a new revision."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        case = await find_case(desk, options.id)
        texts, title = texts_of(case.draft), f"Case “{case.key}”, revision {case.number}"
        changed = await outside_editor.edit(texts, case.draft, title, outside_editor.show)
        draft = case.draft if changed is None else draft_of(changed, case.draft)
        _tell(desk, [await revise(engine.database, case, draft)] if changed else [], options)
        return 0

    return with_engine(options, work)


def change(options: argparse.Namespace) -> int:
    """Give cases other tags, another split, or evidence."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        changes = (options.tags, options.add_tags, options.remove_tags, options.split)
        if changes == (None,) * 4 and not evidence.is_asked(options):
            raise CaseProblem(
                "Say what to set: --tags, --add-tags, --remove-tags, --split, --evidence or "
                "--quote."
            )
        cases = [await find_case(desk, key) for key in options.ids]
        given = await evidence.given(desk, options)
        found = [
            await revise(engine.database, case, _changed(case, options, given)) for case in cases
        ]
        _tell(desk, found, options)
        return 0

    return with_engine(options, work)


def remove(options: argparse.Namespace) -> int:
    """Take cases out of the benchmark; what they were asked is kept."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        cases = [await find_case(desk, key) for key in options.ids]
        for case in cases:
            await desk.remove_case(case.id)
        if options.json:
            output.data({"session": desk.session.name, "removed": [case.key for case in cases]})
        else:
            keys = " ".join(case.key for case in cases)
            output.say(f"Out of the benchmark; `litmus bench restore {keys}` brings back.")
        return 0

    return with_engine(options, work)


def bring_back(options: argparse.Namespace) -> int:
    """Put removed cases back in their places."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = [await find_case(desk, key, removed=True) for key in options.ids]
        for case in found:
            await desk.restore_case(case.id)
        if options.json:
            output.data({"session": desk.session.name, "restored": [case.key for case in found]})
        else:
            output.say("Back in the benchmark: " + " ".join(case.key for case in found))
        return 0

    return with_engine(options, work)


def history(options: argparse.Namespace) -> int:
    """List a case's revisions with what changed in each, or restore one."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        case = await find_case(desk, options.id)
        listed = await engine.database.read(revisions.listed, case.id)
        if options.restore is not None:
            wanted = next((item.id for item in listed if item.number == options.restore), None)
            if wanted is None:
                raise NotFound(f"Case “{case.key}” has no revision {options.restore}.")
            _tell(desk, [await restore(engine.database, case, wanted)], options)
            return 0
        drafts = await engine.database.read(_drafts, listed)
        olders = [*drafts[1:], CaseDraft("")]
        changes = [
            await asyncio.to_thread(difference, older, draft)
            for older, draft in zip(olders, drafts, strict=True)
        ]
        told = list(zip(listed, changes, strict=True))
        if options.json:
            output.data({"session": desk.session.name, "id": case.key, "revisions": _json(told)})
        else:
            _print(told)
        return 0

    return with_engine(options, work)


def _drafts(connection: Connection, listed: list[revisions.Revision]) -> list[CaseDraft]:
    return [benchmarks.at_revision(connection, item.id).draft for item in listed]


def _json(told: Iterable[tuple[revisions.Revision, list[Section]]]) -> list[dict[str, object]]:
    return [
        {
            "revision": item.number,
            "created_at": item.created_at,
            "answers": item.answers,
            "changed": {
                section.name.lower().replace(" ", "_"): [
                    f"{line.sign.replace('−', '-')}{line.text}" for line in section.lines
                ]
                for section in sections
            },
        }
        for item, sections in told
    ]


def _print(told: list[tuple[revisions.Revision, list[Section]]]) -> None:
    for item, sections in told:
        when = datetime.fromtimestamp(item.created_at).strftime("%Y-%m-%d %H:%M")
        answers = "1 answer" if item.answers == 1 else f"{item.answers:,} answers"
        output.say(f"revision {item.number}  {when}  {answers}")
        for section in sections:
            output.say(f"  {section.name}")
            for line in section.lines:
                output.say(f"  {line.sign} {line.text}")


async def find_case(desk: Desk, key: str, *, removed: bool = False) -> Case:
    """Return the case of that id. Raises NotFound."""
    look = revisions.removed if removed else benchmarks.by_key
    case = await desk.database.read(look, desk.session.id, key)
    if case is None:
        what = "was removed under the id" if removed else "has the id"
        raise NotFound(f"No case {what} “{key}”; `litmus bench list` lists what there is.")
    return case


def _changed(case: Case, options: argparse.Namespace, given: Sequence[Evidence]) -> CaseDraft:
    tags = case.draft.tags if options.tags is None else tags_of(options.tags)
    tags = tuple(dict.fromkeys((*tags, *tags_of(options.add_tags or ""))))
    out = tags_of(options.remove_tags or "")
    return replace(
        case.draft,
        tags=tuple(tag for tag in tags if tag not in out),
        split=options.split or case.draft.split,
        evidence=joined(() if options.no_evidence else case.draft.evidence, given),
    )


def _tell(desk: Desk, found: list[Revised], options: argparse.Namespace) -> None:
    changed = [item for item in found if item.changed]
    if options.json:
        output.data(
            {
                "session": desk.session.name,
                "changed": [revised_row(item) for item in changed],
            }
        )
        return
    for item in changed:
        output.say(f"{item.case.key}: {item.sentence}")
    if not changed:
        output.say("Nothing was changed.")


def revised_row(item: Revised) -> dict[str, object]:
    """Return what an edit did as `--json` prints it."""
    return {
        "id": item.case.key,
        "revision": item.case.number,
        "answers_on_older_revision": item.behind,
        "labels_on_older_revision": item.labels,
        "answers_again": item.back,
    }
