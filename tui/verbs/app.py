"""`litmus` and `litmus resume`: open the app."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from store.home import home

if TYPE_CHECKING:
    import argparse

    from lab.demo import DemoName
    from tui.app import Queue


def run(options: argparse.Namespace) -> int:
    """Open the app: in the named session, else where a session can be chosen."""
    return open_app(home(options.home), session=options.session or "")


def label(options: argparse.Namespace) -> int:
    """Open the app on the label queue of a session, the last used where none is named."""
    queue: Queue = "blind" if options.blind else "open"
    if options.settle:
        queue = "settle blind" if options.blind else "settle"
    return open_app(home(options.home), session=options.session or "", resume=True, queue=queue)


def resume(options: argparse.Namespace) -> int:
    """Open the app in a session, the last used where none is named."""
    return open_app(home(options.home), session=options.name or options.session or "", resume=True)


def open_app(
    home: Path,
    *,
    session: str = "",
    resume: bool = False,
    demo: DemoName | None = None,
    queue: Queue | None = None,
) -> int:
    """Open the app and return its exit status; see `tui.app.run_app`.

    Nothing that is made before the first paint is garbage, and looking for some took a
    seventh of the start; the app takes the collector up again once it stands.
    """
    gc.disable()
    from tui.app import run_app

    return run_app(home, session=session, resume=resume, demo=demo, queue=queue)
