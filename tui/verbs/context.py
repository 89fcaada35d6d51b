"""`litmus docs attach`, `detach` and `order`: what is in the context, of all cases or of one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from lab import attaching
from lab.context import Part, leave_out, places
from lab.desk import Desk
from lab.editing.revising import revise
from lab.engine import Engine
from lab.pages import choose
from store.errors import NotFound
from store.records import CaseDraft, Document
from tui.verbs import output
from tui.verbs.cases import find_case, revised_row
from tui.verbs.documents import find
from tui.verbs.working import desk_of, with_engine

Change = Callable[[CaseDraft, Document], CaseDraft]


def attach(options: argparse.Namespace) -> int:
    """Put documents into the context, or these pages of them, in the order of their names."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = [find(desk, name) for name in options.names]
        for document in found:  # before anything is changed
            choose(options.pages or "", document.name, len(document.pages))
        if options.case:
            return await _change_case(
                desk,
                options,
                lambda case, document: attaching.with_document(case, document, options.pages),
            )
        for document in found:
            if options.pages:
                await attaching.choose_pages(desk, document, options.pages)
            if document.attached is None:
                await desk.attach(document.id, True)
        return _tell_context(desk, options)

    return with_engine(options, work)


def detach(options: argparse.Namespace) -> int:
    """Take documents out of the context."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = [find(desk, name) for name in options.names]
        if options.case:
            return await _change_case(desk, options, leave_out)
        for document in found:
            await desk.attach(document.id, False)
        return _tell_context(desk, options)

    return with_engine(options, work)


def order(options: argparse.Namespace) -> int:
    """Put documents first in the context, in the order of their names."""

    async def work(engine: Engine) -> int:
        desk = await desk_of(engine, options)
        found = [find(desk, name) for name in options.names]
        for document in found:
            if document.attached is None:
                raise NotFound(
                    f"{document.name} is not in the context; put it there with "
                    "`litmus docs attach`."
                )
        await attaching.order(desk, found)
        return _tell_context(desk, options)

    return with_engine(options, work)


async def _change_case(desk: Desk, options: argparse.Namespace, change: Change) -> int:
    case = await find_case(desk, options.case)
    draft = case.draft
    for name in options.names:
        draft = change(draft, find(desk, name))
    revised = await revise(desk.database, case, draft)
    parts = [place.part for place in places(desk.documents, revised.case.draft) if place.inside]
    if options.json:
        output.data({**_data(parts), **revised_row(revised)})
    else:
        output.say(f"{case.key}: {revised.sentence}")
        output.say(f"In the context of {case.key}: {_names(parts)}.")
    return 0


def _tell_context(desk: Desk, options: argparse.Namespace) -> int:
    parts = [place.part for place in places(desk.documents, None) if place.inside]
    if options.json:
        output.data(_data(parts))
    else:
        output.say(f"In the context: {_names(parts)}.")
    return 0


def _data(parts: list[Part]) -> dict[str, Any]:
    return {
        "context": [part.name for part in parts],
        "documents": [{"name": part.name, "pages": part.pages} for part in parts],
    }


def _names(parts: list[Part]) -> str:
    return "; ".join(map(str, parts)) or "nothing"
