"""How full a model's window is: a line of numbers, a bar, and what is to be said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui import glyphs

if TYPE_CHECKING:
    from lab.fitting import Fill

# Documents, the rest of the prompt, room for the answer, what is free. Glyphs that differ
# say it where there are no colours.
PARTS = (("█", "$accent"), ("▓", "$secondary"), ("▒", glyphs.MUTED), ("░", "$foreground 25%"))
_ROOMY = 50


def short_count(tokens: int) -> str:
    """Return a number of tokens as 40, 0.2k, 3.1k, 128k, 1.0M."""
    if tokens < 100:
        return str(tokens)
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f}M"
    return f"{tokens / 1000:.1f}k" if tokens < 100_000 else f"{tokens / 1000:.0f}k"


def bar(fill: Fill, cells: int) -> list[int]:
    """Return how many of the cells each of `PARTS` has; what is there has one at least."""
    scale = max(fill.window or 0, fill.sent + fill.answer)
    left, shares = cells, list[int]()
    for tokens in (fill.documents, fill.rest, fill.answer):
        share = max(1, round(tokens / scale * cells)) if tokens else 0
        shares.append(min(left, share))
        left -= shares[-1]
    return [*shares, left]


class TokenBar(Widget):
    """Shows a `Fill`; nothing until there is one."""

    DEFAULT_CSS = """
    TokenBar { height: auto; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._fill: Fill | None = None
        self._aside = ""

    def show(self, fill: Fill | None, aside: str = "") -> None:
        """Show how full the window is; `aside` says why it is not what is asked now."""
        if (fill, aside) != (self._fill, self._aside):
            self._fill, self._aside = fill, aside
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> RenderResult:
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        fill = self._fill
        if fill is None:
            return []
        roomy = width >= _ROOMY
        if self._aside:
            said = Content.styled(self._aside, glyphs.MUTED)
        elif trouble := _trouble(fill, roomy=roomy):
            said = Content.styled(f"{glyphs.TROUBLE} {trouble}", "$text-warning")
        else:
            said = _legend(fill, roomy=roomy)
        about = "" if fill.exact else "about "
        if fill.window is None:
            unknown = Content.styled(self._aside or "the window is not known", glyphs.MUTED)
            return [Content(f"{about}{short_count(fill.sent)} tokens"), unknown]
        numbers = f"{about}{short_count(fill.sent)} of {short_count(fill.window)} tokens"
        shares = zip(PARTS, bar(fill, width), strict=True)
        drawn = [Content.styled(glyph * cells, style) for (glyph, style), cells in shares]
        return [Content(numbers), Content.assemble(*drawn), said]


def _trouble(fill: Fill, *, roomy: bool) -> str:
    """Return what is wrong, and where there is room what to do; empty where it fits."""
    remedy = ": P chooses pages, space takes out" if roomy else ""
    match fill.fit:
        case "too long":
            return f"does not fit the window{remedy}"
        case "doubtful":
            return f"may not fit the window{remedy}"
        case "tight":
            left = max(0, (fill.window or 0) - fill.sent)
            return f"leaves {short_count(left)} for the answer{remedy}"
        case _:
            return ""


def _legend(fill: Fill, *, roomy: bool) -> Content:
    """Return what each part of the bar is, with its tokens where there is room."""
    names = ("documents" if roomy else "docs", "question", "answer")
    numbers = (fill.documents, fill.rest, fill.answer)
    parts = [
        Content.assemble(
            Content.styled(f"{glyph} ", style),
            Content.styled(f"{name} {short_count(tokens)}" if roomy else name, glyphs.MUTED),
        )
        for (glyph, style), name, tokens in zip(PARTS, names, numbers, strict=False)
    ]
    return Content("  ").join(parts)
