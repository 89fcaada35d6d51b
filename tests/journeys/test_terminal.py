"""The real program in a terminal: used, killed, resumed, resized, and left in order."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fixtures.server import FixtureServer, running

pyte = pytest.importorskip("pyte")
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30
# The program is made the leader of a session that the terminal controls, as a shell's is.
LOGIN = "import os, sys; os.login_tty(0); os.execv(sys.executable, sys.argv[1:])"
LONG = " ".join(f"word{number}" for number in range(200))
CTRL_J, CTRL_Q, ENTER, ESCAPE = b"\n", b"\x11", b"\r", b"\x1b"


class Terminal:
    """A terminal with the program in it. What it shows is read in a thread of its own."""

    def __init__(self, folder: Path, *arguments: str, size: tuple[int, int], env: dict[str, str]):
        self.raw = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._master, self._slave = os.openpty()
        self._set_size(*size)
        self.modes = termios.tcgetattr(self._slave)
        command = [sys.executable, "-m", "tui.cli", *arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOGIN, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=folder,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)

    @property
    def rows(self) -> list[str]:
        with self._lock:
            return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    def until(self, condition: Callable[[], object], what: str) -> None:
        last = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < last, f"never came: {what}; on the screen:\n{self.text}"
            time.sleep(0.02)

    def until_seen(self, *texts: str) -> None:
        for text in texts:
            self.until(lambda text=text: text in self.text, text)

    def type(self, keys: str | bytes) -> None:
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def paste(self, text: str) -> None:
        """Paste as a terminal does: in brackets, with a carriage return for each line end."""
        self.type("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        with self._lock:
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGWINCH)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def check_clean(self) -> None:
        """Check that nobody but the app has drawn: all that it draws anew is as it was."""
        self.until(lambda: "▌" not in self.text, "the end of the notifications")
        before = self.rows
        columns, rows = self._screen.columns, self._screen.lines
        self.resize(columns - 1, rows)
        self.until(lambda: self.rows != before, "a narrower screen")
        self.resize(columns, rows)
        self.until(lambda: self.rows == before, "the screen as it was:\n" + "\n".join(before))

    def ended(self) -> int:
        """Wait until the program has ended; return its exit status."""
        status = self.process.wait(PATIENCE_S)
        self.until(lambda: not self._pending(), "the last of its output")
        return status

    def _pending(self) -> bool:
        """Whether the terminal holds output that the thread has not read."""
        return bool(struct.unpack("i", fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4))[0])

    def check_sane(self) -> None:
        """Check that the terminal is left as it was found."""
        assert termios.tcgetattr(self._slave) == self.modes
        for mode in (b"1049", b"2004", b"1000", b"1003", b"1006"):
            switches = re.findall(rb"\x1b\[\?" + mode + rb"([hl])", self.raw)
            assert switches[-1:] in ([b"l"], []), mode
        assert re.findall(rb"\x1b\[\?25([hl])", self.raw)[-1:] == [b"h"]

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master != -1:
            self.hang_up()


class Place:
    """A home folder, and the terminals that are opened on it."""

    def __init__(self, folder: Path, server: FixtureServer) -> None:
        self.folder, self.server = folder, server
        self.env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "LITMUS_HOME": str(folder / "home"),
            "LITMUS_CACHE": str(folder / "cache"),
            "LITMUS_BASE_URL": server.base_url,
            "NO_PROXY": "*",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        }
        self._open: list[Terminal] = []

    def terminal(self, *arguments: str, size: tuple[int, int] = (100, 30)) -> Terminal:
        terminal = Terminal(self.folder, *arguments, size=size, env=self.env)
        self._open.append(terminal)
        return terminal

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "home" / "litmus.db")) as connection:
            return connection.execute(query).fetchall()

    def check_kept(self) -> None:
        """Check that the file is whole and that nothing in it waits for a process."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("SELECT count(*) FROM answers WHERE status = 'asking'") == [(0,)]

    def close(self) -> None:
        for terminal in self._open:
            terminal.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running() as server:
        found = Place(tmp_path, server)
        yield found
        found.close()


def new_session(terminal: Terminal, provider: str = "Custom server", name: str = "work") -> None:
    """From the first start to an empty bench."""
    terminal.until_seen(provider)
    key = re.search(rf"(\d) +[●○] {provider}", terminal.text)
    assert key is not None
    terminal.type(key[1])
    terminal.until_seen("Who is asked")
    terminal.until(lambda: re.search(r"fixture-large|SmolLM2-135M", terminal.text), "models")
    terminal.type(ENTER)
    terminal.until_seen("Name of the session")
    terminal.type(name)
    terminal.type(ENTER)
    terminal.type(ENTER)
    terminal.until_seen(f"Litmus · {name}", "No cases yet")


def slow(server: FixtureServer) -> None:
    server.reply, server.chunk_delay, server.held = (lambda _: LONG), 0.05, True


STREAMED = re.compile(r"word1\d ")


def test_a_kill_in_the_middle_of_a_stream_loses_nothing_that_had_come(place):
    terminal = place.terminal()
    new_session(terminal)
    terminal.type("What is your name?")
    terminal.type(CTRL_J)
    terminal.until_seen("You asked: What is your name?", "●1")
    terminal.type("y")
    terminal.until_seen("100%")
    slow(place.server)
    terminal.type("/")
    terminal.until_seen("Send")
    terminal.type("And then?")
    terminal.type(CTRL_J)
    terminal.until(lambda: STREAMED.search(terminal.text), "a part of the answer")
    kept = "SELECT count(*) FROM answers WHERE status = 'asking'"
    assert place.rows(kept) == [(1,)]
    terminal.process.send_signal(signal.SIGKILL)
    terminal.process.wait()

    resumed = place.terminal("resume")
    resumed.until_seen("interrupted", "when Litmus ended last", "word0 word1", "And then?")
    resumed.until(lambda: "✓ What is your name?" in resumed.text, "the label")
    place.check_kept()
    [(status, text)] = place.rows("SELECT status, text FROM answers WHERE status != 'done'")
    assert status == "interrupted" and LONG.startswith(text) and "word5" in text
    assert place.rows("SELECT verdict FROM standing_labels") == [("pass",)]

    place.server.reply, place.server.chunk_delay = (lambda _: "At last."), 0
    place.server.held = False
    resumed.type(ENTER)
    resumed.until_seen("At last.")
    resumed.type(CTRL_Q)
    assert resumed.ended() == 0
    resumed.check_sane()


def test_two_hundred_pasted_lines_and_a_dropped_file(place):
    lines = "\n".join(f"line {number}" for number in range(200))
    (place.folder / "a note.md").write_text("The code is 7.")
    terminal = place.terminal(size=(80, 24))
    new_session(terminal)
    terminal.paste(f"'{place.folder / 'a note.md'}'")
    terminal.until_seen("context · fixture-large")
    terminal.paste(lines)
    terminal.until_seen("line 199")
    terminal.type(CTRL_J)
    terminal.until_seen("●1")
    assert place.rows("SELECT prompt FROM case_revisions") == [(lines,)]
    sent = str(place.server.chats[0]["messages"])
    assert "The code is 7." in sent and sent.count("line ") == 200
    terminal.type(CTRL_Q)
    assert terminal.ended() == 0
    terminal.check_sane()
    assert place.rows("SELECT name FROM documents") == [("a note.md",)]


def test_a_window_that_changes_its_size_while_an_answer_streams(place):
    terminal = place.terminal(size=(160, 48))
    new_session(terminal)
    slow(place.server)
    terminal.type("Speak.")
    terminal.type(CTRL_J)
    terminal.until(lambda: STREAMED.search(terminal.text), "a part of the answer")
    for columns, rows in ((60, 20), (80, 24), (20, 6), (120, 40)):
        terminal.resize(columns, rows)
        terminal.until(lambda rows=rows: len(terminal.rows) == rows, "the new size")
    terminal.until_seen("Litmus · work", "1 to come", "Paste a prompt")
    terminal.type(ESCAPE)
    terminal.until_seen("stopped here", "cost unknown")
    terminal.until(lambda: "to come" not in terminal.text, "the end of the run")
    terminal.check_clean()
    terminal.type(CTRL_Q)
    assert terminal.ended() == 0
    terminal.check_sane()


@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "SIGINT", "closed window"])
def test_when_it_is_told_to_end_it_keeps_everything(place, how):
    terminal = place.terminal()
    new_session(terminal)
    slow(place.server)
    terminal.type("Speak.")
    terminal.type(CTRL_J)
    terminal.until(lambda: STREAMED.search(terminal.text), "a part of the answer")
    terminal.type("/")
    terminal.until_seen("Send")
    terminal.type("half a dra")
    terminal.until_seen("half a dra")
    if how == "closed window":
        terminal.hang_up()
        terminal.process.wait(PATIENCE_S)
    else:
        terminal.process.send_signal(getattr(signal, how))
        terminal.ended()
        terminal.check_sane()
        assert "Traceback" not in terminal.raw.decode(errors="replace")
    place.check_kept()
    [(status, text)] = place.rows("SELECT status, text FROM answers")
    assert status == "stopped" and LONG.startswith(text) and "word9" in text
    [(state,)] = place.rows("SELECT state FROM sessions")
    assert "half a dra" in state
    terminal.until(lambda: place.server.live == 0, "the end of the request")


def test_twenty_keys_are_twenty_labels_and_twenty_undos_the_start(place):
    cases = ["prompt", *(f"Question {number}" for number in range(20))]
    (place.folder / "cases.csv").write_text("\n".join(cases))
    for verb in (
        ("new", "work"),
        ("bench", "import", str(place.folder / "cases.csv")),
        ("run", "--rung", "bare", "--base-url", place.server.base_url, "--model", "fixture-large"),
    ):
        assert place.terminal(*verb).ended() == 0
    terminal = place.terminal("label", "--blind", size=(80, 24))
    seen = ("1 of 22", "blind", "You asked: Question", "judge by what you know", "y Pass")
    terminal.until_seen("Label · work", *seen)
    start = terminal.rows
    standing = "SELECT verdict, count(*) FROM standing_labels GROUP BY verdict ORDER BY verdict"
    for count, key in enumerate("ynp1" * 5, start=1):
        terminal.type(key)
        terminal.until_seen(f"{count + 1} of 22")
    assert place.rows(standing) == [("fail", 5), ("partial", 5), ("pass", 10)]
    for count in range(20, 0, -1):
        terminal.type("u")
        terminal.until_seen(f"{count} of 22")
    assert place.rows(standing) == []
    terminal.until(lambda: terminal.rows[1:-2] == start[1:-2], "the start")
    terminal.type("y" * 20)
    terminal.until_seen("21 of 22")
    assert place.rows(standing) == [("pass", 20)]
    terminal.type("ny")  # two answers that come again, one of them judged in another way
    terminal.until_seen(
        "2 answers came twice; 1 got the same verdict again", "d shows the 1 answer"
    )
    terminal.type("d")
    terminal.until_seen("you said ✓ pass, then ✗ fail: which is it?")
    terminal.type(CTRL_Q)
    assert terminal.ended() == 0
    terminal.check_sane()
    place.check_kept()


def children(pid: int) -> set[int]:
    """Return the processes that a process has started, and theirs."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue  # it has just ended
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.embedded
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are read from /proc")
@pytest.mark.parametrize("how", ["ctrl+q", "SIGTERM", "SIGKILL"])
def test_the_embedded_model_answers_and_goes_with_the_app(place, how):
    from lab.weights import fetch_weights

    place.env["LITMUS_GGUF"] = str(asyncio.run(fetch_weights()))
    terminal = place.terminal()
    new_session(terminal, "Embedded model")
    terminal.type("Say hello in one word.")
    terminal.type(CTRL_J)
    terminal.until_seen("●1")
    [(status, text)] = place.rows("SELECT status, text FROM answers")
    assert status == "done" and text.strip()
    if how == "ctrl+q":
        terminal.check_clean()
    started = children(terminal.process.pid)
    assert started
    if how == "ctrl+q":
        terminal.type(CTRL_Q)
        assert terminal.ended() == 0
    else:
        terminal.process.send_signal(getattr(signal, how))
        terminal.process.wait(PATIENCE_S)
    if how != "SIGKILL":
        terminal.check_sane()
        assert "Traceback" not in terminal.raw.decode(errors="replace")
    terminal.until(lambda: not any(map(alive, started)), "the end of the model's process")
    place.check_kept()
