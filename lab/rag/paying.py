"""Embedding that is paid for: each call is kept under the session's cap, and its cost is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from lab.cancelling import to_the_end
from lab.desk import Desk
from lab.rag.embeddings import embeddings_of
from store import chunks, sessions
from store.library_records import Indexing


class OverCap(Exception):
    """The next call could pass the session's cap, so it was not made. US dollars."""

    def __init__(self, spent_usd: float, cap_usd: float) -> None:
        super().__init__()
        self.spent_usd = spent_usd
        self.cap_usd = cap_usd


class Paid:
    """Embeddings on a session's account; enter it before the first call.

    `texts` were embedded, of `tokens` tokens. US dollars; `unpriced` calls had no known price.
    """

    def __init__(
        self,
        desk: Desk,
        indexing: Indexing,
        cap_usd: float | None,
        fetching: Callable[[int, int], None],
    ) -> None:
        """`cap_usd` is the most that the session may have spent, None for its own cap.

        `fetching` is told of the embedded model's download: the bytes so far and in all.
        """
        self.texts = self.tokens = self.unpriced = 0
        self.cost_usd = 0.0
        self._desk = desk
        self._indexing = indexing
        self._cap_usd = desk.session.cap_usd if cap_usd is None else cap_usd
        self._fetching = fetching
        self._purse = desk.engine.purse(desk.session.id)

    @property
    def batch(self) -> int:
        """How many texts a call takes."""
        return self._embeddings.batch

    async def __aenter__(self) -> Paid:
        """Raises what `embeddings_of` raises."""
        desk = self._desk
        self._embeddings = await embeddings_of(desk.engine.library, self._indexing, self._fetching)
        spent, _ = await desk.database.read(sessions.spent, desk.session.id)
        self._purse.open(spent)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._purse.close()

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Embed texts, each once however often it comes.

        Raises OverCap, and what `Embeddings.embed` raises.
        """
        distinct = list(dict.fromkeys(texts))
        price = self._embeddings.price(distinct) if self._cap_usd is not None else None
        if not await self._purse.reserve(price, self._cap_usd):
            raise OverCap(self._purse.spent, self._cap_usd or 0.0)
        try:
            made = await self._embeddings.embed(distinct)
        finally:
            # A call in several parts may have cost something before one of them failed.
            await to_the_end(self._pay())
            self._purse.settle(price)
        self.texts += len(distinct)
        known = dict(zip(distinct, made, strict=True))
        return [known[text] for text in texts]

    async def _pay(self) -> None:
        """Keep what was spent since the last time."""
        self.tokens = self._embeddings.tokens
        total = self._embeddings.cost_usd
        cost = None if total is None else total - self.cost_usd
        if cost == 0:
            return
        self.unpriced += cost is None
        self.cost_usd += cost or 0.0
        self._purse.spent += cost or 0.0
        await self._desk.database.write(chunks.spend, self._desk.session.id, self._indexing, cost)
