"""One small HTTP GET over asyncio streams, for servers on this machine.

It needs no HTTP library, so it is cheap enough to run before the first screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

BODY_LIMIT = 1 << 20


class NoAnswer(Exception):
    """The server did not answer, or answered something that is not plain HTTP."""


async def get(
    port: int,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 1.0,
    limit: int = BODY_LIMIT,
) -> tuple[int, bytes]:
    """Return the status and the body of `GET path` from 127.0.0.1.

    HTTP/1.0 is spoken, so that no server answers in chunks. The whole exchange takes at
    most `timeout_s` seconds and the body is at most `limit` bytes.

    Raises:
        NoAnswer: nothing listens, the time is over, or the answer is not plain HTTP.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(_request(port, path, headers or {}))
                await writer.drain()
                return await _answer(reader, limit)
            finally:
                writer.close()
    except TimeoutError:
        raise NoAnswer(f"nothing came from port {port} in {timeout_s:g} s") from None
    except (OSError, EOFError, ValueError) as error:
        raise NoAnswer(f"port {port}: {error}") from error


async def listens(port: int, timeout_s: float = 1.0) -> bool:
    """Return whether anything accepts connections on 127.0.0.1:`port`.

    A server that is too busy to accept in time counts as listening.
    """
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except TimeoutError:
        return True
    except OSError:
        return False
    writer.close()
    return True


def _request(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.0", f"Host: 127.0.0.1:{port}", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _answer(reader: asyncio.StreamReader, limit: int) -> tuple[int, bytes]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("its header is too long") from error
    first, *rest = head.decode("latin-1").split("\r\n")
    version, _, after = first.partition(" ")
    if not version.startswith("HTTP/1.") or not after[:3].isdigit():
        raise ValueError("it does not speak HTTP")
    fields = {name.strip().lower(): value.strip() for name, _, value in map(_field, rest)}
    if fields.get("transfer-encoding", "identity") != "identity":
        raise ValueError("its answer came in chunks")
    length = fields.get("content-length", "")
    wanted = int(length) if length.isdecimal() else limit + 1
    return int(after[:3]), await _body(reader, wanted, limit)


def _field(line: str) -> tuple[str, str, str]:
    return line.partition(":")


async def _body(reader: asyncio.StreamReader, wanted: int, limit: int) -> bytes:
    body = bytearray()
    while len(body) < wanted and (piece := await reader.read(65536)):
        body += piece
        if len(body) > limit:
            raise ValueError("its answer is too long")
    return bytes(body)
