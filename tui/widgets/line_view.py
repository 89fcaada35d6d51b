"""What the widgets share that draw their own lines and scroll only up and down."""

from __future__ import annotations

from textual.scroll_view import ScrollView


class LineView(ScrollView):
    """A scroll view without a horizontal bar, as wide with its vertical bar as without."""

    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        color: $foreground;
    }
    """

    @property
    def line_width(self) -> int:
        """Cells that a line may take; 0 while the widget is not on the screen."""
        return self.scrollable_content_region.width

    def jump(self, top: int) -> None:
        """Put a row at the top of the screen at once, as far as there are rows."""
        if top != self.scroll_offset.y and self.is_attached:
            self.scroll_to(y=top, animate=False, force=True)

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """A scroll from before the bar was there has not moved it."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y
