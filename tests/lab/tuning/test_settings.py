"""What is set of a training by name."""

from __future__ import annotations

from typing import Any

import pytest

from lab.tuning.jobs import TuningError
from lab.tuning.settings import hyperparameters, parsed
from lab.tuning.trainer.training_spec import SETTABLE, from_values


def test_words_become_values_that_a_spec_takes() -> None:
    words = ["rank=8", " learning_rate = 1e-3 ", "schedule=cosine", "target=1", "accelerate=2"]
    found = parsed("local", words)
    assert found == {
        "rank": 8,
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "target": 1,
        "accelerate": "2",
    }
    spec = from_values({"base": "x", **found})
    assert (spec.rank, spec.schedule, spec.batch) == (8, "cosine", 4)
    # Whatever a person may set, a spec has.
    assert from_values({"base": "x", **{name: getattr(spec, name) for name in SETTABLE}}) == spec


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rank"], "“rank” sets nothing; write NAME=VALUE"),
        (["rank="], "sets nothing"),
        (["=8"], "sets nothing"),
        (["rank=8", "rank=9"], "rank is set twice"),
        (["tempo=3"], "A local training has no setting “tempo”; it has rank, alpha, "),
        (["base=x"], "base is set with --model, not with --set"),
        (["seed=1"], "seed is set with --seed, not with --set"),
        (["assertions=x"], "has no setting “assertions”"),
    ],
)
def test_words_that_set_nothing_are_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(TuningError, match=sentence):
        parsed("local", words)


def test_a_hosted_training_has_the_providers_own() -> None:
    words = ["n_epochs=3", "batch_size=auto", "learning_rate_multiplier=0.5"]
    found = parsed("hosted", words)
    assert hyperparameters(found, method="sft", epochs=None) == {
        "n_epochs": 3,
        "batch_size": "auto",
        "learning_rate_multiplier": 0.5,
    }
    assert hyperparameters({}, method="sft", epochs=2) == {"n_epochs": 2}
    assert hyperparameters({"beta": 0.1}, method="dpo", epochs=None) == {"beta": 0.1}
    with pytest.raises(TuningError, match="A hosted training has no setting “rank”; it has n_e"):
        parsed("hosted", ["rank=8"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_epochs": 3}, "n_epochs and --epochs are the same"),
        ({"beta": 0.1}, "beta is for --method dpo"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 to 10,000, or auto, not “0”"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"learning_rate_multiplier": float("nan")}, "must be a number above 0, or auto"),
        ({"learning_rate_multiplier": "much"}, "not “much”"),
    ],
)
def test_what_no_provider_takes_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TuningError, match=sentence):
        hyperparameters(options, method="sft", epochs=2)
