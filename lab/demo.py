"""The demos: the ladder on an invented company's papers and messages, with the embedded model.

Nothing of them is prepared: the model is asked, its answers are graded, the rates are theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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

RUNGS: tuple[Rung, ...] = ("bare", "context", "rag")


@dataclass(frozen=True, slots=True)
class Demo:
    """A session that a demo makes of the fixtures.

    `benchmark` is the file of its cases. `attached` documents are in the context and, with the
    `stored` ones, in the store. An answer has at most `answer_tokens`.
    """

    session: str
    task: str
    benchmark: str
    attached: tuple[str, ...]
    stored: tuple[str, ...]
    system: str
    answer_tokens: int
    retrieval: Retrieval


QUESTIONS = Demo(
    session="demo",
    task="Answer questions about a small ferry company from its own papers.",
    benchmark="benchmark.jsonl",
    attached=("notes.md", "ticket-office.txt"),
    stored=("handbook.pdf",),
    system="Answer the question in one short sentence.",
    answer_tokens=64,
    # Small chunks and few of them: the model is quick with 200 tokens, and lost in 2,000.
    retrieval=Retrieval(Indexing(chunk_tokens=96), k=2),
)
"""What documents are enough for."""

TICKETS = Demo(
    session="demo-tickets",
    task="Route messages to a small ferry company to the desk that answers them, by its code.",
    benchmark="tickets.jsonl",
    attached=("desks.md",),
    stored=(),
    system="Route the ticket. Answer with the code of the desk only.",
    answer_tokens=32,
    retrieval=Retrieval(Indexing(chunk_tokens=96), k=2),
)
"""What the same model does not do with the very paper before it, and learns from 60 cases."""


DemoName = Literal["questions", "tickets"]
DEMOS: dict[DemoName, Demo] = {"questions": QUESTIONS, "tickets": TICKETS}


def fixtures() -> Path:
    """Return the folder with the demo's files, installed or in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "fixtures", here.parent / "fixtures"):
        if (folder / "benchmark.jsonl").is_file():
            return folder
    raise NotFound(
        "The demo's files are missing from this installation; install litmus-bench anew."
    )


async def prepare(engine: Engine, demo: Demo = QUESTIONS, *, start_model: bool = True) -> Desk:
    """Open a demo's session, made where it is new: its cases, documents and set-up."""
    session = await _session(engine, demo)
    desk = await Desk.open(engine, session)
    folder = fixtures()
    if not await engine.database.read(benchmarks.count, session.id):
        found = await asyncio.to_thread(formats.read, folder / demo.benchmark, "jsonl")
        await desk.add_cases(found.cases)
    if not desk.documents:
        for name in (*demo.attached, *demo.stored):
            document = await asyncio.to_thread(read, folder / "documents" / name)
            await desk.add_document(document, attach=name in demo.attached)
    # The set-up that was used last elsewhere may cost money; the demo has its own.
    if "setup" not in session.state and start_model:
        setup = await engine.setup_for("embedded")
        parameters = {**setup.parameters, "max_tokens": demo.answer_tokens}
        desk.setup = replace(
            setup, system=demo.system, parameters=parameters, retrieval=demo.retrieval
        )
        await desk.save()
    return desk


async def climb(
    desk: Desk, promoting: Callable[[PromotionEvent], None] | None = None
) -> AsyncGenerator[Run]:
    """Prepare a run of each rung that needs no training, after the other, on the same test cases.

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


async def _session(engine: Engine, demo: Demo) -> Session:
    try:
        return await engine.database.read(sessions.named, demo.session)
    except NotFound:
        return await engine.database.write(sessions.create, demo.session, demo.task)
