"""The variants that were tried on a rung; one can be pinned to stand for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.ladder import words
from lab.ladder.telling import when
from store import ladder
from store.errors import PlainError
from tui import glyphs, safe
from tui.screens.ladder.drawing import name_of
from tui.widgets.item_list import Item, ItemList, wrapped

if TYPE_CHECKING:
    from lab.desk import Desk
    from lab.ladder.rungs import Other, RungFacts
    from lab.ladder.standing import Standing

_KEYS = "p pins one, or lets it go · esc leaves"
_WHY = (
    "The pinned variant stands for the rung; without one it is the one with the highest lower end."
)
_LONGEST = 300


class VariantsScreen(ModalScreen[bool]):
    """Lists a rung's variants; dismissed with whether another may stand for it now."""

    DEFAULT_CSS = """
    VariantsScreen {
        align: center middle;
        & > Vertical {
            width: 90; max-width: 98%; height: auto; max-height: 96%;
            border: round $accent; background: $surface; padding: 0 1;
            & > Static { height: auto; color: $text-muted; }
            & > .title { color: $foreground; text-style: bold; }
            & > ItemList { height: auto; max-height: 18; }
        }
    }
    """
    BINDINGS = [
        Binding("p", "pin", "Pin", id="variants.pin", tooltip="Let this one stand for the rung"),
        Binding("escape,q", "leave", "Leave", id="variants.leave", tooltip="Leave it as it is"),
    ]

    def __init__(self, desk: Desk, facts: RungFacts) -> None:
        super().__init__()
        self._desk, self._facts = desk, facts

    def compose(self) -> ComposeResult:
        count = len(self._facts.others) + 1
        with Vertical():
            tried = "1 variant" if count == 1 else f"{count:,} variants"
            yield Static(f"{name_of(self._facts.rung)} · {tried}", classes="title")
            yield ItemList(id="variants")
            yield Static(_WHY)
            yield Static(_KEYS)

    def on_mount(self) -> None:
        facts = self._facts
        items = [Item(partial(_standing_one, facts), facts.standing.variant.hash)]
        items += [Item(partial(_other, each), each.standing.variant.hash) for each in facts.others]
        listed = self.query_one(ItemList)
        listed.show(items)
        listed.focus()

    async def action_pin(self) -> None:
        facts, write = self._facts, self._desk.database.write
        key = self.query_one(ItemList).key
        pinned = facts.standing.pinned and key == facts.standing.variant.hash
        try:
            if pinned:
                await write(ladder.unpin, self._desk.session.id, facts.rung)
            else:
                await write(ladder.pin, self._desk.session.id, key)
        except PlainError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)


def _standing_one(facts: RungFacts, width: int) -> list[Content]:
    lines = _head(facts.standing, "stands for the rung", width)
    resolved = ", ".join(facts.models)
    details = [
        f"the server called itself {resolved}" if resolved else "",
        f"{words.count(facts.answers, 'answer')}, {words.cost(facts.cost_usd)} in all",
        "" if facts.tokens is None else words.count(facts.tokens, "token"),
        f"asked {when(facts.first_at)}" if facts.first_at else "",
        f"prompts {facts.asked[:7]}",
    ]
    return [*lines, *_muted(details, width), *_system(facts.standing, width)]


def _other(other: Other, width: int) -> list[Content]:
    lines = _head(other.standing, "", width)
    found = other.difference
    details: list[str] = ["no case in common with the one that stands"]
    if found is not None:
        details = [
            f"{words.points(found.delta, signed=True)} points ({words.points(found.low)} to "
            f"{words.points(found.high)}) beside the one that stands",
            "" if other.p is None else f"p {other.p:.2g} among all that were tried",
        ]
    return [*lines, *_muted(details, width), *_system(other.standing, width)]


def _head(standing: Standing, what: str, width: int) -> list[Content]:
    variant, rate = standing.variant, standing.rate
    shown = "no verdict yet"
    if rate is not None:
        ends = f"{words.percent(rate.low)} to {words.percent(rate.high)}"
        shown = f"{words.percent(rate.rate)} ({ends}, n {rate.n:,})"
    tail = "".join(f" · {part}" for part in (what, "pinned" if standing.pinned else "") if part)
    provider = safe.one_line(variant.provider, 30)
    line = Content.assemble(
        Content.styled(safe.one_line(variant.model, 50), "bold"),
        Content.styled(f"  {provider} · {variant.hash[:7]}", glyphs.MUTED),
        f"  {shown}",
        Content.styled(tail, "$accent"),
    )
    return wrapped(line, width)


def _muted(details: Sequence[str], width: int) -> list[Content]:
    text = " · ".join(safe.one_line(part, _LONGEST) for part in details if part)
    return wrapped(Content.styled(text, glyphs.MUTED), width, 2)


def _system(standing: Standing, width: int) -> list[Content]:
    system = standing.variant.system
    return _muted([f"system prompt: {system}"], width) if system else []
