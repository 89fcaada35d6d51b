"""A changed file is a new version; cases that name the document go with it.

What a case has in its context, or leaves out, is the document that a person knows by its
name, so that a new version takes the place of the old one there too, in a new revision.
"""

from __future__ import annotations

from dataclasses import replace

from lab.editing.revising import store_revision
from store import benchmarks, documents
from store.database import Connection
from store.reading import ReadDocument
from store.records import CaseDocument, CaseDraft, Document


def keep(
    connection: Connection, session_id: int, read: ReadDocument, *, attach: bool = False
) -> documents.Kept:
    """Keep a document as `store.documents.keep` does, and let the cases follow."""
    kept = documents.keep(connection, session_id, read, attach=attach)
    if kept.replaced is not None:
        _follow(connection, kept.replaced, kept.document)
    return kept


def take_back(connection: Connection, document_id: int) -> None:
    """Undo `keep`: what was replaced is in its place again, for the cases too."""
    gone = documents.get(connection, document_id)
    documents.take_back(connection, document_id)
    for there in documents.listed(connection, gone.session_id):
        if (there.path, there.name) == (gone.path, gone.name):
            _follow(connection, gone, there)


def _follow(connection: Connection, old: Document, new: Document) -> None:
    for case_id in benchmarks.naming(connection, old.session_id, old.sha256):
        case = benchmarks.get(connection, case_id)
        store_revision(connection, case, _renamed(case.draft, old, new))


def _renamed(case: CaseDraft, old: Document, new: Document) -> CaseDraft:
    """Return a case that names the new document; its pages stay where both have as many."""
    kept = [each for each in case.documents if each.sha256 != new.sha256]
    alike = len(old.pages) == len(new.pages)
    return replace(
        case,
        documents=tuple(
            CaseDocument(new.name, new.sha256, each.used, each.pages if alike else "")
            if each.sha256 == old.sha256
            else each
            for each in kept
        ),
    )
