"""What holds for every test."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from lab.tuning.trainer.heavy import all_installed

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what trains where the extra is not installed, but not where it is needed."""
    if all_installed():
        return
    if os.environ.get("LITMUS_NEEDS_TUNE"):
        raise pytest.UsageError("LITMUS_NEEDS_TUNE is set, and the extra `tune` is not installed.")
    skip = pytest.mark.skip(reason="needs the extra: pip install 'litmus-bench[tune]'")
    for item in items:
        if item.get_closest_marker("tune"):
            item.add_marker(skip)
