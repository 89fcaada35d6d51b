"""The context rung: which documents a case is given with its question, and their text.

The session's documents stand in their order, without those that the case leaves out; what
the case has besides stands after them, so that the part that all cases share comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab import pages
from lab.failures import AskError
from lab.prompt import assemble
from store import documents
from store.database import Database
from store.records import IMPORTED, Case, CaseDocument, CaseDraft, Document, Variant

if TYPE_CHECKING:
    from lab.limits import Limits


@dataclass(frozen=True, slots=True)
class Part:
    """A document in the context, or the `pages` of it that are chosen, as "1-3,7"."""

    name: str
    sha256: str
    pages: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {page_words(self.pages)}" if self.pages else self.name


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands for one case.

    `inside` tells whether the case is given it, and `own` whether the case says so and not
    the session. `document` is None where it was taken out of the session.
    """

    part: Part
    inside: bool
    own: bool = False
    document: Document | None = None


def parts(variant: Variant, case: CaseDraft) -> tuple[Part, ...]:
    """Return what is in the context of a case under a variant, in its order.

    Only variants of the rung `context` that are asked from here have any.
    """
    if variant.rung != "context" or variant.provider == IMPORTED:
        return ()
    own = {each.sha256: each for each in case.documents}
    found: list[Part] = []
    for given in (Part(*document) for document in variant.documents):
        said = own.pop(given.sha256, None)
        if said is None:
            found.append(given)
        elif said.used:
            found.append(_part(said))
    return (*found, *(_part(each) for each in own.values() if each.used))


def places(session: Sequence[Document], case: CaseDraft | None) -> list[Place]:
    """Return where each document stands for a case (None: for the session as a whole).

    First the session's in their order, then those that only the case has, then the others.
    """
    own = {each.sha256: each for each in case.documents} if case else {}
    ordered: tuple[list[Place], list[Place], list[Place]] = [], [], []
    for document in session:
        said, attached = own.pop(document.sha256, None), document.attached is not None
        part = Part(document.name, document.sha256, document.chosen)
        if said is not None and (said.used or attached):
            part = _part(said) if said.used else part
            place = Place(part, said.used, True, document)
        else:
            place = Place(part, attached, False, document)
        ordered[0 if attached else 1 if place.inside else 2].append(place)
    ordered[1].extend(Place(_part(each), True, True) for each in own.values() if each.used)
    return [*ordered[0], *ordered[1], *ordered[2]]


def is_empty(variant: Variant, cases: Iterable[Case]) -> bool:
    """Tell whether a variant of a rung that gives documents has none to give these cases."""
    if variant.provider == IMPORTED or variant.documents:
        return False
    if variant.rung == "context":
        return not any(each.used for case in cases for each in case.draft.documents)
    return variant.rung == "rag"


# --- what a case changes -------------------------------------------------------------


def use(case: CaseDraft, document: Document, chosen: str | None = None) -> CaseDraft:
    """Return the case with a document in its context, or with these pages of it.

    `chosen` None takes the pages that the session has. What the session gives the case
    anyway needs no word of its own.
    """
    wanted = document.chosen if chosen is None else chosen
    if document.attached is not None and wanted == document.chosen:
        return follow(case, document.sha256)
    return _saying(case, CaseDocument(document.name, document.sha256, True, wanted))


def leave_out(case: CaseDraft, document: Document) -> CaseDraft:
    """Return the case without a document in its context."""
    if document.attached is None:
        return follow(case, document.sha256)
    return _saying(case, CaseDocument(document.name, document.sha256, False))


def follow(case: CaseDraft, sha256: str) -> CaseDraft:
    """Return the case with no word of its own on a document: it is as in the session."""
    return replace(case, documents=tuple(each for each in case.documents if each.sha256 != sha256))


def changes(case: CaseDraft) -> list[str]:
    """Return, a line each, what a case changes in its context."""
    return [
        f"with {_part(each)}" if each.used else f"without {each.name}" for each in case.documents
    ]


def _saying(case: CaseDraft, said: CaseDocument) -> CaseDraft:
    there = [each.sha256 for each in case.documents]
    if said.sha256 not in there:
        return replace(case, documents=(*case.documents, said))
    return replace(
        case,
        documents=tuple(said if each.sha256 == said.sha256 else each for each in case.documents),
    )


def _part(said: CaseDocument) -> Part:
    return Part(said.name, said.sha256, said.pages)


# --- their text ----------------------------------------------------------------------


class Context:
    """Reads what is in the context; the documents that all cases share are read once."""

    def __init__(self, database: Database, variant: Variant) -> None:
        self._database = database
        self._variant = variant
        self._shared: dict[Part, tuple[str, str]] = {}

    async def load(self) -> None:
        """Read the documents that all cases share. Raises NotFound, PagesProblem."""
        for part in parts(self._variant, CaseDraft("")):
            self._shared[part] = await named_text(self._database, part)

    async def of(self, case: CaseDraft) -> list[tuple[str, str]]:
        """Return (name, text) of each document that a case is given, in order.

        Raises NotFound, PagesProblem.
        """
        return [
            self._shared.get(part) or await named_text(self._database, part)
            for part in parts(self._variant, case)
        ]

    async def refuse_hopeless(self, cases: Sequence[CaseDraft], limits: Limits) -> None:
        """Raise AskError where not even the shortest of these cases fits the window.

        Of the cases with the same documents only the shortest is looked at, and the first
        that fits ends the search.
        """
        shortest: dict[tuple[Part, ...], CaseDraft] = {}
        for case in cases:
            given = parts(self._variant, case)
            if given not in shortest or _characters(case) < _characters(shortest[given]):
                shortest[given] = case
        told = "The prompt"
        if len(cases) > 1:
            told = f"None of the {len(cases):,} cases fits, so none was asked: the shortest prompt"
        refused: AskError | None = None
        for case in sorted(shortest.values(), key=_characters):
            documents = await self.of(case)
            messages = assemble(case, system=self._variant.system, documents=documents)
            await limits.count_ahead(messages)
            try:
                limits.refuse_too_long(messages, documents, told=told)
                return
            except AskError as error:
                refused = refused or error
        if refused is not None:
            raise refused


async def named_text(database: Database, part: Part) -> tuple[str, str]:
    """Return a document's name and what of its text is in the context.

    Of a document of which pages are chosen the name says so. Raises NotFound, PagesProblem.
    """
    text, starts = await database.read(documents.content, part.sha256)
    name = f"{part} of {len(starts)}" if part.pages else part.name
    return name, pages.excerpt(text, starts, part.pages, part.name)


def _characters(case: CaseDraft) -> int:
    return len(case.prompt) + sum(len(message["content"]) for message in case.messages)


def page_words(chosen: str) -> str:
    """Return a choice of pages in words, such as "pages 1-3,7"; empty for all."""
    if not chosen:
        return ""
    return f"page {chosen}" if chosen.isdecimal() else f"pages {chosen}"
