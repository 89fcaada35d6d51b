"""Where evidence stands in the documents as they are now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePath

from lab.rag.measures import Span
from store.errors import PlainError
from store.records import Document, Evidence


class EvidenceProblem(PlainError):
    """Evidence that stands nowhere, or nobody knows where; one sentence says why."""


class SearchedText:
    """A document's text that quotes are looked up in."""

    def __init__(self, text: str) -> None:
        self.text = text

    def places(self, quote: str) -> list[tuple[int, int]]:
        """Return start and end of each place of a quote, none overlapping the one before.

        Where it does not stand there as it is, white space is left out of account on both
        sides: a line end, a doubled space, a space that was lost between two words.
        """
        bare = "".join(quote.split())
        if not bare:
            return []
        whole = quote.strip()
        found = [(at, at + len(whole)) for at in _finds(self.text, whole)]
        if found:
            return found
        solid, offsets = self._solid
        return [(offsets[at], offsets[at + len(bare) - 1] + 1) for at in _finds(solid, bare)]

    @cached_property
    def _solid(self) -> tuple[str, list[int]]:
        """The text without white space, and where each character of that stands."""
        offsets = [at for at, character in enumerate(self.text) if not character.isspace()]
        return "".join(self.text.split()), offsets


def named(documents: Sequence[Document], name: str) -> list[Document]:
    """Return the documents of a name, the newest version first.

    Where none has it, those whose file is called so are returned, folders left out.
    """
    found = [each for each in documents if each.name == name]
    if not found:
        file = PurePath(name.replace("\\", "/")).name
        found = [each for each in documents if PurePath(each.name).name == file]
    return sorted(found, key=lambda each: each.version, reverse=True)


def locate(
    evidence: Evidence, documents: Sequence[Document], texts: Mapping[str, SearchedText]
) -> Span:
    """Return the span that evidence means in one of the session's documents.

    Offsets count where their text is the quote, or where there is no quote. Otherwise the
    quote is looked up: of several places the one nearest to the offset, else the first on
    the page, else the first. A page without more is that page. `texts` has the text of each
    document of that name, by its sha256. Raises EvidenceProblem.
    """
    candidates = named(documents, evidence.document)
    if not candidates:
        raise EvidenceProblem(f"“{evidence.document}” is not among the session's documents.")
    for document in candidates:
        text = texts[document.sha256]
        span = _given(evidence, document, text.text) or _quoted(evidence, document, text)
        if span is not None:
            if not text.text[span[0] : span[1]].strip():
                raise EvidenceProblem(
                    f"The evidence in “{document.name}” is nothing but white space."
                )
            return Span(document.sha256, *span)
    raise EvidenceProblem(_why_not(evidence))


def page_of(document: Document, place: int) -> int:
    """Return the number, from 1, of the page that a character stands on."""
    return max(1, bisect_right(document.pages, place))


def _given(evidence: Evidence, document: Document, text: str) -> tuple[int, int] | None:
    """Return the span that offsets or a page name, None where they do not fit."""
    start, end = evidence.start, evidence.end
    if start is not None and end is not None:
        fits = 0 <= start < end <= len(text)
        same = not evidence.quote or _bare(text[start:end]) == _bare(evidence.quote)
        return (start, end) if fits and same else None
    if evidence.quote or evidence.page is None:
        return None
    if not 1 <= evidence.page <= len(document.pages):
        return None
    bounds = (*document.pages, len(text))
    return bounds[evidence.page - 1], bounds[evidence.page]


def _quoted(evidence: Evidence, document: Document, text: SearchedText) -> tuple[int, int] | None:
    """Return the place of the quote that is likeliest meant, None where there is none."""
    places = text.places(evidence.quote)
    if evidence.start is not None:
        near = evidence.start
        return min(places, key=lambda place: abs(place[0] - near), default=None)
    here = (place for place in places if page_of(document, place[0]) == evidence.page)
    return next(here, places[0] if places else None)


def _why_not(evidence: Evidence) -> str:
    name = evidence.document
    if evidence.quote.strip():
        return f"The quoted evidence does not stand in “{name}”."
    if evidence.start is not None and evidence.end is not None:
        return f"“{name}” has no characters {evidence.start:,} to {evidence.end:,}."
    if evidence.page is not None:
        return f"“{name}” has no page {evidence.page:,}."
    return f"The evidence names “{name}” and no place in it."


def _bare(text: str) -> str:
    return "".join(text.split())


def _finds(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))
