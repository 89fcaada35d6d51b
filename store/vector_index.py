"""The vector index: Chroma in a child process, which alone touches it.

What Chroma keeps can be made anew from SQLite (`store.index_repair`); nothing is kept in it
alone. One process owns the index of a home folder; others are told which one.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from store import index_files
from store.child import Child, ChildError, Message
from store.errors import StoreError

_MODULE = "store.vector_worker"
_OPEN_S = 60.0
_REQUEST_S = 120.0
_CLOSE_S = 5.0

# Chroma takes settings from the environment under these names, and under all of CHROMA_*.
_SETTINGS = {
    *("ENVIRONMENT", "IS_PERSISTENT", "PERSIST_DIRECTORY", "ALLOW_RESET", "TENANT_ID"),
    *("TOPIC_NAMESPACE", "MIGRATIONS", "MIGRATIONS_HASH_ALGORITHM", "ANONYMIZED_TELEMETRY"),
}
_KEY = "CHROMA_CLIENT_AUTH_"

SENTENCES = {
    "full": "The disk that holds {home} is full; free some room and try again.",
    "permission": "Litmus cannot write the index in {home} ({detail}); change its permissions.",
    "missing": "A collection of the index has gone; try again, and it is made anew.",
    "broken": "The index in {home} is broken ({detail}); try again, and it is made anew.",
    "changed": "The index in {home} was not closed properly; try again, and it is repaired.",
    "died": "The index's process ended by itself ({detail}); try again, and it is repaired.",
    "slow": "The index gave no answer for {detail} s; try again, and it is repaired.",
    "start": "The index's process could not start ({detail}); close other programs.",
    "unsound": "{detail} chunks are not found in the index of {home}, though it was made anew; "
    "take the newest chromadb, or search by keyword.",
    "url": "{detail} is no address of a Chroma server; LITMUS_CHROMA_URL must read like "
    "http://localhost:8000.",
    "down": "No Chroma server answers at {detail}; start it with `chroma run`, or unset "
    "LITMUS_CHROMA_URL for the index in {home}.",
    "silent": "The Chroma server at {detail} takes too long to answer; try again.",
    "auth": "The Chroma server at {detail} wants a key; set CHROMA_CLIENT_AUTH_PROVIDER and "
    "CHROMA_CLIENT_AUTH_CREDENTIALS as its documentation says.",
    "version": "What answers at {detail} is no Chroma server of version 1; start one with "
    "`chroma run`, or unset LITMUS_CHROMA_URL.",
}


class IndexFailed(StoreError):
    """The index cannot be used. `reason` is a key of `SENTENCES`."""

    def __init__(self, reason: str, home: Path, detail: str = "") -> None:
        super().__init__(SENTENCES[reason].format(home=home, detail=detail))
        self.reason = reason

    @property
    def is_broken(self) -> bool:
        """Whether the folder itself may be the cause, so that a new one helps."""
        return self.reason in ("broken", "died", "slow", "missing")


class IndexHeld(StoreError):
    """Another Litmus holds the index. `owner` has its `pid`, `host` and `since`, in Unix time."""

    def __init__(self, owner: Mapping[str, Any]) -> None:
        who = "Another Litmus"
        if owner:
            since = time.strftime("%H:%M", time.localtime(owner["since"]))
            who += f" (process {owner['pid']} on {owner['host']}, since {since})"
        super().__init__(
            f"{who} holds the index of documents; close it, or wait until it has rested for "
            "two minutes, and try again."
        )
        self.owner = dict(owner)


class VectorIndex:
    """The index of a home folder. Any thread may use it; every call waits for its answer."""

    def __init__(self, home: Path, url: str = "", *, prefix: str = "") -> None:
        """`url` names a Chroma server to use in place of the folder `home/chroma`.

        `prefix` stands before each collection's name, so that homes can share a server.
        """
        self.home = home
        self._url = url
        self._prefix = prefix
        self._child: Child | None = None
        self._lock = threading.RLock()
        self._sound = False
        self._checked = False
        self._repairer = 0
        self.used_at = time.monotonic()

    @property
    def sound(self) -> bool:
        """Whether it is open, and as SQLite has it."""
        return self._sound and self.alive

    @property
    def checked(self) -> bool:
        """Whether nothing was added since all chunks were searched for and found.

        What is added to Chroma's index can make other vectors in it unreachable.
        """
        return self._checked

    @property
    def alive(self) -> bool:
        """Whether it is open."""
        child = self._child
        return child is not None and child.alive

    def open(self) -> bool:
        """Take the lock and open the index; does nothing when it is open.

        Returns whether the index is as its owner left it. Where it is not, as after a kill,
        it must be repaired, by this thread, before others can use it; a folder that Chroma
        cannot open is set aside, and the index is empty. Raises IndexHeld and IndexFailed.
        """
        with self._lock:
            self._repairer = threading.get_ident()
            if self.alive:
                return self._sound
            try:
                self._sound = self._checked = self._open(fresh=False)
            except IndexFailed as error:
                if not error.is_broken or self._url:
                    raise
                self._open(fresh=True)
            return self._sound

    def open_anew(self) -> None:
        """Set the folder aside and open an empty one. Raises IndexHeld and IndexFailed.

        On a server nothing is set aside; there it is only opened again.
        """
        with self._lock:
            self._repairer = threading.get_ident()
            self._open(fresh=True)

    def upsert(
        self,
        collection: str,
        ids: Sequence[int],
        vectors: Sequence[bytes],
        documents: Sequence[str],
    ) -> None:
        """Add chunks, or put them in place of those with the same ids; each id comes once.

        `vectors` are 4-byte floats, little-endian, of length 1; `documents` the SHA-256 of each
        chunk's document. What this has returned for outlasts a kill. Raises IndexFailed.
        """
        if ids:
            self._checked = False
            message = {"ids": list(ids), "documents": list(documents)}
            self._ask("upsert", collection, message, b"".join(vectors))

    def remove(self, collection: str, ids: Sequence[int]) -> None:
        """Take chunks out; those that are not there do not matter. Raises IndexFailed."""
        if ids:
            self._ask("remove", collection, {"ids": list(ids)})

    def drop(self, collection: str) -> None:
        """Take a whole collection out, if it is there. Raises IndexFailed."""
        self._ask("drop", collection, {})

    def query(
        self,
        collection: str,
        vectors: Sequence[bytes],
        n: int,
        documents: Sequence[str] | None = None,
    ) -> list[list[tuple[int, float]]]:
        """Return for each vector at most `n` (chunk id, cosine similarity), best first.

        `documents` are the SHA-256 of those to search in, by default all. Raises IndexFailed.
        """
        among = None if documents is None else sorted(set(documents))
        if not vectors or among == []:
            return [[] for _ in vectors]
        message = {"count": len(vectors), "n": n, "documents": among}
        found = self._ask("query", collection, message, b"".join(vectors))["found"]
        return [[(item, near) for item, near in row] for row in found]

    def lost(self, collection: str, ids: Sequence[int], vectors: Sequence[bytes]) -> set[int]:
        """Return which chunks a search for their own vectors does not find.

        A chunk with as good as the same vector may stand for it where there are many. Raises
        IndexFailed.
        """
        if not ids:
            return set()
        answer = self._ask("lost", collection, {"ids": list(ids)}, b"".join(vectors))
        return set(answer["lost"])

    def ids(self, collection: str) -> set[int]:
        """Return the ids of a collection's chunks; empty when there is no such collection."""
        return set(self._ask("ids", collection, {})["ids"])

    def keep_only(self, collections: Sequence[str]) -> None:
        """Take every other collection out. Raises IndexFailed."""
        kept = {self._prefix + name for name in collections}
        for name in self._exchange({"do": "names"}, b"", _REQUEST_S)["names"]:
            if name.startswith(self._prefix) and name not in kept:
                self._exchange({"do": "drop", "collection": name}, b"", _REQUEST_S)

    def mark_sound(self) -> None:
        """Note that every chunk was searched for and found, so that it can be closed as sound."""
        self._sound = self._checked = self.alive

    def close(self) -> None:
        """Close the index and let go of the lock; does nothing when it is closed."""
        with self._lock:
            if self._child is not None and self._child.alive:
                # One that has died leaves it to the next `open` to find out.
                with suppress(IndexFailed):
                    self._exchange(
                        {"do": "close", "clean": self._sound and self._checked}, b"", _CLOSE_S
                    )
            self._end()

    def _open(self, *, fresh: bool) -> bool:
        owner = {"pid": os.getpid(), "host": platform.node(), "since": time.time()}
        message = {"home": str(self.home), "url": self._url, "prefix": self._prefix}
        self._end()
        try:
            self._child = Child(_MODULE, folder=self.home, environment=_environment())
        except ChildError as error:
            raise IndexFailed(error.reason, self.home, str(error)) from error
        try:
            return self._exchange(
                {"do": "open", "owner": owner, "fresh": fresh, **message}, b"", _OPEN_S
            )["clean"]
        except StoreError:
            self._end()
            raise

    def _ask(self, do: str, collection: str, message: Message, data: bytes = b"") -> Message:
        with self._lock:
            if self._child is None and not self.open():
                self._repairer = 0
            # What others would write meanwhile would be taken for what a kill has left.
            if not self._sound and self._repairer != threading.get_ident():
                raise IndexFailed("changed", self.home)
            name = self._prefix + collection
            try:
                return self._exchange({"do": do, "collection": name, **message}, data, _REQUEST_S)
            finally:
                self.used_at = time.monotonic()

    def _exchange(self, message: Message, data: bytes, timeout_s: float) -> Message:
        assert self._child
        try:
            answer, _ = self._child.ask(message, data, timeout_s=timeout_s)
        except ChildError as error:
            self._end()
            raise IndexFailed(error.reason, self.home, error.detail) from error
        if "refused" not in answer:
            return answer
        if answer["refused"] == "held":
            raise IndexHeld(index_files.owner(self.home))
        # Nobody knows what it has done of the request.
        self._end()
        raise IndexFailed(answer["refused"], self.home, answer["detail"])

    def _end(self) -> None:
        self._sound = self._checked = False
        if self._child is not None:
            self._child.end()
            self._child = None


def _environment() -> dict[str, str]:
    """Return this process's environment without what would change how Chroma works.

    What it has to say to a server that asks for a key stays.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in _SETTINGS
        and (not name.upper().startswith("CHROMA_") or name.upper().startswith(_KEY))
    }
    return {**kept, "ANONYMIZED_TELEMETRY": "False"}
