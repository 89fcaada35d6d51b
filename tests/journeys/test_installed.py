"""Litmus as it is installed: from its wheel, used from a folder that is not the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lab.demo import DEMOS
from tui import __version__

ROOT = Path(__file__).resolve().parents[2]
OURS = {"tui", "lab", "store"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as pip does from a checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("litmus_bench-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel, and nothing else, into a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    pip("install", "--no-index", "--target", target, wheel)
    return target


def pip(verb: str, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", verb, "--no-deps", "--quiet", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_what_runs_and_nothing_that_stands_in_the_way(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == OURS
    assert not [name for name in names if "server_" in name and "fixtures" in name]
    package_data = {"lab/providers.toml", "tui/app.tcss", "lab/fixtures/documents/handbook.pdf"}
    assert package_data <= set(names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_it_works_from_another_folder(installed, tmp_path):
    env = {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        "HOME": str(tmp_path),
        "LITMUS_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(installed),  # before what is installed here
    }

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    litmus = next((installed / "bin").glob("litmus*"))
    assert run(litmus, "--version") == f"litmus {__version__}\n"
    where = "import lab.demo, tui; print(tui.__file__); print(lab.demo.fixtures())"
    app, fixtures = map(Path, run(sys.executable, "-c", where).splitlines())
    assert app.is_relative_to(installed) and fixtures == installed / "lab" / "fixtures"

    run(litmus, "new", "one")
    read = json.loads(run(litmus, "bench", "import", fixtures / "benchmark.jsonl", "--json"))
    assert (read["test"], read["train"]) == (24, 12)
    # Documents are read in a child process, which must find the same installation.
    added = json.loads(run(litmus, "docs", "add", fixtures / "documents", "--json"))
    assert {row["name"]: row["error"] for row in added["documents"]} == {
        "desks.md": None,
        "handbook.pdf": None,
        "notes.md": None,
        "ticket-office.txt": None,
    }
    # Each demo finds its own.
    for demo in DEMOS.values():
        assert (fixtures / demo.benchmark).is_file()
        for name in (*demo.attached, *demo.stored):
            assert (fixtures / "documents" / name).is_file()
    prices = "from lab.tuning.hosted.training_prices import per_token as p"
    assert float(run(sys.executable, "-c", f"{prices}; print(p('openai', 'gpt-4o'))")) > 0
    absent = "import importlib.util as u; print(u.find_spec('fixtures'))"
    assert run(sys.executable, "-c", absent) == "None\n"
