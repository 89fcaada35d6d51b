"""The evidence that the options of `litmus bench set` name."""

from __future__ import annotations

import argparse

from lab.desk import Desk
from lab.rag.evidence import quoted, span_of
from lab.rag.locating import EvidenceProblem, named
from store.records import Evidence


def is_asked(options: argparse.Namespace) -> bool:
    """Tell whether the options say anything of evidence. Raises EvidenceProblem."""
    if options.document and not options.quote:
        raise EvidenceProblem("--document says where a --quote stands; give the quote too.")
    return bool(options.evidence or options.quote or options.no_evidence)


async def given(desk: Desk, options: argparse.Namespace) -> list[Evidence]:
    """Return the evidence that is named. Raises EvidenceProblem."""
    found: list[Evidence] = []
    for name, start, end in options.evidence or ():
        documents = named(desk.documents, name)
        if not documents:
            raise EvidenceProblem(
                f"No document is called “{name}”; `litmus docs list` lists what there is."
            )
        found.append(span_of(documents[0], await desk.document_text(documents[0]), start, end))
    for quote in options.quote or ():
        found.append(await quoted(desk, quote, options.document or ""))
    return found
