"""Leaks between examples and test cases: those that are planted, and none where there are none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.checking.findings import Stopped
from lab.checking.wording import words
from lab.tuning.examples.leakage import Firewall, Leak, first_line
from lab.tuning.examples.likeness import Corpus
from store.records import Assertion, CaseDraft, Evidence, Expectation
from tests.lab.tuning import corpora
from tests.lab.tuning.corpora import dataset, demo, halves

SEEDS = (1, 2, 3)


def look(train: Sequence[Any], test: Sequence[Any]) -> list[Leak]:
    return Firewall(dataset(train, test)).look()


def kinds(train: Sequence[Any], test: Sequence[Any]) -> list[str]:
    return [leak.kind for leak in look(train, test)]


# -- What is planted is found, and nothing else --------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_leaks_in_500_cases_are_found_and_nothing_else(seed):
    train, test, planted = corpora.planted(seed)
    assert len(train) + len(test) == 500
    found = {(leak.train.prompt, leak.test.prompt): leak.kind for leak in look(train, test)}
    for how, pairs in planted.items():
        assert pairs <= set(found), how
    assert set(found) == set().union(*planted.values())
    by_kind = {how: {found[pair] for pair in pairs} for how, pairs in planted.items()}
    assert by_kind["exact"] == {"exact"} and by_kind["recased"] == {"normalised"}
    assert by_kind["paraphrased"] <= {"near", "answer"}
    assert by_kind["answer in prompt"] <= {"near", "answer_in_prompt"}


def test_the_demo_has_no_leak():
    assert look(*demo()) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("count", [60, 500])
def test_tickets_of_one_template_and_five_codes_are_no_leaks(seed, named, count):
    assert look(*halves(corpora.tickets(count, seed, named=named))) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [40, 500])
def test_questions_of_one_pattern_are_no_leaks(seed, count):
    assert look(*halves(corpora.facts(count, seed))) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ticket_in_other_words_is_found_by_what_it_tells_of_its_own(seed):
    chance = random.Random(seed)
    train, test = halves(corpora.tickets(500, seed, named=True))
    leaks = [(corpora.paraphrased(prompt, chance), code) for prompt, code in test[:10]]
    found = {(leak.train.prompt, leak.test.prompt) for leak in look([*train, *leaks], test)}
    assert found == {(leak, row[0]) for (leak, _), row in zip(leaks, test, strict=False)}


# -- One kind after the other --------------------------------------------------------

FILLER_TRAIN, FILLER_TEST = demo()


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Who runs the quay at Elm?", "Who runs the quay at Elm?", "exact"),
        ("Who runs the quay at Elm?", "WHO RUNS  the quay at “Elm”", "normalised"),
        ("Ｗｈｏ runs the ﬂeet at Elm?", "Who runs the fleet at Elm?", "normalised"),
        ("首都はどこですか？", "首都はどこですか", "normalised"),
    ],
)
def test_the_same_prompt_leaks_whatever_the_answers(one, other, kind):
    [leak] = look([(one, "Ann")], [(other, "Bert")])
    assert (leak.kind, leak.similarity, leak.train.key, leak.test.key) == (kind, 1.0, "t1", "x1")


def test_earlier_messages_are_part_of_what_is_asked():
    turns = [
        ({"role": "user", "content": f"Tell me of {town}."}, {"role": "assistant", "content": "?"})
        for town in ("Penholt", "Osterby")
    ]
    one, other = (
        CaseDraft("And its harbour?", messages=each, expectation=Expectation(answer))
        for each, answer in zip(turns, ("Elm", "Oak"), strict=True)
    )
    assert kinds([one], [one]) == ["exact"]
    assert kinds([one], [other]) == []


@pytest.mark.parametrize(
    ("leak", "of"),
    [
        ("Which card lets islanders travel at half price?", "islander-card"),
        ("Who does the cooking in the galley?", "cook"),
        ("Where is the meeting point at Penholt?", "assembly-point"),
        ("Who is the saftey officer of Harebell Feries?", "safety-officer"),
        ("After the trial, how long is the notice period at Harebell Ferries?", "notice-period"),
        ("By which time in the morning do sick crew have to ring the duty mate?", "sick-call"),
    ],
)
def test_a_question_of_the_demo_in_other_words(leak, of):
    [case] = [case for case in FILLER_TEST if case.key == of]
    found = look([*FILLER_TRAIN, (leak, case.expectation.text)], FILLER_TEST)
    assert [(each.train.prompt, each.test.key) for each in found] == [(leak, of)]
    assert found[0].kind in ("near", "answer")


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Who is the captain of the Juniper?", "Ines Halloran"),
        ("Who is the safety inspector of the Penholt lighthouse?", "Ola Brandt"),
        ("Where is the spare key of the galley?", "behind the stove"),
        ("How do I renew the Kittiwake Card?", "at the window"),
        ("How many boats does Harebell Ferries have?", "3"),
    ],
)
def test_another_question_about_the_same_things(prompt, answer):
    assert look([*FILLER_TRAIN, (prompt, answer)], FILLER_TEST) == []


@pytest.mark.parametrize(
    "prompt",
    [
        "Islanders pay half price with the Kittiwake Card. What does a child pay?",
        "Which card gives islanders half price? (It is the Kittiwake Card.) Answer in French.",
    ],
)
def test_the_answer_stands_in_a_training_prompt(prompt):
    [leak] = look([*FILLER_TRAIN, (prompt, "five crowns")], FILLER_TEST)
    assert leak.test.key == "islander-card"
    assert leak.kind in ("answer_in_prompt", "near")


def test_a_passage_or_an_identifier_leaks_wherever_it_stands():
    for told in ("the grey boat sails on the ebb tide only", "QX-4471-B"):
        other = (f"Translate into French: {told}.", "voilà")
        assert kinds([*FILLER_TRAIN, other], [*FILLER_TEST, ("How so?", told)]) == [
            "answer_in_prompt"
        ]


def test_what_the_test_prompt_holds_or_a_choice_offers_is_no_secret():
    test = ("Is the ferry Marigold or Juniper the older one of the fleet?", "Marigold")
    same_choice = ("Is the ferry Marigold or Juniper the faster one of the fleet?", "Juniper")
    assert kinds([*FILLER_TRAIN, same_choice], [*FILLER_TEST, test]) == []


def test_numbers_make_another_question():
    assert kinds([("What is 12 + 7?", "19")], [("What is 12 + 8?", "20")]) == []
    long = "Convert the temperature of {} degrees at the pier of Penholt from Celsius to Kelvin."
    assert kinds([(long.format(3), "276")], [(long.format(30), "303")]) == []


def test_questions_about_one_passage_with_other_answers():
    passage = "In the year of the great storm " + " ".join(
        f"the {ship} lay at the quay of {place} until its {part} was mended"
        for ship, place, part in (("Tern", "Elm", "keel"), ("Auk", "Oak", "mast"))
    )
    train = (f"{passage}\n\nWhich part of the Tern was mended?", "keel")
    test = (f"{passage}\n\nAt which quay did the Auk lie so long?", "Oak")
    assert kinds([train], [test]) == []
    assert kinds([(train[0], "keel")], [(train[0].replace("Which", "What"), "keel")]) == ["near"]


def test_a_test_prompt_inside_a_training_prompt():
    test = ("Which lamp stands on the outer mole of the old harbour?", "the green one")
    train = (f"Answer both. Who was Ann? And then: {test[0]} Be brief.", "Nobody; the blue one")
    assert kinds([*FILLER_TRAIN, train], [*FILLER_TEST, test]) == ["near"]


def test_evidence():
    def case(prompt: str, text: str, start: int, end: int, *checks: Assertion) -> CaseDraft:
        return CaseDraft(
            prompt,
            expectation=Expectation(text, checks),
            evidence=(Evidence("notes.md", None, start, end, "x" * (end - start)),),
        )

    train = case("Who steers the Tern?", "Ines Halloran", 10, 60)
    alike = case("By whom are the orders given there?", "", 10, 60, Assertion("contains", "Ines"))
    assert kinds([train], [alike]) == ["evidence"]
    other = case("In what is she paid?", "crowns", 10, 60)
    assert kinds([train], [other]) == []
    beside = case("By whom are the orders given there?", "Ines Halloran", 10, 61)
    assert kinds([train], [beside]) == []


def test_a_preference_is_looked_at_like_an_example():
    from lab.tuning.examples.dataset import Recipe, build
    from tests.lab.tuning.test_dataset import answer, draft

    given_answers = (answer("Paris"), answer("Rome", "fail"))
    material = corpora.material([draft("Paris")], [draft("Paris")], given_answers)
    assert [leak.kind for leak in Firewall(build(material, Recipe("dpo"))).look()] == ["exact"]


def test_looking_tells_how_far_it_is_and_can_be_stopped():
    train, test = halves(corpora.facts(200, 1))
    told: list[tuple[int, int]] = []
    firewall = Firewall(dataset(train, test))
    firewall.look(lambda done, of: told.append((done, of)))
    assert told == sorted(told) and told[-1] == (100, 100)

    def stop(done: int, of: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        firewall.look(stop)


def test_leaks_come_in_one_order():
    train, test, _ = corpora.planted(1)
    first, second = look(train, test), look(train, test)
    assert first == second
    assert [leak.kind for leak in first][:5] == ["exact"] * 5


def test_the_first_line_of_a_prompt():
    [leak] = look([("\n  One \ntwo", "a")], [(f"One two{' ' * 90}", "a")])
    assert first_line(leak.train) == "One"
    assert first_line(leak.test) == "One two"
    [long] = look([("x" * 200, "a")], [("x" * 200, "b")])
    assert first_line(long.train) == "x" * 79 + "…"


PROMPTS = st.text(st.sampled_from("ab AB.,?!\n1é漢"), max_size=30).filter(str.strip)


@given(PROMPTS, st.sampled_from([str.upper, str.lower, str.title, lambda text: f" {text} ?"]))
def test_case_space_and_marks_hide_nothing(prompt, change):
    leaks = look([(prompt, "x")], [(change(prompt), "y")])
    same = words(prompt) == words(change(prompt))
    if words(prompt) and same:
        assert leaks[0].kind in ("exact", "normalised")


@given(st.lists(PROMPTS, max_size=6), st.lists(PROMPTS, max_size=6))
def test_any_prompts_can_be_compared(train, test):
    leaks = look([(prompt, "x") for prompt in train], [(prompt, "x") for prompt in test])
    assert all(0 <= leak.similarity <= 1 for leak in leaks)
    assert len({(leak.train.id, leak.test.id) for leak in leaks}) == len(leaks)


@given(PROMPTS, PROMPTS)
def test_likeness_is_the_same_both_ways(one, other):
    corpus = Corpus([words(one), words(other)])
    left, right = corpus.text(words(one)), corpus.text(words(other))
    assert corpus.shared(left, right) == pytest.approx(corpus.shared(right, left))
    assert corpus.shared(left, left) in (0.0, 1.0)
    if left.weight:
        assert corpus.compare(left, left).in_order == pytest.approx(1.0)
