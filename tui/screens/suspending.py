"""The terminal given away to the person's editor, while Litmus goes on with its work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from lab.editing.texts import CaseTexts
from store.records import CaseDraft
from tui import outside_editor
from tui.outside_editor import EditorError

if TYPE_CHECKING:
    from tui.app import LitmusApp


async def edit_outside(
    app: LitmusApp, texts: CaseTexts, before: CaseDraft, title: str
) -> CaseTexts | None:
    """Return a case's texts as they are left in the editor; None when they stay.

    What cannot be done is told on the screen.
    """

    async def show(path: Path) -> None:
        # Nothing is painted meanwhile, but what is being asked is still heard and kept.
        trouble: EditorError | None = None
        app.away = True
        try:
            with app.batch_update(), app.suspend():
                # An error that left the block would leave the terminal given away.
                try:
                    await outside_editor.show(path)
                except EditorError as error:
                    trouble = error
        except SuspendNotSupported:
            trouble = EditorError("This terminal cannot be given to an editor; e edits here.")
        finally:
            app.away = False
        if trouble is not None:
            raise trouble

    try:
        outside_editor.command()  # before the screen goes away for nothing
        return await outside_editor.edit(texts, before, title, show)
    except EditorError as error:
        app.notify(str(error), severity="error", timeout=12, markup=False)
        return None
