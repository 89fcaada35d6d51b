"""The search playground at work: a query goes to the store, a result opens its place."""

from __future__ import annotations

from dataclasses import replace

from textual import on, work

from store.errors import PlainError
from store.library_records import Retrieval
from tui.screens.documents.place import Place
from tui.screens.documents.playground import MOST, Playground, Search
from tui.screens.documents.reading import Reading
from tui.screens.documents.spot import Spot
from tui.widgets.page_view import Mark

_NOTHING = "There is nothing to search in yet: drop a file here, then p promotes it."
_NOT_PROMOTED = "Nothing is promoted yet: p promotes the document in the list, P all of them."
_NO_WEIGHTS = "The model that embeds is not here yet; m searches by keyword, without it."
_THIS_IS_NOT = "This document is not promoted: p promotes it, o searches in all."


class Searching(Place):
    """A Documents screen on which the store is searched."""

    def action_search(self) -> None:
        self.show_pane("search")

    async def action_mode(self) -> None:
        await self._search_anew(self._search.other_mode())

    async def action_more(self, step: int) -> None:
        k = max(1, min(MOST, self._search.k + step))
        await self._search_anew(replace(self._search, k=k))

    async def action_only(self) -> None:
        """Search in the document that is read only, or in all again."""
        document = self.query_one(Reading).document
        self._only = None if self._only or document is None else document.sha256
        only = document.name if self._only and document else None
        await self._search_anew(replace(self._search, only=only))

    @property
    def _search(self) -> Search:
        return self.query_one(Playground).search

    _only: str | None = None

    async def search_as_asked(self) -> None:
        """Search as the rung `rag` asks from now on."""
        mode, k = self.retrieval.mode, self.retrieval.k
        await self._search_anew(replace(self._search, mode=mode, k=k))

    async def _search_anew(self, search: Search) -> None:
        self.query_one(Playground).name_it(search)
        if search.query:
            self._ask()

    @on(Playground.Asked)
    def _asked(self) -> None:
        if self._search.query:
            self.query_one(Playground).say("Searching…")
            self._ask(go_on=True)

    @work(group="search", exclusive=True)
    async def _ask(self, go_on: bool = False) -> None:
        """Search, and show what is found; with `go_on` the keys go to the results."""
        from lab.rag.retrieve import NotPromoted, match_spans, search

        playground, asked = self.query_one(Playground), self._search
        retrieval = Retrieval(self.retrieval.indexing, asked.mode, asked.k)
        within = [self._only] if self._only else None
        if asked.mode != "keyword" and self._stored() and not await self.has_embedder():
            playground.say(_NO_WEIGHTS)
            return
        try:
            found = await search(self.desk, asked.query, retrieval, documents=within)
        except NotPromoted:
            said = _NOT_PROMOTED if self.desk.documents else _NOTHING
            playground.say(_THIS_IS_NOT if self._only else said)
            return
        except PlainError as error:
            playground.say(str(error))
            return
        playground.show(found, match_spans)
        if go_on and found:
            self.set_focus(playground.results)

    def _stored(self) -> bool:
        key = self.retrieval.indexing.key
        return any(key in document.promoted for document in self.desk.documents)

    @on(Playground.Opened)
    def _opened(self, event: Playground.Opened) -> None:
        found = event.found
        self.open_at(Spot(found.document, found.chunk.sha256, found.chunk.start, found.chunk.end))
        if not event.stay:
            self.show_pane("text")

    def found_marks(self) -> list[Mark]:
        reading, spot = self.query_one(Reading), self._found
        if spot is None or reading.document is None or reading.document.sha256 != spot.sha256:
            return []
        marks = [Mark(spot.start, spot.end, "found")]
        if query := self._search.query:
            from lab.rag.retrieve import match_spans

            part = self._text[spot.start : spot.end]
            marks += [
                Mark(spot.start + start, spot.start + end, "match")
                for start, end in match_spans(query, part)
            ]
        return marks
