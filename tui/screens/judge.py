"""The judge: who it is, how it agrees with the person, and whether it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.judge import judges
from lab.judge.trust import LEAST_KAPPA, LEAST_LOW, LEAST_SHARED, Judgeship, kappa_text
from store.records import VERDICTS
from tui import glyphs, safe

if TYPE_CHECKING:
    from tui.screens.bench.judging import JudgedBench

_NOBODY = "No judge is chosen yet: m chooses a model, best another than the one that answers."


class JudgePanel(ModalScreen[None]):
    """Shows the judge of a bench as it works."""

    DEFAULT_CSS = """
    JudgePanel {
        align: center middle;
        & > VerticalScroll {
            width: 76; max-width: 96%; height: auto; max-height: 94%;
            border: round $accent; background: $surface; padding: 0 2;
            & > Static { height: auto; margin: 0 0 1 0; }
            & > .title { text-style: bold; margin: 0; }
            & > .hint { color: $text-muted; margin: 0; }
        }
    }
    """
    BINDINGS = [
        Binding("enter", "judge", "Judge", id="judge.judge", tooltip="Judge what is not judged"),
        Binding("R", "judge(True)", "All anew", id="judge.anew", tooltip="Judge all anew"),
        Binding("m", "choose", "Choose", id="judge.choose", tooltip="Choose who judges"),
        Binding("s", "stop", "Stop", id="judge.stop", tooltip="Stop; what is judged is kept"),
        Binding("escape,q", "leave", "Leave", id="judge.leave", tooltip="Leave; judging goes on"),
    ]

    def __init__(self, bench: JudgedBench) -> None:
        super().__init__()
        self._bench = bench
        self._wanted = False

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static("The judge", classes="title")
            yield Static(id="who")
            yield Static(id="table")
            yield Static(id="why")
            yield Static(_BAR, classes="hint", id="bar")
            yield Static(_KEYS, classes="hint")

    def on_mount(self) -> None:
        self.show_soon()

    def show_soon(self) -> None:
        """Show how things stand; a burst of judgements is shown once."""
        if not self._wanted and self.is_attached:
            self._wanted = True
            self._fill()

    @work(group="show")
    async def _fill(self) -> None:
        self._wanted = False
        judgeship = await judges.standing(self._bench.desk)
        own = judgeship.judge is not None and judgeship.judge.model in [
            variant.model for variant in await self._bench.desk.variants()
        ]
        self.query_one("#who", Static).update(self._who(judgeship, own=own))
        self.query_one("#table", Static).update(_table(judgeship))
        self.query_one("#table").display = judgeship.trust.agreement.n > 0
        trusted = judgeship.trust.trusted
        glyph = glyphs.VERDICT["pass"] if trusted else glyphs.TROUBLE
        self.query_one("#why", Static).update(
            Content.styled(f"{glyph} {judgeship.trust.why}", glyphs.STYLE[glyph])
        )
        self.query_one("#why").display = judgeship.judge is not None

    def _who(self, judgeship: Judgeship, *, own: bool) -> Content:
        judge, at_work = judgeship.judge, self._bench.judging
        if judge is None:
            return Content(_NOBODY)
        lines = [safe.content(safe.one_line(f"{judge.model} · {judge.provider}", 120), "bold")]
        judged = f"{judgeship.judged} answers have its verdict"
        if judgeship.unusable:
            judged += f", {judgeship.unusable} got a reply that cannot be used"
        if at_work.busy:
            so_far = f"{at_work.done} of {at_work.todo}" if at_work.todo >= 0 else "starting"
            judged = f"{glyphs.ASKING} judging: {so_far} · {judged}"
        lines.append(Content.styled(judged, glyphs.MUTED))
        if own:
            warning = f"{glyphs.TROUBLE} {_OWN}"
            lines.append(Content.styled(warning, glyphs.STYLE[glyphs.TROUBLE]))
        return Content("\n").join(lines)

    def action_judge(self, fresh: bool = False) -> None:
        self._judge(fresh)

    @work(group="judge", exclusive=True)
    async def _judge(self, fresh: bool) -> None:
        judge = (await judges.standing(self._bench.desk)).judge
        if judge is None and not await self._bench.choose_judge():
            return
        self._bench.judging.start(fresh=fresh)
        self.show_soon()

    @work(group="judge", exclusive=True)
    async def action_choose(self) -> None:
        await self._bench.choose_judge()

    def action_stop(self) -> None:
        self._bench.judging.stop()

    def action_leave(self) -> None:
        self.dismiss(None)


_OWN = "It judges answers of its own model, and models favour their own."
_BAR = (
    f"To decide, it needs {LEAST_SHARED} answers with both your label and its verdict, "
    f"κ {LEAST_KAPPA} or more, and an interval above {LEAST_LOW}. Only labels given before "
    "you saw its verdict count."
)
_KEYS = "enter judges the answers · R all anew · m chooses the judge · s stops · esc leaves"


def _table(judgeship: Judgeship) -> Content:
    found = judgeship.trust.agreement
    lines = [Content.styled(f"{'you ↓  judge →':<16}", glyphs.MUTED) + _cells(VERDICTS)]
    for row, (verdict, counts) in enumerate(zip(VERDICTS, found.table, strict=True)):
        cells = [
            Content.styled(f"{count:>9}", "bold" if row == column else _disagreed(count))
            for column, count in enumerate(counts)
        ]
        head = f"{glyphs.VERDICT[verdict]} {verdict}"
        lines.append(Content.assemble(f"{head:<16}", *cells))
    same = "" if found.observed is None else f"same verdict {found.observed:.0%} · "
    lines.append(Content(f"{same}{kappa_text(found)} · {found.n} shared labels"))
    return Content("\n").join(lines)


def _cells(words: tuple[str, ...]) -> Content:
    return Content.styled("".join(f"{word:>9}" for word in words), glyphs.MUTED)


def _disagreed(count: int) -> str:
    return "$text-warning" if count else glyphs.MUTED
