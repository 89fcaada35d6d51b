"""Where everything is kept: `LITMUS_HOME`, or the platform's folder for a user's data."""

from __future__ import annotations

import os
from pathlib import Path


def home(given: str | Path | None = None) -> Path:
    """Return the folder that holds `litmus.db`; `given` wins over `LITMUS_HOME`."""
    chosen = given or os.environ.get("LITMUS_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("litmus", appauthor=False)
