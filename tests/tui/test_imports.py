"""What a start imports, and so how long it takes, looked at in a fresh process each."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

HEAVY = {"openai", "chromadb", "pypdf", "scipy", "numpy", "genai_prices", "xllamacpp", "keyring"}

VERSION = """
import sys
before = set(sys.modules)
from tui.cli import main
main(["--version"])
loaded = sorted(set(sys.modules) - before)
import json
print(json.dumps(loaded))
"""

VERB = """
import json, sys
from tui.cli import main
main(["sessions", "--json"])
print(json.dumps(sorted(sys.modules)))
"""

# What is loaded when the first screen is handed to the terminal, and what it shows.
PAINT = """
import asyncio, json, os, sys
from pathlib import Path
from textual.app import App
from textual.screen import Screen
from lab.engine import Engine
from tui.app import LitmusApp

painted = []
display = App._display

def watched(app, screen, renderable):
    if not painted and renderable and screen is app.screen and type(screen) is not Screen:
        painted.extend(sorted(sys.modules))
    display(app, screen, renderable)

App._display = watched

async def main():
    app = LitmusApp(Engine(Path(os.environ["LITMUS_HOME"])))
    async with app.run_test(size=(80, 24)) as pilot:
        while not painted:
            await pilot.pause()
    await app.engine.close()

asyncio.run(main())
print(json.dumps(painted))
"""


def loaded(litmus: Any, script: str) -> set[str]:
    """Return the modules that a script names on the last line that it prints."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=litmus.folder, env=litmus.env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def top(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_the_version_needs_next_to_nothing(litmus):
    modules = loaded(litmus, VERSION)
    assert "tui.cli" in modules
    assert top(modules) <= {"tui", "__future__"}


def test_a_verb_needs_no_app(litmus):
    litmus("new", "one")
    modules = loaded(litmus, VERB)
    assert "store.sessions" in modules
    assert not top(modules) & (HEAVY | {"textual", "rich", "sqlite_utils"})


def test_the_first_screen_waits_for_no_heavy_library(litmus):
    litmus("new", "one")
    modules = loaded(litmus, PAINT)
    assert "tui.screens.sessions" in modules
    assert not top(modules) & (HEAVY | {"sqlite_utils"})
