"""A session at work: what the app and the command line both do, and neither does alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.engine import Engine
from lab.prompt import Message, assemble
from lab.setup import Setup
from store import answer_chunks, benchmarks, documents, labels, overview, runs, sessions
from store.database import Connection
from store.errors import StoreError
from store.library_records import Passage
from store.records import (
    IMPORTED,
    Answer,
    Case,
    CaseDraft,
    Document,
    Session,
    Split,
    Variant,
    Verdict,
)

if TYPE_CHECKING:
    from lab.ladder.standing import Standing
    from lab.run import Run
    from store.reading import ReadDocument


class Desk:
    """One open session. Its documents and set-up are held here; the rest is asked for."""

    def __init__(self, engine: Engine, session: Session, setup: Setup | None) -> None:
        self.engine = engine
        self.database = engine.database
        self.session = session
        self.setup = setup
        self.documents: list[Document] = []

    @staticmethod
    async def open(engine: Engine, session: Session) -> Desk:
        """Open a session where it was left, and note that it is in use.

        Without a set-up of its own it takes that of its last run, and a new one begins with
        the set-up that was used last anywhere.
        """
        await engine.database.write(sessions.touch, session.id)
        kept = session.state.get("setup") or await engine.database.read(_last_setup, session.id)
        desk = Desk(engine, session, Setup.from_json(kept) if kept else None)
        await desk.refresh_documents()
        return desk

    # -- the set-up -----------------------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        """Cursor, drafts and choices; change it and call `save`."""
        return self.session.state

    async def save(self) -> None:
        """Keep the state and the set-up."""
        if self.setup is not None:
            self.state["setup"] = self.setup.to_json()
        await self.database.write(sessions.save_state, self.session.id, dict(self.state))

    async def choose(self, setup: Setup) -> None:
        """Ask with another set-up from now on; new sessions begin with it too."""
        self.setup = setup
        await self.save()
        if setup.provider != IMPORTED:
            bare = replace(setup, rung="bare")
            await self.database.write(sessions.save_setting, "setup", bare.to_json())

    def variant(self) -> Variant | None:
        """Return the variant that would be asked now, not stored yet; None without a model."""
        return self.setup.variant(self.documents) if self.setup else None

    def sibling(self) -> Variant | None:
        """Return the present variant's counterpart: with the documents, or without them."""
        if self.setup is None:
            return None
        other = "context" if self.setup.rung == "bare" else "bare"
        variant = replace(self.setup, rung=other).variant(self.documents)
        return variant if other == "bare" or variant.documents else None

    async def variants(self) -> list[Variant]:
        """Return the variants that ran in this session, the last used first."""
        return await self.database.read(runs.variants_of, self.session.id)

    async def set_cap(self, text: str) -> None:
        """Set what the session may spend, from what a person typed; empty is no cap.

        Raises StoreError when it is no amount.
        """
        amount = text.strip().lstrip("$").strip()
        try:
            cap = float(amount) if amount else None
        except ValueError:
            cap = -1.0
        if cap is not None and not 0 <= cap < float("inf"):
            raise StoreError(f"“{amount}” is no amount of US dollars; type one such as 5.00.")
        await self.database.write(sessions.set_cap, self.session.id, cap)
        self.session = replace(self.session, cap_usd=cap)

    async def stored_variant(self, variant: Variant) -> Variant:
        """Return the variant with its id; an id of 0 means that it never ran."""
        return await self.database.read(runs.find_variant, variant) or variant

    # -- documents ------------------------------------------------------------------

    async def refresh_documents(self) -> None:
        """Read the list of documents anew."""
        self.documents = await self.database.read(documents.listed, self.session.id)

    async def add_document(self, given: ReadDocument, *, attach: bool) -> Document:
        """Keep a document that was read, in the context where `attach` says so."""
        from lab.document_versions import keep

        kept = await self.database.write(keep, self.session.id, given, attach=attach)
        await self.refresh_documents()
        return kept.document

    async def attach(self, document_id: int, attached: bool) -> None:
        """Put a document into the context, or take it out."""
        await self.database.write(documents.set_attached, document_id, attached)
        await self.refresh_documents()

    async def move_document(self, document_id: int, step: int) -> None:
        """Move a document up (-1) or down (1) in the context."""
        await self.database.write(documents.move, document_id, step)
        await self.refresh_documents()

    async def remove_document(self, document_id: int) -> None:
        """Take a document out of the session and the RAG store; raises as `demote` does."""
        from lab.rag.demotion import demote

        await demote(self, [item for item in self.documents if item.id == document_id])
        await self.database.write(documents.remove, document_id)
        await self.refresh_documents()

    async def document_text(self, document: Document) -> str:
        """Return the text that was read from a document."""
        return await self.database.read(documents.text, document.sha256)

    # -- cases ----------------------------------------------------------------------

    async def add_cases(self, drafts: Iterable[CaseDraft]) -> list[int]:
        """Append cases to the benchmark and return their ids."""
        return await self.database.write(benchmarks.add, self.session.id, list(drafts))

    async def case(self, case_id: int) -> Case:
        """Return a case at its current revision."""
        return await self.database.read(benchmarks.get, case_id)

    async def revise(self, case: Case, draft: CaseDraft) -> Case:
        """Store an edited case as a new revision and return it.

        See `lab.editing.revising`, which also tells what the edit did.
        """
        from lab.editing.revising import store_revision

        return await self.database.write(store_revision, case, draft)

    async def cases(self, split: Split | None = "test") -> list[Case]:
        """Return the benchmark's cases of a split, or all of them."""
        return await self.database.read(benchmarks.cases, self.session.id, split=split)

    async def cases_to_ask(self, split: Split | None = "test") -> list[Case]:
        """Return the cases of a split, or of both, but for the bad ones that wait for repair."""
        cases = await self.cases(split)
        return [case for case in cases if benchmarks.REPAIR not in case.draft.tags]

    async def place(self, case_id: int | None) -> tuple[int, int]:
        """Return how many cases there are, and a case's place among them from 0."""
        return await self.database.read(_place, self.session.id, case_id or 0)

    async def case_at(self, index: int) -> int | None:
        """Return the id of the case at a place, or of the last before it; None if none."""
        index = max(0, index)
        first = max(0, index - 1)
        found = await self.database.read(
            benchmarks.cases, self.session.id, limit=index - first + 1, offset=first
        )
        return found[-1].id if found else None

    async def case_of(self, revision_id: int) -> Case:
        """Return a case as it stood at one of its revisions."""
        return await self.database.read(benchmarks.at_revision, revision_id)

    async def remove_case(self, case_id: int) -> None:
        """Take a case out of the benchmark; what it was asked is kept."""
        await self.database.write(benchmarks.remove, case_id)

    async def restore_case(self, case_id: int) -> None:
        """Put a removed case back in its place."""
        await self.database.write(benchmarks.restore, case_id)

    # -- asking ---------------------------------------------------------------------

    async def ask(
        self,
        cases: Sequence[Case],
        variant: Variant,
        *,
        epochs: int = 1,
        concurrency: int = 0,
        fresh: bool = False,
        since: float = 0.0,
        stop_early: bool = False,
        cap_usd: float | None = None,
    ) -> Run:
        """Prepare a run, see `lab.run.Plan`. `concurrency` 0 takes what suits the provider.

        Raises PlainError where its model, or its store, cannot be asked.
        """
        from lab.rag.asking import retrieving
        from lab.run import Plan

        plan = Plan(
            session_id=self.session.id,
            variant=variant,
            cases=cases,
            epochs=epochs,
            concurrency=concurrency or self.engine.concurrency(variant.provider),
            fresh=fresh,
            since=since,
            stop_early=stop_early,
            cap_usd=cap_usd if cap_usd is not None else self.session.cap_usd,
        )
        retrieve = retrieving(self, variant)
        if retrieve is not None and cases:
            await retrieve(cases[0].draft)  # where the store cannot be searched, say so now
        return await self.engine.start(plan, retrieve)

    async def missing(
        self, cases: Sequence[Case], variant: Variant, epochs: int, *, fresh: bool = False
    ) -> int:
        """Return how many answers a run would ask for."""
        return len(await self.missing_pairs(cases, variant, epochs, fresh=fresh))

    async def missing_pairs(
        self,
        cases: Sequence[Case],
        variant: Variant,
        epochs: int,
        *,
        fresh: bool = False,
        since: float = 0.0,
    ) -> list[tuple[int, int]]:
        """Return the (case revision, epoch) pairs that a run would ask for, in its order."""
        revisions = [case.revision_id for case in cases]
        if fresh or not variant.id:
            return [(revision, epoch) for epoch in range(1, epochs + 1) for revision in revisions]
        return await self.database.read(runs.missing, variant.id, revisions, epochs, since)

    async def sent(self, case: Case, variant: Variant) -> list[Message]:
        """Return exactly what is sent for a case under a variant.

        On the rung `rag` that is what was sent for its newest answer, where it has one.
        """
        from lab.context import Context
        from lab.rag.asking import retrieving

        retrieve = retrieving(self, variant)
        if retrieve is not None:
            answer = await self.answer(case, variant)
            given = await self.passages(answer) if answer else await retrieve(case.draft)
            return assemble(case.draft, system=variant.system, passages=given)
        given = await Context(self.database, variant).of(case.draft)
        return assemble(case.draft, system=variant.system, documents=given)

    async def passages(self, answer: Answer) -> list[Passage]:
        """Return the passages that were sent for an answer, each with the chunks in it."""
        return await self.database.read(answer_chunks.of, answer.id)

    async def answer(self, case: Case, variant: Variant) -> Answer | None:
        """Return a variant's newest answer to a case, or None."""
        if not variant.id:
            return None
        return await self.database.read(runs.latest, variant.id, case.revision_id)

    # -- labels ---------------------------------------------------------------------

    async def label(self, answer: Answer, verdict: Verdict, *, reason: str = "") -> None:
        """Append a person's verdict on an answer."""
        from lab.judge import trust

        await self.database.write(
            trust.label,
            self.session.id,
            answer.revision_id,
            answer.answer_hash,
            verdict,
            reason=reason,
        )

    async def undo(self) -> labels.Label | None:
        """Undo the last verdict of this session that stands; return it, or None."""
        from lab.judge import trust

        return await self.database.write(trust.undo, self.session.id)

    async def next_unlabelled(self, variant: Variant, position: int) -> int | None:
        """Return the id of the next case whose answer waits for a verdict, or None."""
        return await self.database.read(
            overview.next_unlabelled, self.session.id, variant.id, position
        )

    # -- where it stands --------------------------------------------------------------

    async def rows(self, variant_id: int, offset: int, limit: int) -> list[overview.CaseRow]:
        """Return a window of the case list as it stands under a variant."""
        return await self.database.read(
            overview.case_rows, self.session.id, variant_id, limit, offset
        )

    async def standings(self) -> list[Standing]:
        """Return where every variant stands that ran in this session."""
        from lab.ladder.standing import standings

        return await self.database.read(standings, self.session.id)

    async def standing(self, variant: Variant) -> Standing:
        """Return where one variant stands."""
        from lab.ladder.standing import standing

        return await self.database.read(standing, self.session.id, variant)

    async def spent(self) -> tuple[float, int]:
        """Return US dollars spent, and how many answers had no known price."""
        return await self.database.read(sessions.spent, self.session.id)


def _last_setup(connection: Connection, session_id: int) -> dict[str, Any] | None:
    ran = runs.variants_of(connection, session_id)
    if not ran:
        return sessions.setting(connection, "setup")
    # A tuned model is asked on its own rung only: no base may be taken for it.
    asked = [each for each in ran if each.tuned is None] or ran
    last = next((each for each in asked if each.provider != IMPORTED), asked[0])
    return Setup.of(last).to_json()


def _place(connection: Connection, session_id: int, case_id: int) -> tuple[int, int]:
    return (
        benchmarks.count(connection, session_id),
        benchmarks.index_of(connection, session_id, case_id),
    )
