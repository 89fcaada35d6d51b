"""A trainer as its tests start it, and what it told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lab.tuning.trainer import training_events
from store.child import importing


def trainer(spec: Path, *before: str) -> subprocess.Popen[str]:
    """Start a trainer whose output can be read; the words `before` run it."""
    return subprocess.Popen(
        [*before, sys.executable, "-P", "-m", "lab.tuning.trainer", str(spec)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=importing(os.environ) | {"OMP_NUM_THREADS": "1"},
        text=True,
    )


def told(folder: Path) -> list[training_events.Told]:
    """Return what a trainer told in its folder."""
    return training_events.read(folder)[0]
