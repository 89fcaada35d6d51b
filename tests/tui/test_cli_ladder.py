"""`litmus ladder` and `litmus economics`: verdicts, gates, pins, and what a person types."""

from __future__ import annotations

import json

import pytest

HOSTILE = "m\x1b[31m[/b]\u202e"


def rows(rung: str, letters: str, **more: object) -> str:
    """Return labelled answers as JSONL, a letter a case: y right, n wrong."""
    return "".join(
        json.dumps(
            {
                "id": f"c{place}",
                "prompt": f"Question {place}?",
                "answer": f"{rung} {place} {letter}",
                "label": "pass" if letter == "y" else "fail",
                **more,
            }
        )
        + "\n"
        for place, letter in enumerate(letters)
    )


@pytest.fixture
def take(litmus):
    """Import a rung's answers into the session `one`."""
    assert litmus("new", "one").status == 0

    def taken(rung: str, letters: str, model: str = "m1", **more: object) -> None:
        path = litmus.file("answers.jsonl", rows(f"{rung} {model[:2]}", letters, **more))
        done = litmus("answers", "import", path, "--rung", rung, "--model", model)
        assert done.status == 0, done.err

    return taken


@pytest.fixture
def climbed(litmus, take):
    """A session with a step that pays, and one that is not settled."""
    take("bare", "n" * 20 + "y" * 10, cost_usd=0.0004, latency_s=0.9)
    take("context", "y" * 28 + "nn", cost_usd=0.0121, latency_s=1.4)
    take("rag", "y" * 27 + "nny", cost_usd=0.0019, latency_s=1.6)
    return litmus


def test_rungs_and_steps_are_printed(climbed):
    out = climbed("ladder").out
    lines = out.splitlines()
    assert lines[0].split() == ["rung", "rate", "interval", "n", "cost", "$/answer", "p50", "model"]
    assert lines[2].split() == [
        *("context", "93%", "79%", "to", "98%", "30", "$0.3630", "$0.0121", "1.4", "s", "m1"),
    ]
    assert "CLIMB from bare to context: 18 more right in 30 cases" in out
    assert "NEED " in out and "rag brings nothing over context" in out
    assert "Assumed: a right answer is worth $1.00 and 400 answers a month are asked" in out


def test_the_json_is_what_is_promised(climbed):
    found = climbed("ladder", "--json").data
    assert [rung["rung"] for rung in found["rungs"]] == ["bare", "context", "rag"]
    assert [step["verdict"] for step in found["steps"]] == ["CLIMB", "NEED_MORE"]
    first = found["steps"][0]
    assert (first["from"], first["to"], first["n"]) == ("bare", "context", 30)
    assert (first["gained"], first["lost"], first["need_cases"]) == (20, 2, None)
    assert first["economics"]["cost_per_extra_right_usd"] == pytest.approx(0.0117 / 0.6)
    assert found["verdict"]["state"] == "NEED_MORE"
    assert found["rungs"][0]["tokens"] is None


def test_gates_answer_by_the_exit_status(climbed):
    assert climbed("ladder", "--fail-under", "0.9").status == 0
    under = climbed("ladder", "--fail-under", "95%", "--json")
    assert under.status == 1
    assert json.loads(under.out)["rungs"]  # the data is printed all the same
    assert under.err == "litmus: The best rung stands at 93%, under the 95% asked for.\n"
    refused = climbed("ladder", "--require", "GOOD_ENOUGH")
    assert refused.status == 1
    assert "The verdict is NEED_MORE, and GOOD_ENOUGH is required" in refused.err
    assert climbed("economics", "--target", "75%").status == 0
    assert climbed("ladder", "--require", "GOOD_ENOUGH").status == 0
    assert climbed("ladder", "--require", "CLIMB").status == 1


def test_an_empty_session_passes_no_gate(litmus):
    litmus("new", "one")
    assert litmus("ladder").status == 0
    assert litmus("ladder", "--fail-under", "0").status == 1
    assert litmus("ladder", "--require", "CLIMB").status == 1


def test_unknown_prices_say_so_everywhere(litmus, take):
    take("bare", "n" * 20 + "y" * 10)
    take("context", "y" * 30)
    out = litmus("ladder").out
    assert [line.split()[-4:-2] for line in out.splitlines()[1:3]] == [["unknown", "unknown"]] * 2
    assert "its price is unknown" in out
    assert "$0." not in out.replace("$0.6667", "")
    found = litmus("ladder", "--json").data
    assert {rung["cost_usd"] for rung in found["rungs"]} == {None}
    economics = found["steps"][0]["economics"]
    assert economics["extra_cost_per_answer_usd"] is economics["chance_pays"] is None


def test_a_variant_is_pinned_by_its_hash(litmus, take):
    take("bare", "y" * 10, model="good")
    take("bare", "n" * 10, model="poor")
    [rung] = litmus("ladder", "--json").data["rungs"]
    assert rung["model"] == "good"
    [other] = rung["others"]
    [pinned] = litmus("ladder", "--pin", other["variant"][:8], "--json").data["rungs"]
    assert (pinned["model"], pinned["pinned"]) == ("poor", True)
    [rung] = litmus("ladder", "--unpin", "bare", "--json").data["rungs"]
    assert rung["model"] == "good"
    assert "No variant that ran here" in litmus("ladder", "--pin", "abc").refused()


def test_economics_are_typed_shown_and_forgotten(climbed):
    typed = climbed(
        *("economics", "--value", "$2.50", "--volume", "1,000", "--target", "90"),
        *("--upfront", "rag=300", "--hours", "rag=2", "--price", "bare=0.001", "--json"),
    ).data
    assert (typed["value"], typed["volume"], typed["target"]) == (2.5, 1000.0, 0.9)
    assert typed["typed"] == ["target", "value", "volume"]
    assert typed["rungs"] == {"bare": {"price": 0.001}, "rag": {"hours": 2.0, "upfront": 300.0}}
    assert climbed("ladder", "--json").data["rungs"][0]["cost_per_answer_usd"] == 0.001
    assert "Assumed" not in climbed("ladder").out
    shown = climbed("economics").out
    assert "rag upfront" in shown and "(not typed)" in shown
    after = climbed("economics", "--value", "none", "--price", "bare=none", "--json").data
    assert (after["value"], after["typed"]) == (1.0, ["target", "volume"])
    assert "bare" not in after["rungs"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ladder", "--fail-under", "much"), "is not a share such as 0.8 or 80%"),
        (("ladder", "--fail-under", "180"), "is not a share"),
        (("ladder", "--require", "MAYBE"), "invalid choice"),
        (("economics", "--value", "-3"), "is not a number from 0 up"),
        (("economics", "--value", "nan"), "is not a number from 0 up"),
        (("economics", "--volume", "0"), "must be more than 0"),
        (("economics", "--price", "attic=3"), "rungs are bare, context, rag, tuned"),
        (("economics", "--price", "rag"), "RUNG=NUMBER"),
        (("economics", "--target", "101%"), "is not a share"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(used, no_controls, arguments, says):
    refused = used(*arguments)
    assert says in refused.refused()
    no_controls(refused)


def test_hostile_names_stay_text(litmus, take, no_controls):
    take("bare", "n" * 10, model=HOSTILE)
    take("context", "y" * 10, model=HOSTILE)
    for arguments in (("ladder",), ("ladder", "--json")):
        shown = litmus(*arguments)
        assert shown.status == 0
        no_controls(shown)
