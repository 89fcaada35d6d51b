"""Variants, runs and answers, whole and broken off."""

from __future__ import annotations

from dataclasses import replace

from store import benchmarks, grades, runs
from store.records import Usage, Variant, answer_hash

CHECKS = (("contains", "Paris", True, "Paris"), ("numeric", "4", False, "5"))


def test_a_variant_is_kept_once_under_its_content(home):
    given = Variant(
        "context",
        "ollama",
        "llama",
        base_url="http://127.0.0.1:1",
        system="Be brief.",
        parameters={"temperature": 0, "stop": ["a", "b"]},
        documents=(("b.txt", "22"), ("a.txt", "11")),
    )
    assert home.read(runs.find_variant, given) is None
    kept = home.write(runs.keep_variant, given)
    assert kept == replace(given, id=kept.id) and kept.hash == given.hash
    assert home.write(runs.keep_variant, given) == home.read(runs.find_variant, given) == kept
    reordered = replace(given, documents=given.documents[::-1])
    assert home.write(runs.keep_variant, reordered).id != kept.id
    assert home.read(runs.get_variant, kept.id) == kept


def test_the_variants_of_a_session_the_last_used_first(home):
    first, second = home.variant("first"), home.variant("second")
    home.variant("never ran")
    for variant in (first, second, first):
        home.run(variant)
    assert home.read(runs.variants_of, home.session.id) == [first, second]


def test_an_answer_is_kept_byte_for_byte(home, hostile):
    (case,) = home.cases("a prompt")
    answer = home.answer(
        case,
        hostile,
        reasoning=hostile,
        error=hostile,
        model=hostile,
        usage=Usage(1, 2, None, 0),
        cost_usd=0.001,
        first_token_s=0.5,
        latency_s=1.5,
        grade="fail",
        checks=CHECKS,
    )
    assert (answer.text, answer.reasoning, answer.error, answer.model) == (hostile,) * 4
    assert (answer.usage, answer.cost_usd) == (Usage(1, 2, None, 0), 0.001)
    assert (answer.first_token_s, answer.latency_s, answer.sent_hash) == (0.5, 1.5, "sent")
    assert answer.answer_hash == answer_hash(hostile)
    assert (answer.grade, answer.label, answer.verdict) == ("fail", None, "fail")
    assert answer.checks == CHECKS
    assert home.get(answer) == answer
    assert home.rows("SELECT CAST(text AS BLOB) FROM answers") == [(hostile.encode(),)]


def test_a_grader_s_later_verdict_takes_the_place_of_its_earlier_one(home):
    (case,) = home.cases("a prompt")
    answer = home.answer(case, grade="fail", checks=CHECKS)
    home.write(grades.keep_grade, answer.id, "assertions", "pass", CHECKS[:1])
    assert (home.get(answer).grade, home.get(answer).checks) == ("pass", CHECKS[:1])


def test_what_is_missing_is_what_has_no_whole_answer(home):
    first, second = home.cases("first", "second")
    variant, other = home.variant(), home.variant("other")
    revisions = [first.revision_id, second.revision_id]
    home.answer(first, variant=variant, epoch=2)
    home.answer(second, variant=variant, status="cut")
    home.answer(second, variant=other)
    assert home.read(runs.missing, variant.id, revisions, 2) == [
        (first.revision_id, 1),
        (second.revision_id, 1),
        (second.revision_id, 2),
    ]
    revised = home.write(benchmarks.revise, first.id, replace(first.draft, prompt="new"))
    assert home.read(runs.missing, variant.id, [revised.revision_id], 1) == [
        (revised.revision_id, 1)
    ]


def test_the_newest_answer_whole_or_not(home, refused):
    (case,) = home.cases("a prompt")
    variant, run = home.variant(), home.run()
    assert home.read(runs.latest, variant.id, case.revision_id) is None
    home.answer(case, "old", variant, run=run)
    newest = home.answer(case, "ne", variant, run=run, epoch=2, status="cut")
    assert home.read(runs.latest, variant.id, case.revision_id) == newest
    assert [a.text for a in home.read(runs.answers_of_run, run)] == ["old", "ne"]
    refused(home.read, runs.get, 99)


def test_the_end_of_a_run_keeps_what_was_on_its_way_as_stopped(home):
    first, second, third = home.cases("first", "second", "third")
    run, elsewhere = home.run(), home.run()
    begun, silent = home.ask(first, run=run), home.ask(second, run=run)
    whole = home.answer(third, "whole", run=run)
    other = home.ask(first, run=elsewhere)
    home.write(runs.journal, [(begun, "The cap", "Let "), (other, "Par", "")])
    home.write(runs.journal, [(begun, "ital\0 is", "me think")])
    assert home.read(runs.streamed, begun) == ("The capital\0 is", "Let me think")
    home.write(runs.end, run, "stopped")

    kept = home.read(runs.get, begun)
    assert (kept.status, kept.text) == ("stopped", "The capital\0 is")
    assert (kept.reasoning, kept.answer_hash) == ("Let me think", answer_hash(kept.text))
    assert home.read(runs.get, silent).status == "stopped"
    assert home.get(whole) == whole
    assert home.read(runs.get, other).status == "asking"
    assert home.rows("SELECT answer_id FROM journal") == [(other,)]
    assert home.rows(f"SELECT outcome, finished_at > 0 FROM runs WHERE id = {run}") == [
        ("stopped", 1)
    ]


def test_answers_are_carried_over_to_a_revision_that_asks_the_same(home):
    (case,) = home.cases("a prompt")
    variant, other = home.variant(), home.variant("other")
    home.answer(case, "asked anew since", variant, grade="pass")
    newest = home.answer(case, "newest", variant, grade="pass", cost_usd=0.5, latency_s=2.0)
    home.answer(case, "second epoch", variant, epoch=2)
    home.answer(case, "of the other", other)
    home.answer(case, "broken o", other, status="cut")
    revised = home.write(benchmarks.revise, case.id, replace(case.draft, tags=("new",)))
    copies = home.write(runs.carry_over, case.revision_id, revised.revision_id)
    assert sorted(text for _, text in copies) == ["newest", "of the other", "second epoch"]
    (number,) = [answer_id for answer_id, text in copies if text == "newest"]
    copy = home.read(runs.get, number)
    assert (copy.revision_id, copy.grade) == (revised.revision_id, None)
    assert copy == replace(newest, id=number, revision_id=copy.revision_id, grade=None)
    assert home.rows(f"SELECT carried_from FROM answers WHERE id = {number}") == [(newest.id,)]
    assert home.get(newest) == newest
    assert home.read(runs.missing, variant.id, [revised.revision_id], 2) == []
