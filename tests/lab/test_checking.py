"""What the check of a benchmark finds, and what it lets alone."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from lab.checking.check import Benchmark, Report, check
from lab.checking.findings import Stopped
from lab.checking.size import LOST, detectable, needed
from lab.interop import formats
from store.checks import Seen
from store.records import Assertion, Case, CaseDraft, Expectation, Variant

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
NAMES = ("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine", "Yew")
VARIANT = Variant("bare", "openai", "some-model", id=1)


def draft(prompt: str, text: str = "", *checks: tuple[str, str], **fields: object) -> CaseDraft:
    assertions = tuple(Assertion(kind, value) for kind, value in checks)
    return CaseDraft(prompt, expectation=Expectation(text, assertions), **fields)  # type: ignore[arg-type]


def stored(*drafts: CaseDraft) -> list[Case]:
    return [
        Case(place + 1, 1, item.key or str(place + 1), place, place + 1, 1, item)
        for place, item in enumerate(drafts)
    ]


def checked(*drafts: CaseDraft, seen: tuple[Seen, ...] = ()) -> Report:
    variants = {item.variant_id: VARIANT for item in seen}
    return check(Benchmark("revision", stored(*drafts), seen, variants))


def found(report: Report) -> dict[str, list[list[str]]]:
    """The cases of each finding, by kind; that the benchmark is small is left out."""
    kinds: dict[str, list[list[str]]] = {}
    for finding in report.findings:
        if finding.kind != "too_small":
            kinds.setdefault(finding.kind, []).append([case.key for case in finding.cases])
    return kinds


def sentence(report: Report, kind: str) -> str:
    return next(finding.sentence for finding in report.findings if finding.kind == kind)


def test_the_demos_benchmark_is_only_small():
    cases = formats.read(FIXTURES / "benchmark.jsonl").cases
    report = checked(*cases)
    [finding] = report.findings
    assert (finding.kind, finding.severity, report.ok) == ("too_small", "should", True)
    assert finding.sentence.startswith("24 test cases can show a gain of 38 points")


# -- Size ---------------------------------------------------------------------------


def test_so_many_cases_show_the_gain_four_times_in_five():
    """Simulated with McNemar's test, which the sample size is for."""
    gain, chance = 0.1, random.Random(7)
    cases, shown, times = needed(gain), 0, 3000
    for _ in range(times):
        draws = [chance.random() for _ in range(cases)]
        lost = sum(draw < LOST for draw in draws)
        gained = sum(LOST <= draw < gain + 2 * LOST for draw in draws)
        shown += abs(gained - lost) > 1.96 * math.sqrt(gained + lost)
    assert shown / times == pytest.approx(0.8, abs=0.04)


def test_more_cases_show_smaller_gains():
    shown = [detectable(cases) for cases in (7, 17, 57, 200, 1000)]
    assert shown == sorted(shown, reverse=True)
    assert (shown[2], detectable(3)) == (0.2, None)
    with pytest.raises(ValueError):
        needed(0.95)


def test_too_few_test_cases_must_be_repaired_and_enough_are_let_alone():
    few = checked(*[draft(f"Who is {name}?", name) for name in NAMES[:5]])
    assert [(f.kind, f.severity) for f in few.findings][:1] == [("too_small", "must")]
    enough = [draft(f"{name} {number}?", f"z{number}z") for name in NAMES for number in range(6)]
    assert all(finding.kind != "too_small" for finding in checked(*enough).findings)
    none = checked(draft("one", "a", split="train"))
    assert none.findings[0].sentence == "Nothing can be measured: all 1 case are for training."


# -- Duplicates and leaks -----------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the capital of France?", "what is the capital of france"),
        ("Wie heißt der Fluss?", "WIE HEISST DER FLUSS"),
        ("首都はどこですか？", "首都はどこですか"),
    ],
)
def test_the_same_question_twice(one, other):
    assert found(checked(draft(one, "Paris"), draft(other, "Paris"))) == {"duplicate": [["1", "2"]]}
    leaked = checked(draft(one, "Paris"), draft(other, "Paris", split="train"))
    assert found(leaked) == {"leak": [["1", "2"]]}
    assert not leaked.ok


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the capital of France?", "What is the captial of France?"),
        (
            "Tell me in one sentence which of the ferries of this company is the oldest of all.",
            "Tell me in one sentence which of the ferries of this company is oldest of all.",
        ),
    ],
)
def test_nearly_the_same_question_twice(one, other):
    assert found(checked(draft(one, "Paris"), draft(other, "Paris"))) == {
        "near_duplicate": [["1", "2"]]
    }
    leaked = checked(draft(one, "Paris"), draft(other, "Paris", split="train"))
    assert found(leaked) == {"leak": [["1", "2"]]}
    assert leaked.ok or leaked.findings[0].kind == "too_small"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 12 + 7?", "What is 12 + 8?"),
        ("What is 12 + 7?", "What is 12 - 7?"),
        ("Who is the director of Harebell Ferries?", "Who is the cook of Harebell Ferries?"),
        ("Is the Tern bigger than the Juniper?", "Is the Juniper bigger than the Tern?"),
        ("Is this so?", "Is this not so?"),
        ("?", "!"),
    ],
)
def test_questions_that_only_look_alike(one, other):
    assert found(checked(draft(one, "aaaa"), draft(other, "bbbb"))) == {}


def test_what_a_template_repeats_makes_no_duplicates():
    template = "Read the line below and say in one word whether its author is content or not. "
    lines = [f"{one} was {other} today" for one in NAMES for other in NAMES]
    assert found(checked(*[draft(template + line, "zzzz") for line in lines])) == {}


def test_earlier_messages_make_a_question_another():
    said = [({"role": "user", "content": name},) for name in ("apples", "oranges")]
    cases = [draft("And now?", "zzzz", messages=messages) for messages in said]
    assert found(checked(*cases)) == {}


# -- Expectations -------------------------------------------------------------------


@pytest.mark.parametrize(
    "checks",
    [
        (("contains", "Paris"), ("not-contains", "Paris")),
        (("contains", "Paris, France"), ("not-icontains", "paris")),
        (("icontains", "Paris"), ("not-icontains", "PARIS")),
        (("equals", "Paris"), ("equals", "Lyon")),
        (("equals", "Paris"), ("regex", "^L")),
        (("equals", "Paris"), ("contains", "Lyon")),
        (("regex", "a+"), ("not-regex", "a+")),
        (("starts-with", "Yes, of course"), ("not-contains", "course")),
    ],
)
def test_an_expectation_that_no_answer_meets(checks):
    report = checked(draft("one", "", *checks))
    assert found(report) == {"contradiction": [["1"]]}
    assert all(value in sentence(report, "contradiction") for _, value in checks)


@pytest.mark.parametrize(
    "checks",
    [
        (("contains", "Paris"), ("not-contains", "Lyon")),
        (("icontains", "paris"), ("not-contains", "paris")),
        (("contains", "a"), ("contains", "b")),
        (("equals", "Paris"), ("icontains", "paris")),
        (("numeric", "4"), ("numeric", "5")),
    ],
)
def test_an_expectation_that_can_be_met(checks):
    assert found(checked(draft("one", "", *checks))) == {}


def test_the_same_question_with_two_answers():
    report = checked(draft("Where?", "Lyon"), draft("Where?", "Nice"), draft("where", "Nice"))
    assert found(report) == {"contradiction": [["1", "2", "3"]]}
    same = checked(draft("Where?", "Lyon"), draft("Where?", "", ("icontains", "lyon")))
    assert found(same) == {"duplicate": [["1", "2"]]}


def test_a_check_that_refuses_its_own_text():
    report = checked(draft("When?", "42 minutes", ("numeric", "41")))
    assert found(report) == {"reference_fails": [["1"]]} and not report.ok
    assert "numeric “41”" in sentence(report, "reference_fails")
    fine = draft("When?", "42 minutes", ("numeric", "42"), ("is-json", ""))
    assert found(checked(fine)) == {}


def test_what_describes_the_answer_is_judged_mildly():
    long = "It should name the day on which the contract was signed, and by whom it was, in full."
    report = checked(draft("When?", long, ("contains", "14 March")))
    assert [f.severity for f in report.findings if f.kind == "reference_fails"] == ["should"]


def test_checks_that_cannot_be_used_and_checks_that_pass_everything():
    assert found(checked(draft("one", "", ("regex", "(")))) == {"broken_check": [["1"]]}
    assert found(checked(draft("one", "", ("regex", ".*")))) == {"cannot_fail": [["1"]]}
    assert found(checked(draft("one", "", ("regex", ".+")))) == {}


def test_cases_without_expectation_are_named_once():
    report = checked(draft("one"), draft("two"), draft("three", "zzzz"))
    assert found(report) == {"no_expectation": [["1", "2"]]}
    assert report.findings[-1].severity == "info"


# -- Answers that stand in the prompt -----------------------------------------------


def test_a_prompt_that_gives_its_answer_away():
    report = checked(draft("Say the name Margaret aloud", "Margaret"), draft("Who?", "Ines"))
    assert found(report) == {"answer_in_prompt": [["1"]]}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Is it yes or no?", "yes"),
        ("Is the statement true?", "true"),
        ("Is Paris or Lyon the capital?", "Paris"),
        ("Which is it?\nA) Berlin\nB) Bonn", "Berlin"),
        ("How many of the 46 went?", "46"),
        ("Is a train faster?", "rain"),
    ],
)
def test_choices_and_trifles_give_nothing_away(prompt, expected):
    assert found(checked(draft(prompt, expected))) == {}


def test_classes_that_a_prompt_lists_give_nothing_away():
    ask = "Is this praise, blame, neither? "
    cases = [draft(ask + name, answer) for name in NAMES for answer in ("praise",)]
    assert "answer_in_prompt" not in found(checked(*cases, draft(ask + "well", "blame")))


def test_where_answers_are_to_be_found_in_the_prompt_it_is_said_once():
    cases = [draft(f"Copy out the tree: the {name}tree grows", f"{name}tree") for name in NAMES]
    report = checked(*cases)
    assert len(found(report)["answer_in_prompt"]) == 1
    assert report.findings[-1].severity == "info"


# -- Answers ------------------------------------------------------------------------


def seen(case: int, label: str | None, grade: str | None, epoch: int = 1, variant: int = 1) -> Seen:
    return Seen(case, variant, epoch, label, None, grade)  # type: ignore[arg-type]


def test_a_variant_that_passes_or_fails_everything():
    cases = [draft(f"Who is {name}?", "zzzz") for name in NAMES[:5]]
    everything = tuple(seen(number, None, "pass") for number in range(1, 6))
    assert found(checked(*cases, seen=everything)) == {"all_pass": [[]]}
    nothing = tuple(seen(number, "fail", "fail") for number in range(1, 6))
    assert found(checked(*cases, seen=nothing)) == {"all_fail": [["1", "2", "3", "4", "5"]]}
    other = tuple(seen(number, None, "pass", variant=2) for number in range(1, 5))
    assert found(checked(*cases, seen=(*nothing, *other))) == {}
    mixed = (*everything[1:], seen(1, None, "fail"))
    assert found(checked(*cases, seen=mixed)) == {}
    assert found(checked(*cases, seen=everything[1:])) == {}


def test_a_case_that_every_variant_fails():
    cases = [draft("one", "aaaa"), draft("two", "bbbb")]
    answers = [(1, "fail"), (2, "pass")]
    told = tuple(seen(case, None, grade, variant=v) for v in (1, 2, 3) for case, grade in answers)
    assert found(checked(*cases, seen=told)) == {"never_passed": [["1"]]}


def test_verdicts_that_change_from_epoch_to_epoch():
    cases = [draft("one", "aaaa"), draft("two", "bbbb")]
    told = [("pass", "fail"), ("pass", "pass")]
    answers = tuple(
        seen(case, None, grade, epoch)
        for case, grades in enumerate(told, start=1)
        for epoch, grade in enumerate(grades, start=1)
    )
    report = checked(*cases, seen=answers)
    assert found(report) == {"unstable": [["1"]]}
    assert "1 of 2 repeated cases" in sentence(report, "unstable")


def test_a_label_that_the_checks_contradict_names_the_check():
    blamed = Seen(1, 1, 1, "pass", None, "fail", (("contains", "Oldroyd", False, "x"),))
    report = checked(draft("one", "aaaa"), draft("two", "bbbb"), seen=(blamed,))
    assert found(report) == {"disagreement": [["1"]]}
    assert "contains “Oldroyd”" in sentence(report, "disagreement")
    loose = checked(draft("one", "aaaa"), seen=(seen(1, "fail", "pass"),))
    assert "ask too little" in sentence(loose, "disagreement")
    for label, grade in (("pass", "pass"), ("partial", "fail"), (None, "fail"), ("fail", None)):
        assert found(checked(draft("one", "aaaa"), seen=(seen(1, label, grade),))) == {}


def test_a_check_can_be_stopped():
    def stop(done: int, of: int) -> None:
        if done > 0:
            raise Stopped

    with pytest.raises(Stopped):
        check(Benchmark("revision", stored(draft("one"))), stop)
