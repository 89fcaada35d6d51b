"""A screen of regions, of which a narrow one shows one at a time."""

from __future__ import annotations

from textual.screen import ScreenResultType
from textual.widget import Widget

from tui.screens.keyed import KeyedScreen


class PanedScreen(KeyedScreen[ScreenResultType]):
    """A screen whose `PANES` are brought into sight by their names, as classes `-pane-NAME`."""

    PANES: tuple[str, ...] = ()

    def stops(self) -> list[tuple[str, Widget]]:
        """Return what takes the focus, each with its region, in the order of the tab key."""
        return []

    def action_next_pane(self, step: int = 1) -> None:
        stops = self.stops()
        here = next((i for i, (_, widget) in enumerate(stops) if widget is self.focused), 0)
        self.bring(*stops[(here + step) % len(stops)])

    def show_pane(self, pane: str) -> None:
        """Bring a region into sight where not all are, and give it the focus."""
        self.bring(*next(stop for stop in self.stops() if stop[0] == pane))

    def bring(self, pane: str, widget: Widget) -> None:
        """Show a region in place of the others, and give a widget in it the focus."""
        for name in self.PANES:
            self.set_class(name == pane, f"-pane-{name}")
        # At once, and not with the next idle moment: keys may be on their way already.
        self.set_focus(widget)
