"""Cases in their order, and their revisions."""

from __future__ import annotations

from dataclasses import replace

from store import benchmarks, sessions
from store.records import Assertion, CaseDraft, Evidence, Expectation


def test_a_case_is_kept_byte_for_byte(home, hostile):
    draft = CaseDraft(
        prompt=hostile,
        key=f"key {hostile}",
        expectation=Expectation(hostile, (Assertion("not-icontains", hostile, 0.5),)),
        messages=({"role": "user", "content": hostile},),
        evidence=(Evidence(hostile, 3, 0, 17, hostile), Evidence("notes.md")),
        tags=(hostile, "second"),
        split="train",
    )
    (case_id,) = home.write(benchmarks.add, home.session.id, [draft])
    case = home.read(benchmarks.get, case_id)
    assert case.draft == draft
    assert home.read(benchmarks.by_key, home.session.id, draft.key) == case
    (sizes,) = home.rows("SELECT length(CAST(prompt AS BLOB)) FROM case_revisions")
    assert sizes == (len(hostile.encode()),)


def test_cases_without_a_key_get_the_next_free_number(home, refused):
    home.cases("first", "second")
    home.cases("keyed", key="4")
    assert [case.key for case in home.cases("third", "fourth")] == ["5", "6"]
    drafts = [CaseDraft("new", key="new"), CaseDraft("again", key="4")]
    assert "has a case “4” already" in refused(home.write, benchmarks.add, home.session.id, drafts)
    assert home.read(benchmarks.count, home.session.id) == 5
    other = home.write(sessions.create, "other")
    home.write(benchmarks.add, other.id, drafts)


def test_an_edit_makes_a_revision_and_the_old_one_stays(home):
    (case,) = home.cases("2 + 2 =", expectation=Expectation("4"))
    assert home.write(benchmarks.revise, case.id, case.draft) == case
    revised = home.write(benchmarks.revise, case.id, replace(case.draft, prompt="2 + 3 ="))
    assert (revised.id, revised.key, revised.number) == (case.id, case.key, 2)
    assert revised.prompt == "2 + 3 =" and revised.expectation == case.expectation
    assert home.read(benchmarks.at_revision, case.revision_id) == case
    back = home.write(benchmarks.revise, case.id, case.draft)
    assert back.number == 3 and back.revision_id not in (case.revision_id, revised.revision_id)


def test_the_hash_names_the_benchmark_as_it_stands(home):
    first, second = home.cases("first", "second")
    seen = [home.read(benchmarks.revision_hash, home.session.id)]

    def look() -> str:
        seen.append(home.read(benchmarks.revision_hash, home.session.id))
        return seen[-1]

    home.write(benchmarks.revise, first.id, replace(first.draft, split="train"))
    assert look() != seen[0]
    home.write(benchmarks.remove, second.id)
    assert look() not in seen[:2]
    home.write(benchmarks.restore, second.id)
    home.write(benchmarks.revise, first.id, first.draft)
    assert look() == seen[0]


def test_the_same_benchmark_has_the_same_hash_in_another_session(home):
    drafts = [case.draft for case in home.cases("first", "second")]
    other = home.write(sessions.create, "other")
    home.write(benchmarks.add, other.id, drafts)
    hashes = {home.read(benchmarks.revision_hash, number) for number in (home.session.id, other.id)}
    assert len(hashes) == 1


def test_windows_counts_and_places_skip_what_was_removed(home, refused):
    cases = home.cases("zero", "one", "two") + home.cases("three", split="train")
    session = home.session.id
    home.write(benchmarks.remove, cases[1].id)
    assert [c.prompt for c in home.read(benchmarks.cases, session)] == ["zero", "two", "three"]
    assert [c.prompt for c in home.read(benchmarks.cases, session, limit=1, offset=1)] == ["two"]
    assert [c.prompt for c in home.read(benchmarks.cases, session, split="train")] == ["three"]
    assert home.read(benchmarks.count, session) == 3
    assert home.read(benchmarks.count, session, "test") == 2
    assert [home.read(benchmarks.index_of, session, c.id) for c in cases] == [0, 0, 1, 2]
    assert home.read(benchmarks.by_key, session, cases[1].key) is None
    home.write(benchmarks.restore, cases[1].id)
    assert [c.id for c in home.read(benchmarks.cases, session)] == [c.id for c in cases]
    refused(home.read, benchmarks.get, 99)
    refused(home.read, benchmarks.at_revision, 99)
