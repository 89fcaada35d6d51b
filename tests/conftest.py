"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# The same examples each time: a gate that is closed by luck is of no use. To look for new ones:
# `pytest --hypothesis-profile=default`.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.load_profile("gate")


def pytest_configure() -> None:
    """Let Ctrl+C reach what the tests start.

    What runs in the background of a shell ignores it, and so would all that it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
