"""`litmus` and `litmus resume`: open the app."""

from __future__ import annotations

import argparse

from store.home import home


def run(options: argparse.Namespace) -> int:
    """Open the app: in the named session, else where a session can be chosen."""
    from tui.app import run_app

    return run_app(home(options.home), session=options.session or "")


def resume(options: argparse.Namespace) -> int:
    """Open the app in a session, the last used where none is named."""
    from tui.app import run_app

    return run_app(home(options.home), session=options.name or options.session or "", resume=True)
