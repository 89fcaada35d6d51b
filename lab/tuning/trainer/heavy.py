"""The libraries of the extra `tune`, by name: they are heavy, untyped, and may not be there.

Only a trainer's process loads them; nothing of theirs is imported in Litmus' own.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

LIBRARIES = ("torch", "transformers", "peft", "accelerate", "gguf")
"""What the extra brings."""


def library(name: str) -> Any:
    """Return a library. Raises ImportError where it is not installed, or does not load."""
    return importlib.import_module(name)


def all_installed() -> bool:
    """Return whether everything that the extra brings is installed; nothing is loaded."""
    return all(importlib.util.find_spec(name) for name in LIBRARIES)
