"""The label queue: a verdict for each answer, second looks, and how far one agrees with oneself.

A queue is one sitting. What is done in it is stored at once, so however it ends, the next
one goes on in the same order.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from lab.agreement import agreement
from lab.desk import Desk
from lab.judge.trust import retrust
from lab.labels.cards import Act, Card, Last, Progress, Reason, Sitting
from lab.labels.order import Order
from lab.labels.second_looks import SecondLooks
from store import labels, queue
from store.benchmarks import REPAIR
from store.database import Connection
from store.records import Case, Verdict

_KNOWN, _RECENT = 3, 50
"""A person's pace is known after so many verdicts, and is that of the last ones."""


class LabelQueue:
    """One sitting at the answers of a session that nobody has labelled.

    `shown` is the answer to judge, None where none is left. What changes something is
    stored before the next answer is shown; calls must follow one another.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        wanted: Sequence[int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin a sitting; with `wanted` at these answers only, in their order, each once."""
        self.shown: Card | None = None
        self.last: Last | None = None
        self._desk = desk
        self._clock = clock
        self._state: dict[str, Any] = desk.state.setdefault("queue", {})
        seed = self._state.setdefault("seed", secrets.token_hex(16))
        self._order = Order(desk.database, desk.session.id, seed, wanted)
        self._settling = wanted is not None
        self._looks = SecondLooks(desk.database, desk.session.id)
        self._acts: list[Act] = []
        self._done = 0
        self._began = 0.0
        self._times: list[float] = []

    async def open(self) -> None:
        """Begin, or go on in the order of the sitting before."""
        await asyncio.gather(
            self._desk.save(), self._looks.open(), self._order.fill(graded=self.with_graded)
        )
        await self._advance()

    def close(self) -> None:
        """Let go of what is being fetched."""
        self._order.close()

    # -- What is chosen, and kept for the next sitting ------------------------------------

    @property
    def blind(self) -> bool:
        """Whether model, rung and cost are to be hidden."""
        return bool(self._state.get("blind"))

    async def set_blind(self, blind: bool) -> None:
        """Hide model, rung and cost, or show them."""
        self._state["blind"] = blind
        await self._desk.save()

    @property
    def with_graded(self) -> bool:
        """Whether answers come too that the checks have graded."""
        return bool(self._state.get("graded"))

    async def set_with_graded(self, graded: bool) -> None:
        """Take in what the checks have graded, or leave it out."""
        self._state["graded"] = graded
        await self._desk.save()
        self._call_off_look()
        await self._start_anew()

    async def bring_skipped(self) -> None:
        """Let what was passed over come again."""
        self._order.unskip()
        await self._start_anew()

    async def settle(self) -> None:
        """Show the answers that got two different verdicts, to be judged once more."""
        session_id = self._desk.session.id
        cards: list[Card] = []
        for look in await self._desk.database.read(queue.looks, session_id):
            item = await self._item(look.revision_id, look.answer_hash) if look.differs else None
            if item is not None:
                cards.append(Card(item, differing=(look.first, look.second)))
        if self.shown is not None:
            self._order.put_back(self.shown)
        self._order.put_back(*cards)
        await self._advance()

    @property
    def note(self) -> str:
        """The note that goes with the verdict on what is shown."""
        return self._notes.get(_note_key(self.shown), "") if self.shown else ""

    async def set_note(self, text: str) -> None:
        """Keep a note for what is shown, also over the end of the sitting; empty drops it."""
        if self.shown is not None:
            self._notes.pop(_note_key(self.shown), None)
            if text:
                self._notes[_note_key(self.shown)] = text
            await self._desk.save()

    @property
    def _notes(self) -> dict[str, str]:
        return self._state.setdefault("notes", {})

    async def follow(self, case: Case) -> None:
        """Go on with what is shown under its case's new revision, which only adds evidence.

        Its answers have gone along to that revision, and wait there for their verdicts.
        """
        card = self.shown
        if card is None or case.id != card.item.case.id:
            return
        item = await self._item(case.revision_id, card.item.answer.answer_hash)
        await self._order.fill(graded=self.with_graded, shown=item.answer.id if item else 0)
        if item is None:
            await self._advance()
        else:
            self._show(replace(card, item=item))

    # -- Verdicts -------------------------------------------------------------------------

    async def judge(self, verdict: Verdict) -> None:
        """Store a verdict on what is shown."""
        if (card := self.shown) is None:
            return
        note = self.note
        label_id = await self._desk.database.write(
            _keep, self._desk.session.id, card, verdict, note
        )
        if note:
            await self.set_note("")
        self._times = [*self._times[1 - _RECENT :], self._clock() - self._began]
        if card.is_new:
            self._looks.labelled(1)
        await self._go_on(Act("verdict", card, verdict))
        self.last = None if verdict == "pass" else Last(verdict, label_id, card.looked_at)

    async def give_reason(self, reason: Reason) -> None:
        """Say why the verdict before was no pass; another reason replaces it."""
        if (last := self.last) is None:
            return
        write = self._desk.database.write
        if last.looked_at:
            await write(queue.give_reason, last.looked_at, reason)
        else:
            last.label_id = await write(labels.give_reason, last.label_id, reason)
        last.reason = reason

    async def skip(self) -> None:
        """Pass over what is shown."""
        if self.shown is not None:
            self._order.skip(self.shown)
            await self._go_on(Act("skip", self.shown))

    async def repair(self) -> None:
        """Mark the case as bad: a new revision that counts for nothing until it is mended."""
        if self.shown is not None:
            await self._order.drop_case(self.shown.item.case.id)
            await self._mark(self.shown.item.case, bad=True)
            await self._go_on(Act("repair", self.shown))

    async def _mark(self, shown: Case, *, bad: bool) -> None:
        case = await self._desk.case(shown.id)
        tags = tuple(tag for tag in case.draft.tags if tag != REPAIR)
        await self._desk.revise(case, replace(case.draft, tags=(*tags, REPAIR) if bad else tags))

    # -- Taking back ----------------------------------------------------------------------

    async def undo(self) -> bool:
        """Take back what was done last, in this sitting or before; False where nothing was.

        What it was done to is shown again, where it still belongs to the benchmark.
        """
        act = self._acts.pop() if self._acts else None
        note = None
        if act is None or act.kind == "verdict":
            undone = await self._desk.database.write(_undo, self._desk.session.id)
            if undone is None:
                return False
            note, card = undone.note, await self._card_of(undone, act)
        elif act.kind == "skip":
            self._order.unskip(act.card)
            card = act.card
        else:
            card = await self._unmark(act.card)
        self.last = None
        self._done = max(0, self._done - 1)
        if card is not None:
            self._call_off_look()
            if self.shown is not None:
                self._order.put_back(self.shown)
            self._show(card)
            if note:
                await self.set_note(note)
        return True

    async def _card_of(self, undone: queue.Undone, act: Act | None) -> Card | None:
        item = await self._item(undone.revision_id, undone.answer_hash)
        differing = act.card.differing if act else None
        if not undone.look and differing is None:
            self._looks.labelled(-1)
        if item is None:
            return None
        return Card(item, undone.label_id if undone.look else 0, differing)

    async def _unmark(self, card: Card) -> Card | None:
        await self._mark(card.item.case, bad=False)
        answer = card.item.answer
        item = await self._item(answer.revision_id, answer.answer_hash)
        shown = item.answer.id if item and card.is_new else 0
        await self._order.bring_case(answer.case_id, shown, graded=self.with_graded)
        return replace(card, item=item) if item else None

    # -- Going on -------------------------------------------------------------------------

    async def _go_on(self, act: Act) -> None:
        self._acts.append(act)
        self._done += 1
        self.last = None
        await self._advance()

    async def _start_anew(self) -> None:
        await self._order.fill(graded=self.with_graded)
        await self._advance()

    async def _advance(self) -> None:
        self._show(await self._next())
        self._order.prefetch()

    def _show(self, card: Card | None) -> None:
        self.shown = card
        self._began = self._clock()

    async def _next(self) -> Card | None:
        card = None
        if self._looks.due and not self._settling:
            card = await self._looks.take()
        card = card or await self._order.next()
        if card is None:
            # Runs may have brought answers meanwhile.
            await self._order.fill(graded=self.with_graded)
            card = await self._order.next()
        if card is None and self._acts and not self._settling:
            card = await self._looks.take()
        return card

    def _call_off_look(self) -> None:
        """Put off a second look that is on the screen, as if it were still to come."""
        if self.shown is not None and self.shown.looked_at:
            self._looks.put_off()
            self.shown = None

    async def _item(self, revision_id: int, answer_hash: str) -> queue.Item | None:
        return await self._desk.database.read(queue.item_of, revision_id, answer_hash)

    # -- Where it stands ------------------------------------------------------------------

    @property
    def progress(self) -> Progress:
        """Where the sitting is; second looks count as what they are taken for."""
        if self.shown is None:
            return Progress(self._done, self._done, 0.0)
        new = self._order.new + self.shown.is_new
        looks = 0 if self._settling else self._looks.to_come(new)
        left = 1 + self._order.left + looks
        pace = median(self._times) if len(self._times) >= _KNOWN else None
        return Progress(self._done + 1, self._done + left, None if pace is None else pace * left)

    async def sitting(self) -> Sitting:
        """Return what came of the sitting so far."""
        read, session_id = self._desk.database.read, self._desk.session.id
        looks = await read(queue.looks, session_id)
        waiting = self._order.left + (self.shown is not None)
        graded = 0
        if not (waiting or self.with_graded or self._settling):
            everything = await read(queue.waiting, session_id, graded=True)
            graded = len(everything) - self._order.skipped
        given = Counter[Verdict](act.verdict for act in self._acts if act.verdict)
        return Sitting(
            verdicts=dict(given),
            repaired=sum(act.kind == "repair" for act in self._acts),
            answered=await read(queue.any_answer, session_id),
            waiting=waiting,
            skipped=self._order.skipped,
            graded=max(0, graded),
            own=agreement([(look.first, look.second) for look in looks]),
            differing=sum(look.differs for look in looks),
            settling=self._settling,
        )


def _keep(connection: Connection, session_id: int, card: Card, verdict: Verdict, note: str) -> int:
    """Store a verdict, as a label or as a second look at one; return the label's id."""
    if card.looked_at:
        queue.look_again(connection, session_id, card.looked_at, verdict, note)
        return card.looked_at
    answer = card.item.answer
    label_id = labels.add(
        connection, session_id, answer.revision_id, answer.answer_hash, verdict, note=note
    )
    retrust(connection, session_id)
    return label_id


def _undo(connection: Connection, session_id: int) -> queue.Undone | None:
    """Take back the person's last verdict, of whatever kind; None where there is none."""
    undone = queue.undo(connection, session_id)
    retrust(connection, session_id)
    return undone


def _note_key(card: Card) -> str:
    # Not by the answer's id, since a new revision of the case copies its answers.
    answer = card.item.answer
    return f"{answer.case_id}:{answer.answer_hash[:16]}:{card.looked_at}"
