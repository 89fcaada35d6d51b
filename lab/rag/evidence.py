"""Giving a case its evidence: a span that was selected in a document, or a quote."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.editing.revising import Revised, revise
from lab.rag.locating import EvidenceProblem, SearchedText, named, page_of
from store import documents as documents_table
from store.records import Case, Document, Evidence

if TYPE_CHECKING:
    from lab.desk import Desk


async def add_evidence(desk: Desk, case: Case, document: Document, start: int, end: int) -> Revised:
    """Add the characters `start` to `end` of a document to a case's evidence.

    White space around them is left out. The case gets a new revision, to which its answers,
    labels and judgements go along; evidence that it has already makes none. Raises
    EvidenceProblem where there are no such characters.
    """
    found = span_of(document, await desk.document_text(document), start, end)
    draft = replace(case.draft, evidence=joined(case.draft.evidence, [found]))
    return await revise(desk.database, case, draft)


async def remove_evidence(desk: Desk, case: Case, evidence: Evidence) -> Revised:
    """Take one piece of evidence from a case, as `add_evidence` adds it."""
    left = tuple(each for each in case.draft.evidence if each != evidence)
    return await revise(desk.database, case, replace(case.draft, evidence=left))


def joined(there: Iterable[Evidence], more: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return evidence with what is new of `more` after it; a span counts once."""
    found = list(there)
    for each in more:
        if not any(_place(each) == _place(other) for other in found):
            found.append(each)
    return tuple(found)


def _place(evidence: Evidence) -> tuple[object, ...]:
    return evidence.document, evidence.start, evidence.end


def span_of(document: Document, text: str, start: int, end: int) -> Evidence:
    """Return a span of a document's text as evidence. Raises EvidenceProblem."""
    if not 0 <= start < end <= len(text):
        raise EvidenceProblem(
            f"“{document.name}” has no characters {start:,} to {end:,}; it has {len(text):,}."
        )
    part = text[start:end]
    quote = part.strip()
    if not quote:
        raise EvidenceProblem("There is nothing but white space there; select some text.")
    start += len(part) - len(part.lstrip())
    return Evidence(document.name, page_of(document, start), start, start + len(quote), quote)


async def quoted(desk: Desk, quote: str, name: str = "") -> Evidence:
    """Return a quote as evidence, with its place, in the document of that name or in any.

    Raises EvidenceProblem where it stands nowhere, or in several places.
    """
    if not quote.strip():
        raise EvidenceProblem("The quote is empty; give words that stand in a document.")
    searched = named(desk.documents, name) if name else desk.documents
    if not searched:
        raise EvidenceProblem(
            f"No document is called “{name}”; `litmus docs list` lists what there is."
            if name
            else "There are no documents to look in; add some with `litmus docs add PATH…`."
        )
    texts = [await desk.database.read(documents_table.text, each.sha256) for each in searched]
    found = await asyncio.to_thread(_found, searched, texts, quote)
    if not found:
        where = f"in “{name}”" if name else "in any document"
        raise EvidenceProblem(f"That quote does not stand {where}; copy it from the text itself.")
    if len(found) > 1:
        names = dict.fromkeys(each.document for each in found)
        raise EvidenceProblem(
            f"That quote stands in {len(found):,} places ({', '.join(list(names)[:3])}"
            f"{', …' if len(names) > 3 else ''}); quote more of it, or give its offsets with "
            "--evidence DOCUMENT:START-END."
        )
    return found[0]


def _found(searched: Sequence[Document], texts: Sequence[str], quote: str) -> list[Evidence]:
    return [
        span_of(document, text, start, end)
        for document, text in zip(searched, texts, strict=True)
        for start, end in SearchedText(text).places(quote)
    ]
