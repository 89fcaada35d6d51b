"""How long Litmus takes to show something useful, as ratios over bare Textual.

    python tests/benchmarks/start_up.py [--runs N] [--big-home DIR]

Each program runs in a pseudo-terminal of the same size and is killed as soon as its text
stands there. `--big-home` names a home with many answers, made by `big_session.py`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS, COLUMNS = 30, 110
LIMIT_S = 30.0
BARE = """
from textual.app import App
from textual.widgets import Footer, Static

class Bare(App):
    def compose(self):
        yield Static("useful text")
        yield Footer()

Bare().run()
"""


def first_paint(command: list[str], text: str, environ: dict[str, str]) -> tuple[float, float]:
    """Return wall and CPU seconds until `text` stands on the terminal."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execvpe(command[0], command, environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen, wanted = b"", text.encode()
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], LIMIT_S)
        if not ready:
            raise TimeoutError(f"{command} showed {seen[-2000:]!r} and not {text!r}")
        try:
            seen += os.read(terminal, 65536)
        except OSError as error:
            raise RuntimeError(f"{command} ended: {seen[-2000:]!r}") from error
    wall = time.perf_counter() - began
    os.kill(child, signal.SIGKILL)
    _, _, usage = os.wait4(child, 0)
    os.close(terminal)
    return wall, usage.ru_utime + usage.ru_stime


def version(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Return wall and CPU seconds of a command that ends by itself."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--big-home", type=Path)
    options = parser.parse_args()
    python = sys.executable
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    litmus = [python, "-m", "tui.cli"]
    resume = [*litmus, "resume"]
    with tempfile.TemporaryDirectory() as folder:
        home = {**environ, "LITMUS_HOME": folder}
        subprocess.run(
            [*litmus, "new", "firstsession"],
            env=home,
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cases = Path(folder) / "cases.jsonl"
        cases.write_text('{"prompt": "firstcase"}\n' * 40, encoding="utf-8")
        subprocess.run(
            [*litmus, "bench", "import", str(cases)],
            env=home,
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        measured = {
            "bare Textual": lambda: first_paint([python, "-c", BARE], "useful", environ),
            "litmus, list of sessions": lambda: first_paint(litmus, "firstsession", home),
            "litmus resume, first paint": lambda: first_paint(resume, "Litmus · first", home),
            "litmus resume, first case": lambda: first_paint(resume, "firstcase", home),
            "litmus --version": lambda: version([*litmus, "--version"], environ),
        }
        if options.big_home:
            big = {**environ, "LITMUS_HOME": str(options.big_home)}
            measured["the same, many answers"] = lambda: first_paint(resume, "Litmus · ", big)
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name in measured}
        for _ in range(options.runs):  # in turn, so that a slow moment hits all alike
            for name, measure in measured.items():
                samples[name].append(measure())
    middle = {
        name: tuple(statistics.median(sample[i] for sample in found) for i in (0, 1))
        for name, found in samples.items()
    }
    base = middle["bare Textual"]
    sys.stdout.write(f"{'':32}{'wall s':>8}{'CPU s':>8}{'wall ×':>8}{'CPU ×':>8}   bar\n")
    bars = {"bare Textual": "", "litmus --version": "≤ 0.25"}
    for name, (wall, cpu) in middle.items():
        sys.stdout.write(
            f"{name:32}{wall:8.3f}{cpu:8.3f}{wall / base[0]:8.2f}{cpu / base[1]:8.2f}"
            f"   {bars.get(name, '≤ 1.5')}\n"
        )
    if options.big_home:
        few, many = middle["litmus resume, first paint"], middle["the same, many answers"]
        sys.stdout.write(
            f"{'many answers over few':32}{'':16}{many[0] / few[0]:8.2f}{many[1] / few[1]:8.2f}"
            "   ≤ 1.1\n"
        )


if __name__ == "__main__":
    main()
