"""The demo: the ladder on an invented company's documents, with the embedded model.

Nothing of it is prepared: the model is asked, its answers are graded, the rates are theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab.desk import Desk
from lab.engine import Engine
from lab.interop import formats
from lab.run import Run
from store import benchmarks, sessions
from store.errors import NotFound
from store.library_records import Indexing, Retrieval
from store.reading import read
from store.records import Rung, Session

if TYPE_CHECKING:
    from lab.rag.promotion_events import PromotionEvent

SESSION = "demo"
TASK = "Answer questions about a small ferry company from its own papers."
CONTEXT = ("notes.md", "ticket-office.txt")
SYSTEM = "Answer the question in one short sentence."
ANSWER_TOKENS = 64
RUNGS: tuple[Rung, ...] = ("bare", "context", "rag")
# Small chunks and few of them: the model is quick with 200 tokens, and lost in 2,000.
RETRIEVAL = Retrieval(Indexing(chunk_tokens=96), k=2)


def fixtures() -> Path:
    """Return the folder with the demo's files, installed or in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "fixtures", here.parent / "fixtures"):
        if (folder / "benchmark.jsonl").is_file():
            return folder
    raise NotFound(
        "The demo's files are missing from this installation; install litmus-bench anew."
    )


async def prepare(engine: Engine, *, start_model: bool = True) -> Desk:
    """Open the demo's session, made where it is new: its cases, documents and set-up."""
    session = await _session(engine)
    desk = await Desk.open(engine, session)
    folder = fixtures()
    if not await engine.database.read(benchmarks.count, session.id):
        found = await asyncio.to_thread(formats.read, folder / "benchmark.jsonl", "jsonl")
        await desk.add_cases(found.cases)
    if not desk.documents:
        for name in CONTEXT:
            document = await asyncio.to_thread(read, folder / "documents" / name)
            await desk.add_document(document, attach=True)
        handbook = await asyncio.to_thread(read, folder / "documents" / "handbook.pdf")
        await desk.add_document(handbook, attach=False)
    # The set-up that was used last elsewhere may cost money; the demo has its own.
    if "setup" not in session.state and start_model:
        setup = await engine.setup_for("embedded")
        parameters = {**setup.parameters, "max_tokens": ANSWER_TOKENS}
        desk.setup = replace(setup, system=SYSTEM, parameters=parameters, retrieval=RETRIEVAL)
        await desk.save()
    return desk


async def climb(
    desk: Desk, promoting: Callable[[PromotionEvent], None] | None = None
) -> AsyncGenerator[Run]:
    """Prepare a run of each rung after the other, on the same test cases.

    `promoting` is told how the documents get into the RAG store, before that rung. Raises
    as `lab.rag.promotion.promote` and `Desk.ask` do.
    """
    from lab.rag.promotion import promote

    setup = desk.setup
    if setup is None:
        raise NotFound("The demo has no model yet; choose one first.")
    cases = await desk.cases_to_ask()
    for rung in RUNGS:
        if rung == "rag":
            # Costs nothing where they are in the store already.
            promotion = promote(desk, desk.documents, setup.retrieval.indexing)
            async with aclosing(promotion) as happening:
                async for event in happening:
                    if promoting is not None:
                        promoting(event)
        await desk.choose(replace(setup, rung=rung))
        yield await desk.ask(cases, replace(setup, rung=rung).variant(desk.documents))


async def _session(engine: Engine) -> Session:
    try:
        return await engine.database.read(sessions.named, SESSION)
    except NotFound:
        return await engine.database.write(sessions.create, SESSION, TASK)
