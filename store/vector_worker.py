"""The child process that owns Chroma: `python -m store.vector_worker`.

Its parent is `store.vector_index`. Chroma can crash on a broken folder, and here that costs
this process alone. It holds the lock file, so that the lock lasts exactly as long as there is
somebody who could write.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from store import child, index_files
from store.child import Message
from store.chroma_client import Refused, folder, server, told
from store.vector_entries import HNSW, Entries

_NAMES = 1000


class Worker:
    """Chroma's client and the lock on the home folder, from `open` to `close`."""

    def __init__(self) -> None:
        self._home = Path()
        self._client: Any = None
        self._url = ""
        self._prefix = ""
        self._lock: Any = None
        self._known: dict[str, Entries] = {}
        self._requests: dict[str, Callable[..., tuple[Message, bytes]]] = {
            "open": self.open,
            "names": self.names,
            "upsert": self.upsert,
            "remove": self.remove,
            "drop": self.drop,
            "query": self.query,
            "lost": self.lost,
            "ids": self.ids,
            "close": self.close,
        }

    def handle(self, message: Message, data: bytes) -> tuple[Message, bytes]:
        """Answer a request: its key `do` names a method, the others are its arguments."""
        request = self._requests[message.pop("do")]
        try:
            with told(message.get("url", self._url)):
                return request(data, **message)
        except Refused as refused:
            why = self._cause(refused)
            return {"refused": why.reason, "detail": why.detail}, b""

    def open(
        self, _: bytes, home: str, url: str, prefix: str, owner: Message, fresh: bool
    ) -> tuple[Message, bytes]:
        """Take the lock and open Chroma; `fresh` sets the folder aside first."""
        self._home = Path(home)
        self._url = url
        self._prefix = prefix
        self._take_lock(owner)
        index_files.check_room(self._home)
        before = index_files.stamp(self._home)
        files = {} if url else index_files.files(self._home)
        (self._home / index_files.STAMP).unlink(missing_ok=True)
        if fresh and not url:
            index_files.set_aside(self._home)
        self._client = server(url) if url else folder(self._home / index_files.FOLDER)
        clean = not fresh and before == (self._on_server() if url else {"files": files})
        return {"clean": clean}, b""

    def names(self, _: bytes) -> tuple[Message, bytes]:
        """Return the names of all collections."""
        return {"names": self._names()}, b""

    def upsert(
        self, data: bytes, collection: str, ids: list[int], documents: list[str]
    ) -> tuple[Message, bytes]:
        """Add chunks, or put them in place of those with the same ids."""
        self._made(collection).put(ids, _rows(data, len(ids)), documents)
        return {}, b""

    def remove(self, _: bytes, collection: str, ids: list[int]) -> tuple[Message, bytes]:
        """Take chunks out; those that are not there do not matter."""
        entries = self._found(collection)
        if entries is not None:
            entries.remove(ids)
        return {}, b""

    def drop(self, _: bytes, collection: str) -> tuple[Message, bytes]:
        """Take a collection out; one that is not there does not matter."""
        if self._found(collection) is not None:
            self._client.delete_collection(collection)
            del self._known[collection]
        return {}, b""

    def query(
        self, data: bytes, collection: str, count: int, n: int, documents: list[str] | None
    ) -> tuple[Message, bytes]:
        """Return for each vector the nearest chunks' ids and their cosine similarities."""
        entries = self._found(collection)
        if entries is None:
            raise Refused("missing")
        return {"found": entries.find(_rows(data, count), n, documents)}, b""

    def lost(self, data: bytes, collection: str, ids: list[int]) -> tuple[Message, bytes]:
        """Return the chunks that are not found by their own vectors."""
        entries = self._found(collection)
        return {"lost": ids if entries is None else entries.lost(ids, _rows(data, len(ids)))}, b""

    def ids(self, _: bytes, collection: str) -> tuple[Message, bytes]:
        """Return the ids of a collection's chunks."""
        entries = self._found(collection)
        return {"ids": [] if entries is None else entries.ids()}, b""

    def close(self, _: bytes, clean: bool) -> tuple[Message, bytes]:
        """Close Chroma and let go of the lock; `clean` says that all is well with the index."""
        state = self._on_server() if self._url else {}
        self._client.close()
        if clean:
            state = state or {"files": index_files.files(self._home)}
            (self._home / index_files.STAMP).write_text(json.dumps(state), encoding="utf-8")
        (self._home / index_files.OWNER).unlink(missing_ok=True)
        self._lock.release()
        return {}, b""

    def _cause(self, refused: Refused) -> Refused:
        """Return what is behind a refusal: Chroma does not say that a disk is full."""
        if refused.reason != "broken" or self._url:
            return refused
        try:
            with told(self._url):
                index_files.check_room(self._home)
        except Refused as cause:
            return cause
        return refused

    def _take_lock(self, owner: Message) -> None:
        from filelock import FileLock, Timeout

        self._lock = FileLock(self._home / index_files.LOCK, timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise Refused("held") from None
        (self._home / index_files.OWNER).write_text(json.dumps(owner), encoding="utf-8")

    def _on_server(self) -> Message:
        """Return what tells whether the collections on a server were changed by others."""
        names = [name for name in self._names() if name.startswith(self._prefix)]
        counts = {name: self._client.get_collection(name).count() for name in sorted(names)}
        return {"url": self._url, "counts": counts}

    def _names(self) -> list[str]:
        names: list[str] = []
        while True:
            page = self._client.list_collections(limit=_NAMES, offset=len(names))
            names += [collection.name for collection in page]
            if len(page) < _NAMES:
                return names

    def _found(self, name: str) -> Entries | None:
        """Return a collection, None where there never was one."""
        from chromadb.errors import NotFoundError

        if name not in self._known:
            try:
                found = self._client.get_collection(name, embedding_function=None)
            except NotFoundError:
                return None
            self._known[name] = Entries(found)
        return self._known[name]

    def _made(self, name: str) -> Entries:
        """Return a collection, made where there is none."""
        return self._found(name) or self._known.setdefault(
            name,
            Entries(
                self._client.create_collection(
                    name, configuration={"hnsw": HNSW}, embedding_function=None
                )
            ),
        )


def _rows(data: bytes, count: int) -> Any:
    import numpy

    return numpy.frombuffer(data, dtype="<f4").reshape(count, -1)


def main() -> None:
    """Serve until the parent is gone."""
    child.serve(Worker().handle)


if __name__ == "__main__":
    main()
