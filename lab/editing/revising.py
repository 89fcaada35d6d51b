"""What an edit does: a new revision, the answers that go with it, and those that stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.grading.assertions import grade
from lab.judge.trust import retrust
from store import benchmarks, grades, judgements, labels, revisions, runs
from store.benchmarks import REPAIR
from store.database import Connection, Database
from store.errors import NotFound
from store.records import Case, CaseDraft


@dataclass(frozen=True, slots=True)
class Revised:
    """A case after an edit, and what the edit did to what was there.

    `behind` answers and `labels` stood for the case before, and now stand only on an older
    revision; `back` answers stand for it again. `documents` tells that only what is in the
    context has changed, so that just the answers given with documents are concerned.
    """

    case: Case
    changed: bool
    behind: int
    labels: int
    back: int = 0
    documents: bool = False

    @property
    def sentence(self) -> str:
        """Say in one line what was done, and what became of past answers."""
        if not self.changed:
            return "Nothing was changed."
        said = f"Saved as revision {self.case.number}."
        if self.behind:
            given = " given with the documents before" if self.documents else ""
            stand = _count(self.behind, f"answer{given} now stands", f"answers{given} now stand")
            said += f" {stand} on an older revision, and out of the rates."
        if self.labels:
            stay = _count(self.labels, "label stays", "labels stay")
            said += f" {stay} with the older expectation."
        if self.back:
            said += f" {_count(self.back, 'answer counts', 'answers count')} again."
        return said


async def revise(database: Database, case: Case, draft: CaseDraft) -> Revised:
    """Store an edited case as a new revision. One that was marked as bad is so no more."""
    if REPAIR in case.draft.tags:
        draft = _mended(draft)
    return await database.write(_revise, case, draft)


async def restore(database: Database, case: Case, revision_id: int) -> Revised:
    """Give a case a new revision with the content of an older one of its own.

    Raises NotFound where it has no such revision.
    """
    old = await database.read(benchmarks.at_revision, revision_id)
    if old.id != case.id:
        raise NotFound("That revision is another case's.")
    return await revise(database, case, _mended(old.draft))


def store_revision(connection: Connection, case: Case, draft: CaseDraft) -> Case:
    """Store an edited case as a new revision and return it; an unchanged draft makes none.

    The answers to its last revision with the same prompt are carried over and graded anew,
    but those that were given with the case's documents only from one with the same of them.
    Labels and judgements are carried over too where the expectation is the same.
    """
    revised = benchmarks.revise(connection, case.id, draft)
    if revised.revision_id == case.revision_id:
        return revised
    twin = revisions.twin(connection, revised.revision_id)
    if twin is None:
        return revised
    for answer_id, text in _carry_over(connection, twin, revised.revision_id):
        took = runs.get(connection, answer_id)
        graded = grade(draft.expectation, text, latency_s=took.latency_s, cost_usd=took.cost_usd)
        if graded is not None:
            grades.keep_grade(connection, answer_id, "assertions", graded.verdict, graded.rows())
    judged = revisions.twin(connection, revised.revision_id, expecting=True)
    if judged is not None:
        labels.carry_over(connection, judged, revised.revision_id)
        judgements.carry_over(connection, judged, revised.revision_id)
        retrust(connection, case.session_id)
    return revised


def _carry_over(connection: Connection, twin: int, revision_id: int) -> list[tuple[int, str]]:
    """Copy the answers that still stand; return (id, text) of the copies."""
    alike = revisions.twin(connection, revision_id, documents=True)
    copies = runs.carry_over(connection, twin, revision_id, in_context=alike == twin)
    if alike is not None and alike != twin:
        copies = runs.carry_over(connection, alike, revision_id, elsewhere=False)
    return copies


def _mended(draft: CaseDraft) -> CaseDraft:
    return replace(draft, tags=tuple(tag for tag in draft.tags if tag != REPAIR))


def _revise(connection: Connection, case: Case, draft: CaseDraft) -> Revised:
    # The case may have been edited elsewhere since it was read.
    case = benchmarks.get(connection, case.id)
    behind, stood = (
        revisions.behind(connection, case.id),
        revisions.labels_on(connection, case.revision_id),
    )
    revised = store_revision(connection, case, draft)
    changed = revised.revision_id != case.revision_id
    now = revisions.behind(connection, case.id)
    same_prompt = (case.prompt, case.draft.messages) == (revised.prompt, revised.draft.messages)
    lost = stood - revisions.labels_on(connection, revised.revision_id) if same_prompt else 0
    only_documents = changed and replace(case.draft, documents=revised.draft.documents) == (
        revised.draft
    )
    return Revised(
        revised,
        changed,
        behind=max(0, now - behind),
        labels=max(0, lost),
        back=max(0, behind - now),
        documents=only_documents,
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
