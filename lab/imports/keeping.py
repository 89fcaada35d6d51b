"""Keeping the cases of a file in a session: new ones, those that differ, and their documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path

from lab import pages
from lab.editing.revising import store_revision
from lab.interop.source import ImportResult, SourceText
from store import benchmarks, documents
from store.database import Connection
from store.reading import ReadDocument
from store.records import Case, CaseDocument, CaseDraft, content_hash

_STEP = 500

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many cases are new, revised and as they were; how many documents came along.

    `lacking` are the documents that cases name for their context and the session has not.
    """

    new: int = 0
    revised: int = 0
    unchanged: int = 0
    documents: int = 0
    lacking: tuple[str, ...] = ()

    @property
    def there(self) -> int:
        """How many of the ids the session had already."""
        return self.revised + self.unchanged

    @property
    def note(self) -> str:
        """What became of the documents that are lacking, in a sentence; empty for none."""
        if not self.lacking:
            return ""
        names = ", ".join(self.lacking[:3]) + (" …" if len(self.lacking) > 3 else "")
        return (
            f"Cases name {names} for their context, which the session does not have, and came "
            "without; add what they name and import once more, replacing."
        )

    def __str__(self) -> str:
        if not self.there:
            return f"{self.new:,} {'case' if self.new == 1 else 'cases'} imported"
        return f"{self.unchanged:,} unchanged, {self.revised:,} revised, {self.new:,} new"


@dataclass(slots=True)
class _Sorted:
    """A file's cases by what the session has of them already."""

    new: list[CaseDraft]
    changed: list[tuple[Case, CaseDraft]]
    removed: list[int]
    unchanged: int = 0


def keep(
    connection: Connection,
    session_id: int,
    path: Path,
    result: ImportResult,
    overwrite: bool,
    tell: Tell,
) -> Outcome:
    """Store a file's cases and documents; see `Import.store`. `tell` may raise."""
    names = _keep_documents(connection, session_id, path, result.documents)
    cases, lacking = _settled(connection, session_id, result, names)
    total = len(cases)
    if not overwrite:
        benchmarks.add(connection, session_id, cases, progress=lambda done: tell(done, total))
        return Outcome(new=total, documents=len(result.documents), lacking=lacking)
    found = _sort(connection, session_id, cases, lambda _, of: tell(0, of))
    done = found.unchanged
    for case_id in found.removed:
        benchmarks.restore(connection, case_id)
    for case, draft in found.changed:
        store_revision(connection, case, draft)
        done += 1
        tell(done, total)
    benchmarks.add(
        connection, session_id, found.new, progress=lambda added: tell(done + added, total)
    )
    return _outcome(found, result, lacking)


def compare(
    connection: Connection,
    session_id: int,
    result: ImportResult,
    tell: Tell,
) -> Outcome:
    """Return what `keep` with `overwrite` would do."""
    names = _names(connection, session_id, result.documents)
    cases, lacking = _settled(connection, session_id, result, names)
    return _outcome(_sort(connection, session_id, cases, tell), result, lacking)


def _outcome(found: _Sorted, result: ImportResult, lacking: tuple[str, ...]) -> Outcome:
    return Outcome(
        len(found.new), len(found.changed), found.unchanged, len(result.documents), lacking
    )


def _sort(
    connection: Connection,
    session_id: int,
    cases: Sequence[CaseDraft],
    tell: Tell,
) -> _Sorted:
    held = benchmarks.held(connection, session_id)
    found = _Sorted([], [], [])
    for number, draft in enumerate(cases):
        there = held.get(draft.key) if draft.key else None
        if there is not None and there.documents and not draft.documents:
            # They are the session's matter: a file that is silent on them leaves them.
            kept = benchmarks.get(connection, there.case_id).draft.documents
            draft = replace(draft, documents=kept)
        if there is None:
            found.new.append(draft)
        elif _is_same(connection, there, draft):
            found.unchanged += 1
        else:
            found.changed.append((benchmarks.get(connection, there.case_id), draft))
            if not there.there:
                found.removed.append(there.case_id)
        if number % _STEP == 0:
            tell(number, len(cases))
    return found


def _is_same(connection: Connection, held: benchmarks.Held, draft: CaseDraft) -> bool:
    """Tell whether a draft is what the benchmark has, but for the mark of a bad case."""
    if not held.there:
        return False
    if not held.sound:
        tags = benchmarks.get(connection, held.case_id).draft.tags
        draft = replace(draft, tags=tags) if _unmarked(tags) == draft.tags else draft
    return held.hash == content_hash(draft.content())


def _unmarked(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if tag != benchmarks.REPAIR)


def _keep_documents(
    connection: Connection, session_id: int, path: Path, texts: Sequence[SourceText]
) -> dict[str, str]:
    """Keep the texts that came along; return which document each name of the file means."""
    names = _names(connection, session_id, texts)
    for given in texts:
        data = given.text.encode()
        document = ReadDocument(
            name=names[given.name],
            path=str(path.absolute()),
            sha256=sha256(data).hexdigest(),
            media_type="text/plain",
            bytes=len(data),
            text=given.text,
            pages=(0,),
        )
        documents.add(connection, session_id, document)
    return names


def _names(connection: Connection, session_id: int, texts: Sequence[SourceText]) -> dict[str, str]:
    """Return what each text is called here: as it is if it is there, else by a free name."""
    there = documents.listed(connection, session_id) if texts else []
    by_hash = {document.sha256: document.name for document in there}
    taken = {document.name for document in there}
    names: dict[str, str] = {}
    for given in texts:
        kept = by_hash.get(sha256(given.text.encode()).hexdigest())
        name, number = kept or given.name, 2
        while kept is None and name in taken:
            name, number = f"{given.name} ({number})", number + 1
        taken.add(name)
        names[given.name] = name
    return names


def _settled(
    connection: Connection, session_id: int, result: ImportResult, names: dict[str, str]
) -> tuple[list[CaseDraft], tuple[str, ...]]:
    """Return the cases with the session's own documents, and the names of what it lacks."""
    cases = [_renamed(case, names) for case in result.cases]
    if not any(case.documents for case in cases):
        return cases, ()
    listed = documents.listed(connection, session_id)
    by_name = {document.name: document for document in reversed(listed)}
    there = {document.sha256: document for document in listed}
    lacking: dict[str, None] = {}

    def found(said: CaseDocument) -> Iterator[CaseDocument]:
        document = there.get(said.sha256) or by_name.get(said.name)
        if document is None:
            lacking[said.name] = None
        else:
            chosen = pages.choose(said.pages, document.name, len(document.pages))
            yield CaseDocument(document.name, document.sha256, said.used, chosen)

    cases = [
        replace(case, documents=tuple(chain.from_iterable(map(found, case.documents))))
        if case.documents
        else case
        for case in cases
    ]
    return cases, tuple(lacking)


def _renamed(case: CaseDraft, names: dict[str, str]) -> CaseDraft:
    """Return a case whose evidence stands in the documents as they are named here."""
    if not case.evidence or all(name == kept for name, kept in names.items()):
        return case
    evidence = (
        replace(each, document=names.get(each.document, each.document)) for each in case.evidence
    )
    return replace(case, evidence=tuple(evidence))
