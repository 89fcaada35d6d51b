"""The cases that a reason, a finding or a leak is about; each can be moved, or taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.editing.revising import revise
from store.errors import PlainError
from store.records import Case
from tui import glyphs, safe
from tui.widgets.item_list import Item, ItemList, wrapped

if TYPE_CHECKING:
    from lab.desk import Desk

_KEYS = "enter goes to it on the bench · t to the other split · x takes it out · esc leaves"
_BACK = "u brings back what was taken out · "
_LINES = 4
"""Lines of a prompt that are shown."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came of it: the case to go to on the bench, and whether any has changed."""

    case_id: int | None
    changed: bool


class CasesScreen(ModalScreen[Chosen]):
    """Lists cases with what is said of them; dismissed with what came of it."""

    DEFAULT_CSS = """
    CasesScreen {
        align: center middle;
        & > Vertical {
            width: 96; max-width: 98%; height: auto; max-height: 96%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; color: $text-muted; }
            & > .title { color: $foreground; text-style: bold; }
            & > ItemList { height: auto; max-height: 18; }
        }
    }
    """
    BINDINGS = [
        Binding("t", "split", "Train/test", id="pair.split", tooltip="To the other split"),
        Binding("x,delete", "remove", "Take out", id="pair.remove", tooltip="Take it out"),
        Binding("u", "undo", "Bring back", id="pair.undo", tooltip="Bring back what was taken out"),
        Binding("escape,q", "leave", "Leave", id="pair.leave", tooltip="Leave them"),
    ]

    def __init__(self, desk: Desk, title: str, cases: Sequence[tuple[Case, str]]) -> None:
        """List each case with a word on it, which may be empty."""
        super().__init__()
        self._desk, self._title = desk, title
        self._cases = list(cases)
        self._removed: list[tuple[int, tuple[Case, str]]] = []
        self._changed = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(safe.content(self._title), classes="title")
            yield ItemList()
            yield Static(_KEYS, id="keys")

    def on_mount(self) -> None:
        self._show()
        self.query_one(ItemList).focus()

    def _show(self) -> None:
        items = [Item(partial(_case, *each), str(each[0].id)) for each in self._cases]
        self.query_one(ItemList).show(items)
        self.query_one("#keys", Static).update((_BACK if self._removed else "") + _KEYS)

    @property
    def _place(self) -> int | None:
        """The place of the case that the cursor is on."""
        key = self.query_one(ItemList).key
        return next((i for i, (case, _) in enumerate(self._cases) if str(case.id) == key), None)

    @on(ItemList.Selected)
    def _go(self) -> None:
        if (place := self._place) is not None:
            self.dismiss(Chosen(self._cases[place][0].id, self._changed))

    @work(group="repair", exclusive=True)
    async def action_split(self) -> None:
        """Move the case to the other split."""
        place = self._place
        if place is None:
            return
        case, said = self._cases[place]
        split = "test" if case.draft.split == "train" else "train"
        try:
            case = await self._desk.case(case.id)
            await revise(self._desk.database, case, replace(case.draft, split=split))
            self._cases[place] = (await self._desk.case(case.id), said)
        except PlainError as error:
            self.notify(safe.visible(str(error)), severity="error", markup=False)
            return
        self._changed = True
        self._show()

    @work(group="repair", exclusive=True)
    async def action_remove(self) -> None:
        place = self._place
        if place is None:
            return
        case, said = self._cases[place]
        await self._desk.remove_case(case.id)
        self._removed.append((place, (case, said)))
        del self._cases[place]
        self._changed = True
        self._show()

    @work(group="repair", exclusive=True)
    async def action_undo(self) -> None:
        if not self._removed:
            return
        place, entry = self._removed.pop()
        await self._desk.restore_case(entry[0].id)
        self._cases.insert(place, entry)
        self._changed = True
        self._show()
        self.query_one(ItemList).key = str(entry[0].id)

    def action_leave(self) -> None:
        self.dismiss(Chosen(None, self._changed))


def _case(case: Case, said: str, width: int) -> list[Content]:
    head = Content.assemble(
        Content.styled(safe.one_line(case.key, 60), "bold"),
        Content.styled(f"  {case.draft.split}", "$accent"),
        Content.styled(f"  {safe.one_line(said, 300)}" if said else "", glyphs.MUTED),
    )
    lines = wrapped(head, width)
    text = wrapped(safe.content(case.prompt[:2000].strip()), width, 2)
    return [*lines, *text[:_LINES], *([Content("  …")] if len(text) > _LINES else [])]
