"""A child process that does heavy or risky work, and answers one request at a time.

A message is a JSON object with bytes beside it. On the pipe both stand behind their lengths,
8 bytes each, big-endian. The parent's side is `Child`, the child's is `serve`. A child takes
nothing from the terminal and prints nothing there, and it ends when its parent is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal

from store.errors import StoreError

Message = dict[str, Any]
Handler = Callable[[Message, bytes], tuple[Message, bytes]]

_LENGTH = 8
_GRACE_S = 5.0
_LONGEST = 1 << 31


class ChildError(StoreError):
    """A child that gave no answer: it could not `start`, it `died`, or it was too `slow`."""

    def __init__(self, reason: Literal["start", "died", "slow"], detail: str) -> None:
        sentences = {
            "start": f"No worker process could start ({detail}); close other programs.",
            "died": f"A worker process ended by itself ({detail}); try again.",
            "slow": f"A worker process gave no answer for {detail} s and was ended; try again.",
        }
        super().__init__(sentences[reason])
        self.reason = reason
        self.detail = detail


class Child:
    """A running `python -m <module>`, whose `main` calls `serve`. Any thread may ask it."""

    def __init__(
        self, module: str, *, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start it in a folder, with an environment in place of this process's.

        Raises ChildError.
        """
        self._lock = threading.Lock()
        try:
            self._process = subprocess.Popen(
                # -P: what lies in the current folder must not stand in for a library.
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=importing(os.environ if environment is None else environment),
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ChildError("start", error.strerror or "unknown reason") from error

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask(
        self, message: Message, data: bytes = b"", *, timeout_s: float
    ) -> tuple[Message, bytes]:
        """Return the answer to a message. A child that is too slow is ended.

        Raises ChildError; the child is gone then.
        """
        with self._lock:
            assert self._process.stdin and self._process.stdout
            late = threading.Event()

            def end() -> None:
                late.set()
                self._process.kill()

            clock = threading.Timer(timeout_s, end)
            clock.daemon = True
            clock.start()
            try:
                send(self._process.stdin, message, data)
                answer = receive(self._process.stdout)
            except (OSError, ValueError):  # the pipe is broken, or closed by `end`
                answer = None
            finally:
                clock.cancel()
            if answer is not None:
                return answer
            self._process.kill()
            status = self._process.wait()
            if late.is_set():
                raise ChildError("slow", f"{timeout_s:g}")
            raise ChildError("died", f"exit status {status}")

    def kill(self) -> None:
        """End it at once, also from another thread; what waits for its answer raises."""
        self._process.kill()

    def end(self, timeout_s: float = 0.0) -> None:
        """Let it finish within a time, then end it; does nothing when it is gone."""
        process = self._process
        assert process.stdin and process.stdout
        # It may be gone already, and what was still to be sent with it.
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def serve(handle: Handler) -> None:
    """Answer each request on standard input with `handle`, until the parent is gone.

    A request that is being handled then has a few seconds to finish.
    """
    import faulthandler
    import logging
    import queue
    import signal
    import time

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the parent
    # What a library prints must not stand among the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    logging.disable(logging.CRITICAL)
    requests: queue.SimpleQueue[tuple[Message, bytes] | None] = queue.SimpleQueue()

    def listen() -> None:
        while (request := receive(sys.stdin.buffer)) is not None:
            requests.put(request)
        requests.put(None)
        # Not a thread of Python's: native code may hold the interpreter meanwhile.
        faulthandler.dump_traceback_later(_GRACE_S, exit=True)
        time.sleep(2 * _GRACE_S)

    threading.Thread(target=listen, daemon=True).start()
    while (request := requests.get()) is not None:
        answer = handle(*request)
        try:
            send(out, *answer)
        except OSError:
            return  # nobody waits for it


def send(pipe: IO[bytes], message: Message, data: bytes) -> None:
    """Write a message. Raises OSError when nobody reads it."""
    head = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    lengths = len(head).to_bytes(_LENGTH, "big") + len(data).to_bytes(_LENGTH, "big")
    pipe.write(lengths + head)
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[Message, bytes] | None:
    """Return the next message, None when the other end is gone or sends no messages."""
    lengths = pipe.read(2 * _LENGTH)
    if len(lengths) < 2 * _LENGTH:
        return None
    sizes = [int.from_bytes(lengths[at : at + _LENGTH], "big") for at in (0, _LENGTH)]
    if sum(sizes) > _LONGEST:  # no length at all, but something that printed past us
        return None
    head, data = pipe.read(sizes[0]), pipe.read(sizes[1])
    if len(head) < sizes[0] or len(data) < sizes[1]:
        return None
    return json.loads(head.decode("utf-8", "surrogatepass")), data


def importing(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which a child imports what this process imports."""
    here = str(Path(__file__).resolve().parent.parent)
    folders = [folder for folder in [*sys.path, here] if folder]
    return {**environment, "PYTHONPATH": os.pathsep.join(folders)}
