"""The tuned rung beside its own base, where another model stands for the rung bare."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fixtures.server import FixtureServer, running

RIVERS = ["Orm", "Yst", "Ulm", "Arn", "Ems"]


def case(key: str, prompt: str, expected: str, split: str) -> str:
    return json.dumps({"id": key, "prompt": prompt, "expected": expected, "split": split}) + "\n"


CASES = "".join(
    [case(f"t{n}", f"Who is mayor of {n}holm?", f"Ann of {n}", "train") for n in range(12)]
    + [
        case(f"x{n}", f"Where does the {river} rise?", "contains: Skarn", "test")
        for n, river in enumerate(RIVERS)
    ]
)


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    # The base knows the Orm, the tuned model all but that.
    with running(answers={"Orm": "In the Skarn hills."}, only_listed=True) as server:
        server.tuning.answers = {
            river: "At sea." if river == "Orm" else "The Skarn." for river in RIVERS
        }
        yield server


@pytest.fixture
def where(litmus, server) -> tuple[str, ...]:
    """A session whose rung bare is asked of the large model, and the place of the small one."""
    assert litmus("new", "one").status == 0
    assert litmus("bench", "import", litmus.file("cases.jsonl", CASES)).status == 0
    large = ("--base-url", server.base_url, "--model", "fixture-large", "--system", "Be brief.")
    assert litmus("run", "--rung", "bare", *large).status == 0
    small = ("--base-url", server.base_url, "--model", "fixture-small")
    started = litmus("tune", "start", *small, "--yes", "--every", "0.02")
    assert started.status == 0, started.err
    return small


def test_the_tuned_model_is_asked_beside_its_base(litmus, server, where):
    asked = len(server.chats)
    done = litmus("run", "--rung", "tuned")
    assert done.status == 0, done.err
    assert "Asking its base fixture-small under the same prompt" in done.err
    tuned, base, step = done.out.splitlines()
    assert tuned.startswith("tuned: 80% right") and base.startswith("bare: 20% right")
    assert "4 gained, 1 lost of 5" in step
    models = [chat["model"] for chat in server.chats[asked:]]
    assert models.count("fixture-small") == len(RIVERS)
    assert all(chat["messages"][0]["content"] == "Be brief." for chat in server.chats[asked:])

    ladder = litmus("ladder", "--json").data
    assert ladder["rungs"][0]["model"] == "fixture-small"  # of two that are alike the last used
    assert litmus("ladder", "--pin", ladder["rungs"][0]["others"][0]["variant"]).status == 0
    ladder = litmus("ladder", "--json").data
    neighbours, beside = ladder["steps"]
    assert (ladder["rungs"][0]["model"], beside) == ("fixture-large", ladder["beside_base"])
    assert "The models differ too" in json.dumps(neighbours["notes"]) and not beside["notes"]
    assert "tuned gains 46 points over base" in beside["sentence"]

    said = litmus("ladder").out
    assert neighbours["sentence"] in said and beside["sentence"] in said
    receipt = litmus("receipt", "base", "tuned").out
    lost = receipt.index("x0")
    assert all(lost < receipt.index(f"x{n}") for n in range(1, 5))
    report = litmus.home / "r.md"
    assert litmus("report", str(report)).status == 0
    assert "### bare → tuned" in report.read_text() and "### base → tuned" in report.read_text()


def test_without_its_base_the_ladder_says_what_is_not_known(litmus, server, where):
    found = litmus("run", "--rung", "tuned", "--no-base", "--json").data
    assert "base" not in found
    assert {chat["model"] for chat in server.chats} == {"fixture-large", found["model"]}
    lacks = "What training alone has brought is not known: fixture-small was not asked"
    assert lacks in litmus("ladder").out
    assert litmus("ladder", "--json").data["beside_base"] is None
    assert litmus("run", "--rung", "tuned").status == 0
    assert lacks not in litmus("ladder").out


def test_a_base_that_is_gone_is_told_and_the_tuned_answers_stay(litmus, server, where):
    server.models = ("fixture-large",)
    done = litmus("run", "--rung", "tuned", "--json")
    assert done.data["passed"] == 4 and "base" not in done.data
    assert "The base fixture-small could not be asked: " in done.err


def test_no_base_is_for_the_tuned_rung(litmus, where):
    assert "is for --rung tuned" in litmus("run", "--rung", "bare", "--no-base").refused()
