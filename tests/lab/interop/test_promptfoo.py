"""promptfoo's config: what its prompts and tests become, and what is refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lab.interop import formats
from lab.interop.files import ImportProblem
from lab.interop.source import ImportResult, Stopped, Wishes
from store.records import Assertion, CaseDraft, Expectation

SHOP = Path(__file__).with_name("promptfoo") / "promptfooconfig.yaml"


def imported(folder: Path, text: str, wishes: Wishes | None = None) -> ImportResult:
    path = folder / "promptfooconfig.yaml"
    path.write_text(dedent(text))
    return formats.read(path, "promptfoo", wishes)


def asserted(folder: Path, listed: str) -> ImportResult:
    """Import one test with the assertions of a line of YAML."""
    return imported(folder, f"prompts: [Hi]\ntests: [{{assert: {listed}}}]\n")


def told(result: ImportResult) -> list[str]:
    return [note.what for note in result.notes]


def problem(folder: Path, text: str, wishes: Wishes | None = None) -> str:
    with pytest.raises(ImportProblem) as caught:
        imported(folder, text, wishes)
    return str(caught.value)


# --- a whole config --------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop() -> ImportResult:
    return formats.read(SHOP)


def case(shop: ImportResult, key: str) -> CaseDraft:
    return next(each for each in shop.cases if each.key == key)


def test_every_prompt_is_asked_with_every_test_in_promptfoos_order(shop: ImportResult) -> None:
    keys = [f"{test}.{prompt}" for test in range(1, 9) for prompt in (1, 2)]
    assert [each.key for each in shop.cases] == keys
    assert {each.tags for each in shop.cases} == {("prompt 1",), ("chat",)}
    assert case(shop, "2.1").prompt == "Answer in one line: Do you ship abroad?"
    assert case(shop, "3.1").prompt == "Answer in one line: Can I collect it?"


def test_defaults_and_references_join_a_tests_own(shop: ImportResult) -> None:
    first = case(shop, "1.1")
    assert first.expectation == Expectation(
        "",
        (
            Assertion("not-contains", "As an AI"),
            Assertion("levenshtein", "Three days", threshold=40),
            Assertion("icontains-any", "three, 3", weight=2),
        ),
        0.5,
    )
    assert first.metadata == {"area": "shipping", "level": 2, "description": "Days to deliver"}
    assert case(shop, "6.1").expectation.assertions[-1] == Assertion("equals", "No")


def test_chat_messages_become_earlier_turns_and_the_prompt(shop: ImportResult) -> None:
    asked = case(shop, "1.2")
    assert asked.prompt == "How many days does delivery take?"
    assert asked.messages == ({"role": "system", "content": "You answer for LARKFIELD TOOLS."},)


def test_a_tests_file_is_read_with_promptfoos_columns(shop: ImportResult) -> None:
    saws = case(shop, "4.1")
    assert saws.prompt == "Shortly. Answer in one line: Do you sell saws?"
    assert saws.expectation.assertions[1:] == (
        Assertion("contains", "Yes"),
        Assertion("similar", "Yes we do", threshold=0.6),
    )
    assert saws.metadata == {
        "area": "goods",
        "tags": ["hand", "power, big"],
        "description": "Saws",
    }


def test_scenarios_are_settings_times_tests(shop: ImportResult) -> None:
    assert case(shop, "7.1").prompt.endswith("Say hello in French")
    assert case(shop, "8.1").prompt.endswith("Say hello in Spanish")


def test_what_is_not_read_is_named_with_its_line_and_how_many_cases(shop: ImportResult) -> None:
    notes = {note.what: note for note in shop.notes}
    code = notes["the javascript assertion “output.length < 200” is code and is never run"]
    assert (code.line, code.cases) == (32, 4)
    assert "the provider file://own_provider.py is code and is never run" in notes
    assert notes["an assert-set with a threshold of its own is left out"].cases == 4
    assert shop.unknown == ()


# --- prompts ---------------------------------------------------------------------------


def test_a_text_file_holds_several_prompts(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/two.txt").write_text("Shorten: {{t}}\n---\nShorten,\nplease: {{t}}\n")
    result = imported(tmp_path, "prompts: [file://p/*.txt]\ntests: [{vars: {t: a}}]\n")
    assert [each.prompt for each in result.cases] == ["Shorten: a", "Shorten,\nplease: a"]
    assert [each.tags for each in result.cases] == [("p/two.txt 1",), ("p/two.txt 2",)]


def test_a_prompt_function_is_named_and_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "p.py").write_text(f"open({str(marker)!r}, 'w')")
    result = imported(tmp_path, "prompts: [Hi, file://p.py:make, file://p.js]\ntests: []\n")
    assert told(result) == [
        "the prompt file://p.py:make is code and is never run",
        "the prompt file://p.js is code and is never run",
    ]
    assert [each.prompt for each in result.cases] == ["Hi"]
    assert not marker.exists()
    only = problem(tmp_path, "prompts: [file://p.py]\ntests: []\n")
    assert "no prompt is left" in only


def test_a_test_may_name_its_prompts(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        """\
        prompts: [{label: a, raw: 'A {{x}}'}, {label: b, raw: 'B {{x}}'}]
        tests: [{vars: {x: 1}, prompts: [b]}, {vars: {x: 2}}]
        """,
    )
    assert [(each.key, each.prompt) for each in result.cases] == [
        ("1.2", "B 1"),
        ("2.1", "A 2"),
        ("2.2", "B 2"),
    ]


def test_what_is_filled_in_is_filled_in_once_more_as_promptfoo_does(tmp_path: Path) -> None:
    text = "prompts: ['{{whole}}']\ntests: [{vars: {whole: 'Hi {{ name | upper }}', name: Ann}}]\n"
    assert imported(tmp_path, text).cases[0].prompt == "Hi ANN"


def test_yaml_is_read_as_promptfoo_reads_it(tmp_path: Path) -> None:
    values = "{a: yes, b: 12:30, c: 1.0, d: true}"
    text = f"prompts: ['{{{{a}}}}|{{{{b}}}}|{{{{c}}}}|{{{{d}}}}']\ntests: [{{vars: {values}}}]\n"
    assert imported(tmp_path, text).cases[0].prompt == "yes|12:30|1|true"


# --- assertions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("[{type: contains, value: 4}]", Assertion("contains", "4")),
        ("[{type: contains-all, value: ['a, b', c]}]", Assertion("contains-all", '"a, b", c')),
        ("[{type: equals, value: {a: [1]}}]", Assertion("equals", '{"a": [1]}')),
        ("[{type: is-json}]", Assertion("is-json")),
        ("[{type: is-json, value: {type: object}}]", Assertion("is-json", '{"type": "object"}')),
        ("[{type: is-json, value: 'type: object'}]", Assertion("is-json", '{"type": "object"}')),
        ("[{type: latency, threshold: 900}]", Assertion("latency", threshold=900)),
        ("[{type: not-cost, threshold: 0.1}]", Assertion("not-cost", threshold=0.1)),
        ("[{type: regex, value: '(?<y>\\d)'}]", Assertion("regex", r"(?P<y>\d)")),
        ("[{type: starts-with, value: A, weight: 0}]", Assertion("starts-with", "A", weight=0)),
        ("[{type: 'similar:dot', value: A}]", Assertion("similar", "A")),
        ("[{type: model-graded-closedqa, value: Is kind}]", Assertion("llm-rubric", "Is kind")),
        (
            "[{type: g-eval, value: [a, b], threshold: 0.6}]",
            Assertion("llm-rubric", "a\nb", threshold=0.6),
        ),
        (
            "[{type: not-factuality, value: X}]",
            Assertion("not-llm-rubric", "The answer agrees in its facts with this: X"),
        ),
    ],
)
def test_an_assertion_keeps_its_meaning(tmp_path: Path, listed: str, expected: Assertion) -> None:
    assert asserted(tmp_path, listed).cases[0].expectation == Expectation("", (expected,))


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        ("[{type: python, value: 'file://a.py:f'}]", "the python assertion “file://a.py:f”"),
        ("[{type: ruby, value: x}]", "the ruby assertion “x”"),
        ("[{type: webhook, value: 'https://a'}]", "the webhook assertion “https://a”"),
        ("[{type: equals, value: 'file://a.js'}]", "the value of a equals assertion"),
        ("[{type: is-sql}]", "is-sql is left out"),
        ("[{type: rouge-n, value: x}]", "rouge-n is left out"),
        ("[{type: moderation}]", "moderation is left out"),
        ("[{type: select-best, value: x}]", "select-best is left out"),
        ("[{type: regex, value: '(?<=a*)b'}]", "a regex is left out"),
    ],
)
def test_what_cannot_be_checked_is_named_and_left_to_a_person(
    tmp_path: Path, listed: str, named: str
) -> None:
    result = asserted(tmp_path, listed)
    assert result.cases[0].expectation == Expectation()
    assert result.by_hand == 1
    assert any(named in each for each in told(result))
    assert "nothing is left that a machine can check: label by hand" in told(result)


def test_strict_refuses_with_the_first_and_how_many(tmp_path: Path) -> None:
    text = """\
    prompts: [Hi]
    tests:
      - assert: [{type: contains, value: a}]
      - assert: [{type: contains, value: a}, {type: javascript, value: 'true'}]
      - assert: [{type: bleu, value: a}]
    """
    assert len(imported(tmp_path, text).cases) == 3
    refused = problem(tmp_path, text, Wishes(strict=True))
    assert refused.startswith("Line 4 of promptfooconfig.yaml: test 2: the javascript assertion")
    assert "2 tests have such a check" in refused


@pytest.mark.parametrize(
    ("test", "weights", "threshold"),
    [
        # Without a score all must pass: the members alone say the same.
        ("{assert: [{type: assert-set, assert: [A, B]}, C]}", [1, 1, 1], None),
        # A set by itself gives its threshold to the test.
        ("{assert: [{type: assert-set, threshold: 0.5, assert: [A, B]}]}", [0.5, 0.5], 0.5),
        # With a score a set counts as one, whatever its own threshold.
        (
            "{threshold: 0.7, assert: "
            "[{type: assert-set, threshold: 1, weight: 3, assert: [A, B]}, C]}",
            [1.5, 1.5, 1],
            0.7,
        ),
    ],
)
def test_an_assert_set_is_taken_apart_where_no_verdict_changes(
    tmp_path: Path, test: str, weights: list[float], threshold: float | None
) -> None:
    for letter in "ABC":
        test = test.replace(letter, f"{{type: contains, value: {letter.lower()}}}")
    found = imported(tmp_path, f"prompts: [Hi]\ntests: [{test}]\n").cases[0].expectation
    assert [each.weight for each in found.assertions] == weights
    assert found.threshold == threshold


# --- files -----------------------------------------------------------------------------


def test_a_variable_may_be_a_file_or_several(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v/a.txt").write_text("one\n")
    (tmp_path / "v/b.txt").write_text("two\n")
    text = "prompts: ['Read {{t}}']\ntests: [{vars: {t: 'file://v/*.txt'}}]\n"
    assert [each.prompt for each in imported(tmp_path, text).cases] == ["Read one", "Read two"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file://../secret.txt", "outside the file's own folder"),
        ("file:///etc/passwd", "outside the file's own folder"),
        ("file://link.txt", "outside the file's own folder"),
        ("file://../*.txt", "outside the file's own folder"),
        ("file://.env", "a hidden file"),
        ("file://.ssh/*", "a hidden file"),
        ("file://gone.txt", "the file gone.txt is not there"),
        ("file://none*.txt", "no file fits none*.txt"),
    ],
)
def test_a_file_outside_the_folder_is_never_read(
    tmp_path: Path, reference: str, reason: str
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "bench"
    (folder / ".ssh").mkdir(parents=True)
    (folder / ".ssh/id").write_text("key")
    (folder / ".env").write_text("KEY=1")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    text = f"prompts: ['{{{{x}}}}']\ntests:\n  - vars: {{x: '{reference}'}}\n"
    refused = problem(folder, text)
    assert refused.startswith("Line 3 of promptfooconfig.yaml: test 1: ")
    assert reason in refused


def test_addresses_are_named_and_never_fetched(tmp_path: Path) -> None:
    text = "prompts: [Hi]\ntests: ['huggingface://datasets/a/b', {vars: {x: 1}}]\n"
    result = imported(tmp_path, text)
    assert told(result)[0].startswith("tests at huggingface://datasets/a/b are not fetched")
    assert len(result.cases) == 1
    only = problem(tmp_path, "prompts: [Hi]\ntests: https://docs.google.com/spreadsheets/d/1\n")
    assert "are not fetched" in only


# --- bad twins -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prompts: [Hi]\ntests: [{vars: {a: 1}", "Line 2 of promptfooconfig.yaml: not whole YAML"),
        ("prompts: [Hi]\ntests: 5\n", "tests is a number, and must be a list of tests or a file"),
        ("prompts: [Hi]\ntests: [5]\n", "item 1 of tests is a number, and must be a test"),
        ("prompts: [Hi]\ntests: gone.csv\n", "the file gone.csv is not there"),
        ("prompts: file://gone.txt\ntests: []\n", "the file gone.txt is not there"),
        ("prompts: [Hi]\ntests:\n- vars: 5\n", "Line 3 of promptfooconfig.yaml: test 1: vars is a"),
        (
            "prompts: [Hi]\ntests:\n- vars: {a: 1}\n- assert: [{type: contains}]\n",
            "Line 4 of promptfooconfig.yaml: test 2: the assertion contains has no value.",
        ),
        ("prompts: [Hi]\ntests:\n- assert: [{value: a}]\n", "test 1: an assertion has no type"),
        ("prompts: [Hi]\ntests:\n- assert: {type: a}\n", "test 1: assert is an object"),
        ("prompts: [Hi]\ntests:\n- threshold: 2\n", "threshold is 2, and must be from 0 to 1"),
        (
            "prompts: [Hi]\nprompts: [Ho]\ntests: []\n",
            "Line 2 of .*: the key “prompts” is there twice",
        ),
        ("prompts: [Hi]\ntests:\n- $ref: '#/a/b'\n", "the .ref #/a/b leads nowhere"),
        ("a: {$ref: '#/a'}\nprompts: [Hi]\n", "leads round in a circle"),
        ("prompts: ['{{a}}']\ntests:\n- vars: {b: 1}\n", "test 1: the prompt is empty"),
        ("prompts: [5]\ntests: []\n", "a prompt is a number, and must be a text"),
        ("- 1\n", "it is no mapping with prompts and tests"),
        ("other: 1\n", "it has neither prompts nor tests"),
    ],
)
def test_a_bad_config_says_where_and_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ImportProblem, match=reason):
        imported(tmp_path, text)


def test_a_bad_tests_file_names_itself_and_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("q,__threshold\na,0.5\nb,high\n")
    text = "prompts: ['{{q}}']\ntests: file://t.csv\n"
    assert problem(tmp_path, text) == (
        "Line 3 of t.csv: __threshold is “high”, and must be a number."
    )
    (tmp_path / "t.csv").write_text('q,__expected\n"a,b\n')
    assert problem(tmp_path, text).startswith("Line 2 of t.csv: a quote opens here")


def test_ids_that_litmus_wrote_must_differ(tmp_path: Path) -> None:
    test = "{metadata: {litmus: {id: a}}}"
    refused = problem(tmp_path, f"prompts: [Hi]\ntests:\n- {test}\n- {test}\n")
    assert refused == (
        "Line 4 of promptfooconfig.yaml: test 2: the id “a” was used in test 1 already."
    )


def test_an_import_can_be_stopped(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        if done:
            raise Stopped

    many = ", ".join(f"{{vars: {{x: {n}}}}}" for n in range(300))
    with pytest.raises(Stopped):
        imported(tmp_path, f"prompts: ['{{{{x}}}}']\ntests: [{many}]\n", Wishes(progress=stop))
