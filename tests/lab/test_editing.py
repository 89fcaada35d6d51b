"""Cases as texts and files, what changed between revisions, and what an edit does."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.editing import casefile
from lab.editing.difference import difference
from lab.editing.revising import restore, revise
from lab.editing.texts import CaseProblem, CaseTexts, draft_of, texts_of
from lab.grading.assertions import ExpectationError
from store import benchmarks, labels, revisions, runs
from store.records import Assertion, CaseDraft, Expectation

LINES = st.lists(
    st.one_of(
        st.text(string.ascii_letters + " #\\=-:", max_size=12),
        st.sampled_from(
            ["=== prompt ===", "\\=== x ===", "--- user ---", "\\--- user ---", "#! x"]
        ),
    ),
    max_size=5,
).map("\n".join)
WORDS = st.text(string.ascii_letters + " ", min_size=1, max_size=8).filter(str.strip)
DRAFTS = st.builds(
    CaseDraft,
    prompt=LINES.filter(str.strip),
    expectation=st.builds(
        Expectation,
        LINES.map(str.strip),
        st.lists(st.builds(Assertion, st.just("contains"), WORDS), max_size=2).map(tuple),
    ),
    messages=st.lists(
        st.builds(
            lambda role, content: {"role": role, "content": content},
            st.sampled_from(["user", "assistant", "system"]),
            LINES.filter(str.strip),
        ),
        max_size=2,
    ).map(tuple),
    tags=st.lists(WORDS, unique=True, max_size=3).map(tuple),
    split=st.sampled_from(["test", "train"]),
)
HARD = CaseDraft(
    "\n one\r\ntwo\rthree \n\n",
    expectation=Expectation("  text ", (Assertion("contains", "a\nb"),)),
    messages=({"role": "user", "content": "said\r\n"},),
    tags=("with, comma", " x "),
)


@given(DRAFTS)
def test_a_case_comes_back_from_its_file(draft):
    before = texts_of(draft)
    assert draft_of(casefile.read(casefile.write(before, "A case"), before), draft) == draft


@given(DRAFTS)
def test_texts_make_the_case_anew(draft):
    """Also where nothing is left of the case as it was, but for the white space around it."""
    made = draft_of(texts_of(draft), CaseDraft("before", expectation=Expectation("before")))
    plain = [casefile.plain(each.prompt) for each in (made, draft)]
    assert plain[0] == plain[1]
    assert made.expectation == draft.expectation
    assert [m["role"] for m in made.messages] == [m["role"] for m in draft.messages]
    assert made.split == draft.split


def test_what_is_not_touched_stays_to_the_byte():
    texts = texts_of(HARD)
    edited = casefile.write(texts, "A case").replace("=== split ===\ntest", "=== split ===\ntrain")
    changed = draft_of(casefile.read(edited.replace("\r\n", "\n"), texts), HARD)
    assert changed == replace(HARD, split="train")


def test_what_is_changed_in_the_file_is_changed_in_the_case():
    draft = CaseDraft("one", tags=("a",), messages=({"role": "user", "content": "before"},))
    before = texts_of(draft)
    text = casefile.write(before, "A case")
    text = text.replace("=== prompt ===\none", "=== prompt ===\ntwo\n\n# three")
    text = text.replace("=== expected ===\n", "=== expected ===\nParis\ncontains: Par\n")
    text = text.replace("=== tags ===\na", "=== tags ===\nb; c,b").replace("\nbefore", "\nafter")
    assert draft_of(casefile.read(text, before), draft) == CaseDraft(
        "two\n\n# three",
        expectation=Expectation("Paris", (Assertion("contains", "Par"),)),
        tags=("b", "c"),
        messages=({"role": "user", "content": "after"},),
    )


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "No line === prompt ==="),
        ("# only this", "No line === prompt ==="),
        ("words\n=== prompt ===\none", "Line 1 stands above"),
        ("=== prompt ===\none\n=== answer ===\ntwo", "=== answer === is no part"),
        ("=== prompt ===\none\n=== prompt ===\ntwo", "stands there twice"),
        ("=== prompt ===\n \n", "prompt is empty"),
        ("=== split ===\nboth", "The split is “both”"),
        ("=== expected ===\nregex: (", "regular expression"),
        ("=== earlier messages ===\nhello", "begin without a role"),
        ("=== earlier messages ===\n--- nobody ---\nhello", "“nobody” is no role"),
        ("=== earlier messages ===\n--- user ---\n\n", "message of “user” is empty"),
    ],
)
def test_a_file_that_makes_no_case_is_told_in_a_sentence(file, says):
    draft = CaseDraft("one")
    with pytest.raises((CaseProblem, ExpectationError)) as caught:
        draft_of(casefile.read(file, texts_of(draft)), draft)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    told = casefile.with_problem(casefile.with_problem(file, "old"), str(caught.value))
    assert told.startswith("#! ") and "old" not in told.split("\n")[0]
    assert casefile.without_problem(told) == casefile.plain(file)


def test_messages_that_hold_more_than_text_stay_as_they_are():
    draft = CaseDraft("one", messages=({"role": "user", "content": "a", "name": "Ann"},))
    texts = texts_of(draft)
    assert texts.turns is None
    assert draft_of(replace(texts, prompt="two"), draft) == replace(draft, prompt="two")


@given(DRAFTS, DRAFTS)
def test_a_difference_holds_both_revisions(old, new):
    before, after = texts_of(old), texts_of(new)
    sections = {section.name: section.lines for section in difference(old, new)}
    assert ("Prompt" in sections) == (before.prompt != after.prompt)
    assert ("Tags" in sections) == (before.tags != after.tags)
    for line, text in (
        ("Prompt", "prompt"),
        ("Expected", "expected"),
        ("Earlier messages", "turns"),
    ):
        if line in sections:
            lines = sections[line]
            gone = "\n".join(each.text for each in lines if each.sign != "+")
            come = "\n".join(each.text for each in lines if each.sign != "−")
            assert (gone, come) == (getattr(before, text), getattr(after, text))


def test_a_difference_marks_the_words_that_differ():
    [section] = difference(CaseDraft("Who is the cook here?"), CaseDraft("Who is the mate here?"))
    marked = [
        (line.sign, [part for part, differs in line.parts if differs]) for line in section.lines
    ]
    assert marked == [("−", ["cook"]), ("+", ["mate"])]


# -- What an edit does --------------------------------------------------------------


async def behind(desk) -> int:
    return await desk.database.read(revisions.behind_in, desk.session.id)


async def test_editing_the_prompt_leaves_its_answers_behind_until_it_is_restored(desk, add, run):
    [case, _] = await add("one", "two")
    await run(await desk.cases(), epochs=3)
    done = await revise(desk.database, case, replace(case.draft, prompt="changed"))
    assert (done.behind, done.case.number, await behind(desk)) == (3, 2, 3)
    assert "3 answers now stand on an older revision" in done.sentence
    again = await revise(desk.database, done.case, replace(done.case.draft, prompt="once more"))
    assert (again.behind, await behind(desk)) == (0, 3)

    back = await restore(desk.database, again.case, case.revision_id)
    assert (back.case.number, back.case.draft, back.back) == (4, case.draft, 3)
    assert "3 answers count again" in back.sentence and await behind(desk) == 0
    listed = await desk.database.read(revisions.listed, case.id)
    assert [(item.number, item.answers) for item in listed] == [(4, 3), (3, 0), (2, 0), (1, 3)]


async def test_what_was_asked_anew_is_left_behind_no_more(desk, add, run):
    [case] = await add("one")
    await run([case])
    done = await revise(desk.database, case, replace(case.draft, prompt="changed"))
    assert await behind(desk) == 1
    await run([done.case])
    assert await behind(desk) == 0


async def test_another_expectation_leaves_the_labels_with_the_old_one(desk, add, run, variant):
    [case] = await add("one")
    await run([case])
    stored = await desk.stored_variant(variant())
    answer = await desk.answer(case, stored)
    await desk.label(answer, "pass")
    done = await revise(
        desk.database, case, replace(case.draft, expectation=Expectation("something"))
    )
    assert (done.behind, done.labels) == (0, 1)
    assert "1 label stays with the older expectation." in done.sentence
    tagged = await revise(desk.database, done.case, replace(done.case.draft, tags=("x",)))
    assert (tagged.behind, tagged.labels) == (0, 0)
    undone = await revise(desk.database, tagged.case, case.draft)
    label = await desk.database.read(labels.standing, undone.case.revision_id, answer.answer_hash)
    assert label is not None and label.verdict == "pass"


async def test_a_bad_case_is_mended_by_an_edit(desk, add):
    [case] = await add("one")
    bad = await desk.revise(case, replace(case.draft, tags=("a", benchmarks.REPAIR)))
    kept = await revise(desk.database, bad, bad.draft)
    assert (kept.changed, kept.case.draft.tags) == (True, ("a",))
    again = await restore(desk.database, kept.case, bad.revision_id)
    assert (again.changed, again.case.draft.tags) == (False, ("a",))
    assert again.sentence == "Nothing was changed."


async def test_the_answers_of_an_edited_case_are_graded_anew(desk, add, run, variant):
    [case] = await add("one")
    await run([case])
    wanted = Expectation("", (Assertion("contains", "You"),))
    done = await revise(desk.database, case, replace(case.draft, expectation=wanted))
    stored = await desk.stored_variant(variant())
    answer = await desk.database.read(runs.latest, stored.id, done.case.revision_id)
    assert (answer.grade, answer.label) == ("pass", None)


def test_case_texts_without_a_prompt_are_refused():
    with pytest.raises(CaseProblem, match="prompt is empty"):
        draft_of(CaseTexts("  "), CaseDraft("one"))
