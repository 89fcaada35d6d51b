"""One answer as it streams: painted a few times a second, at a cost flat in its length."""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from tui.widgets.blocks import Block, block_at, segments, text_block
from tui.widgets.flow import Flow, letters_before, row_of
from tui.widgets.line_view import LineView
from tui.widgets.markdown_marks import Marks, Span

FRAMES_PER_SECOND = 15
WORK_SECONDS = 0.02
"""How long one frame may wrap text; what is left waits for the next frame."""


class StreamView(LineView, can_focus=True):
    """Shows one answer, with the reasoning before it and a closing note.

    All text is untrusted. The view follows the end while text comes, until the person
    scrolls up; scrolling back to the end follows again.
    """

    DEFAULT_CSS = """
    StreamView {
        &:focus {
            background-tint: $foreground 4%;
        }
        & > .stream-view--muted { color: $text-muted; }
        & > .stream-view--heading { color: $accent; text-style: bold; }
        & > .stream-view--strong { text-style: bold; }
        & > .stream-view--emphasis { text-style: italic; }
        & > .stream-view--code { color: $text-accent; }
        & > .stream-view--mark { color: $accent; text-style: bold; }
        & > .stream-view--quote { text-style: italic; color: $text-muted; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"stream-view--{kind}"
        for kind in ("muted", "heading", "strong", "emphasis", "code", "mark", "quote")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "t",
            "toggle_reasoning",
            "Reasoning",
            show=False,
            id="stream.reasoning",
            tooltip="Fold or unfold the reasoning above the answer",
        ),
    ]

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._reasoning, self._answer, self._note = Flow(), Flow(), Flow()
        self._folded = False
        self._following = True
        self._fresh = False
        self._marks: Marks | None = None
        self._ended = False
        self._first_letter = (-1, 0)  # a row at the top, and the letters before what it shows
        self._frames: Timer | None = None

    @property
    def text(self) -> str:
        """The answer as it came, nothing replaced."""
        return self._answer.text

    @property
    def reasoning(self) -> str:
        """The reasoning as it came, nothing replaced."""
        return self._reasoning.text

    @property
    def lines(self) -> list[str]:
        """The answer's lines as they are displayed."""
        lines = self._answer.lines
        return [lines.line(row) for row in range(len(lines))]

    @property
    def following(self) -> bool:
        """Whether the end is kept in sight as text comes; so it is while all of it fits."""
        return self._following or (not self._fresh and self.max_scroll_y == 0)

    @property
    def waiting(self) -> bool:
        """Whether there is text that no frame has shown yet."""
        return self._fresh

    @property
    def folded(self) -> bool:
        """Whether the reasoning is folded into its heading."""
        return self._folded

    def append(self, text: str) -> None:
        """Add a piece of the answer; it is painted with the next frame."""
        self._answer.append(text)
        self._wake()

    def append_reasoning(self, text: str) -> None:
        """Add a piece of the reasoning; it is painted with the next frame."""
        self._reasoning.append(text)
        self._wake()

    def set_text(self, text: str, reasoning: str = "", *, follow: bool = False) -> None:
        """Show another answer, from its start; from its end where `follow` is set."""
        self._reasoning, self._answer, self._note = Flow(), Flow(), Flow()
        self._first_letter = (-1, 0)
        self._reasoning.append(reasoning)
        self._answer.append(text)
        self.jump(0)
        self._following, self._fresh = follow, True
        self._settle()

    def clear(self) -> None:
        """Show nothing, and follow what comes next."""
        self.set_text("", follow=True)

    def mark(self, note: str, *, ended: bool = False) -> None:
        """Close the answer with a muted line, such as "⚠ interrupted"; empty takes it away.

        The Markdown of an answer that has `ended` is told by its ink.
        """
        self._note, self._ended, self._marks = Flow(), ended, None
        self._note.append(note)
        self._settle()
        self.refresh()

    def toggle_reasoning(self) -> None:
        """Fold the reasoning into its heading, or unfold it."""
        before = self._blocks()
        self._folded, self._following = not self._folded, False
        self._settle(before)
        self._following = self.scroll_offset.y >= self.max_scroll_y

    def action_toggle_reasoning(self) -> None:
        self.toggle_reasoning()

    # -- Frames: when something is wrapped and painted ------------------------

    def on_mount(self) -> None:
        self._frames = self.set_interval(1 / FRAMES_PER_SECOND, self._frame, pause=True)
        self._wake()

    def on_resize(self) -> None:
        if self.text_selection is not None:
            self.screen.clear_selection()  # it names rows, which are others now
        self._settle()

    def on_show(self) -> None:
        self._settle()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and self._reasoning and at.y + self.scroll_offset.y == 0:
            self.toggle_reasoning()

    def watch_scroll_target_y(self, target: float) -> None:
        """Every way of scrolling sets its target first: the end follows, all else stays."""
        self._following = round(target) >= self.max_scroll_y

    def _wake(self) -> None:
        self._following, self._fresh = self.following, True
        if self._frames is not None:
            self._frames.resume()

    def _frame(self) -> None:
        """Paint what is new. A frame with nothing new stops the frames."""
        if self._fresh:
            self._settle()
        elif self._frames is not None:
            self._frames.pause()

    def _settle(self, before: list[Block] | None = None) -> None:
        """Wrap what is new for as long as a frame allows, and show it in its place."""
        if not self.line_width:
            return  # not on the screen: `on_resize` or `on_show` comes when it is
        self._fresh = False
        following, before = self._following, before or self._blocks()
        self._wrap()
        after = self._blocks()
        if after == before:
            self._refresh_from(min(b.first + b.settled for b in after if b.lines is not None))
        else:
            self.virtual_size = Size(self.line_width, after[-1].first + after[-1].rows)
            self.refresh()
        self.jump(self.max_scroll_y if following else self._same_place(before, after))
        self._following = following

    def _wrap(self) -> None:
        until = perf_counter() + WORK_SECONDS
        for flow in (self._reasoning, self._answer, self._note):
            flow.resize(self.line_width)
            if not flow.work(until):
                self._wake()

    def _refresh_from(self, row: int) -> None:
        top = self.scroll_offset.y
        row = max(row, top)
        if row < top + self.size.height:
            self.refresh_lines(row, top + self.size.height - row)

    def _same_place(self, before: list[Block], after: list[Block]) -> int:
        """Return the row at which the text stands now that was at the top of the screen."""
        top = self.scroll_offset.y
        old = block_at(before, top)
        new = next((block for block in after if old and block.kind == old.kind), None)
        if old is None or new is None or new.lines is None or old.lines is None:
            return top
        if new.lines is old.lines:
            return new.first + top - old.first
        # A row rarely begins with the same letter at two widths. Going on from the letter
        # that was first at the top, many small changes of width do not creep upwards.
        row, letters = self._first_letter
        if row != top:
            letters = letters_before(old.lines, top - old.first)
        row = new.first + row_of(new.lines, letters)
        self._first_letter = (row, letters)
        return row

    # -- Rows: what stands where ----------------------------------------------

    def _blocks(self) -> list[Block]:
        """Return what there is to show, from the top. The last two are always texts."""
        blocks: list[Block] = []
        if self._reasoning:
            blocks.append(Block("heading", 0, 1))
            if not self._folded:
                blocks.append(text_block("reasoning", 1, self._reasoning))
                if self._answer or self._note:
                    blocks.append(Block("rule", blocks[-1].first + blocks[-1].rows, 1))
        first = blocks[-1].first + blocks[-1].rows if blocks else 0
        blocks.append(text_block("answer", first, self._answer))
        blocks.append(text_block("note", first + blocks[-1].rows, self._note))
        return blocks

    def _row(self, block: Block, row: int) -> str:
        if block.lines is not None:
            return block.lines.line(row - block.first)
        if block.kind == "rule":
            return "─" * self.line_width
        count = len(self._reasoning.lines)
        size = f"{count} line{'' if count == 1 else 's'}"
        return f"▸ Reasoning · {size}" if self._folded else "▾ Reasoning"

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y
        width, style = self.line_width, self.visual_style.rich_style
        block = block_at(self._blocks(), row)
        if block is None:
            return Strip.blank(width, style)
        muted = block.kind != "answer"
        ink = self.get_component_rich_style("stream-view--muted") if muted else style
        text = self._row(block, row)
        spans = self._spans(block, row - block.first)
        segments = self._segments(text, row, ink, spans)
        strip = Strip(segments, cell_len(text)).crop_extend(0, width, style)
        return strip.apply_offsets(0, row)

    # -- Selection ------------------------------------------------------------

    def _spans(self, block: Block, row: int) -> list[Span]:
        """Return what the Markdown of a finished answer means in one of its rows."""
        if not self._ended or block.kind != "answer" or block.lines is None:
            return []
        if self._marks is None or self._marks.lines is not block.lines:
            self._marks = Marks(block.lines)
        return self._marks.row(row)

    def _segments(self, text: str, row: int, ink: Style, spans: list[Span]) -> list[Segment]:
        """Return a row's segments, with its Markdown and what is selected of it."""
        styles = [
            (start, end, self.get_component_rich_style(f"stream-view--{kind}", partial=True))
            for start, end, kind in spans
        ]
        span = self.text_selection.get_span(row) if self.text_selection else None
        if span is not None:
            start, end = span
            chosen = self.screen.get_component_rich_style("screen--selection")
            styles.append((start, len(text) if end == -1 else end, chosen))
        return segments(text, ink, styles)

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text as it is displayed, with wrapped lines joined again."""
        pieces: list[str] = []
        for block in self._blocks():
            if block.lines is None:
                continue
            for index in range(block.rows):
                span = selection.get_span(block.first + index)
                if span is not None:
                    line, (start, end) = block.lines.line(index), span
                    whole = end == -1 or end > len(line)
                    pieces.append(line[start:] if whole else line[start:end])
                    pieces.append(block.lines.join(index) if whole else "")
            pieces.append("\n")
        return "".join(pieces).strip("\n"), "\n"
