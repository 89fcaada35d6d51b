"""`litmus tune start --backend local`, with the real trainer and a tiny model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.conftest import Litmus


@pytest.mark.tune
def test_a_training_is_set_limited_and_reckoned(tiny: Path, tmp_path: Path) -> None:
    litmus = Litmus(tmp_path)
    litmus.env["LITMUS_CACHE"] = os.environ.get("LITMUS_CACHE", "")
    assert litmus("new", "one").status == 0
    cases = Path(__file__).resolve().parents[3] / "fixtures" / "tickets.jsonl"
    assert litmus("bench", "import", cases).status == 0

    def start(*more: str) -> tuple[str, dict[str, object]]:
        words = ("tune", "start", "--backend", "local", "--model", str(tiny), "--yes")
        done = litmus(*words, "--json", *more, "--every", "0.05")
        return done.err, done.data["job"]

    refused = litmus("tune", "start", "--backend", "local", "--yes", "--set", "rank=0").refused()
    assert refused == "rank must be a whole number from 1 to 4,096, not “0”."
    short = ("--set", "max_steps=4", "batch=2", "every=2", "--set", "answer_tokens=4")
    err, job = start(*short)
    says = f"Training {tiny} on 48 examples: free"
    assert err.splitlines()[0] == f"{says}; how long it takes is told after the first steps."
    assert (job["state"], job["step"], job["steps"]) == ("succeeded", 4, 4)
    assert job["options"] == {"max_steps": 4, "batch": 2, "every": 2, "answer_tokens": 4}
    assert [look["step"] for look in job["heldout"]] == [2, 4]

    err, job = start(*short, "rank=2", "--minutes", "0.0001")
    first = err.splitlines()[0]
    assert first.startswith(f"{says}, about ") and first.endswith(" on this machine.")
    price = job["price"]
    assert isinstance(price, dict) and price["seconds_by"] == "earlier"
    assert price["high_s"] <= 0.006  # the limit is lower than what the first has taken
    assert (job["state"], job["step"]) == ("succeeded", 1)
    assert "that it may train are over, at step 1 of 4" in err
    assert [job["options"] for job in litmus("tune", "status", "--json").data["jobs"]] == [
        {"max_steps": 4, "batch": 2, "every": 2, "answer_tokens": 4, "rank": 2,
         "max_minutes": 0.0001},
        {"max_steps": 4, "batch": 2, "every": 2, "answer_tokens": 4},
    ]  # fmt: skip

    merged = tmp_path / "merged"
    done = litmus("tune", "merge", merged, "--json")
    assert done.data == {"session": "one", "job": 2, "folder": str(merged)}
    assert (merged / "config.json").is_file() and (merged / "tokenizer.json").is_file()
    assert "is there already" in litmus("tune", "merge", merged).refused()
