"""How long a local training takes, beforehand and while it goes on."""

from __future__ import annotations

import pytest

from lab.tuning.local import pace
from lab.tuning.trainer.training_spec import Spec
from store.jobs import JobEvent, Trained

SPEC = Spec("base", max_steps=200, every=20)
ONE = Trained({}, step_tokens=120.0, steps=(2.0,) * 50, looks=(10.0, 10.0))


def ahead(spec: Spec = SPEC, tokens: float = 30.0, *earlier: Trained, **said: bool) -> pace.Ahead:
    return pace.ahead(spec, tokens, earlier, **{"heldout": True, "embedded": False, **said})


def test_it_goes_by_earlier_trainings_of_the_base() -> None:
    # As before: from half of the steps with five looks to all of them with ten.
    assert ahead(SPEC, 30.0, ONE) == pace.Ahead(250.0, 500.0, "earlier")
    # Nothing stops it early without held-out examples, and nobody looks.
    assert ahead(SPEC, 30.0, ONE, heldout=False) == pace.Ahead(400.0, 400.0, "earlier")
    # Twice the tokens, template and all, take twice as long; so does twice the batch.
    assert ahead(SPEC, 80.0, ONE, heldout=False).low_s == pytest.approx(800.0)
    double = Spec("base", max_steps=200, batch=8)
    assert ahead(double, 30.0, ONE, heldout=False).low_s == pytest.approx(800.0)
    # A busy machine makes it a wide range.
    busy = Trained({}, 120.0, (2.0,) * 50 + (6.0,) * 50, ())
    assert ahead(SPEC, 30.0, busy, heldout=False) == pace.Ahead(400.0, 1200.0, "earlier")


def test_what_trained_otherwise_says_nothing() -> None:
    assert ahead(SPEC, 30.0) == pace.Ahead()
    assert ahead(Spec("base", threads=2), 30.0, ONE) == pace.Ahead()
    found = ahead(Spec("base", threads=2), 30.0, Trained({"threads": 2}, 120.0, (1.0,), ()))
    assert found.by == "earlier"


def test_the_embedded_model_is_guessed_from_what_was_measured() -> None:
    found = ahead(SPEC, 27.0, embedded=True)
    assert found == pace.Ahead(165.0, 860.0, "guess")
    longer = ahead(SPEC, 74.0, embedded=True, heldout=False)
    assert longer == pace.Ahead(600.0, 1520.0, "guess")


def test_a_limit_bounds_it() -> None:
    assert ahead(Spec("base", max_minutes=5), 30.0, ONE) == pace.Ahead(250.0, 300.0, "earlier")
    assert ahead(Spec("base", max_minutes=1), 30.0, ONE) == pace.Ahead(60.0, 60.0, "earlier")
    short = Spec("base", max_steps=10)
    assert ahead(short, 30.0, ONE, heldout=True) == pace.Ahead(30.0, 30.0, "earlier")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (250, 590, "4 to 10 minutes"),
        (270, 300, "4 to 5 minutes"),
        (300, 300, "5 minutes"),
        (57, 100, "50 seconds to 2 minutes"),
        (0.2, 0.4, "1 second"),
        (3, 12, "3 to 12 seconds"),
        (2000, 9000, "33 minutes to 3 hours"),
        (7200, 10000, "2 to 3 hours"),
    ],
)
def test_a_span_is_rounded_outwards(low: float, high: float, words: str) -> None:
    assert pace.duration_text(low, high) == words


def test_what_it_will_take_is_said() -> None:
    known = {"low_s": 250.0, "high_s": 590.0, "seconds_by": "earlier"}
    assert pace.time_text(known) == "free, about 4 to 10 minutes on this machine"
    assert pace.time_text({**known, "seconds_by": "guess"}) == (
        "free, perhaps 4 to 10 minutes on this machine (a guess until a model was trained here)"
    )
    unknown = "free; how long it takes is told after the first steps"
    assert pace.time_text({"low_s": None, "high_s": None}) == pace.time_text({}) == unknown


def told(kind: str, step: int | None = None, **data: object) -> JobEvent:
    return JobEvent("1", 0.0, kind, step, data)


def test_the_time_left_is_told_after_each_step() -> None:
    left = pace.Left()
    assert left.after(told("metrics", 1, s_per_step=2.0, steps=100)) == pytest.approx(198.0)
    assert left.after(told("metrics", 2, s_per_step=4.0, steps=100)) == pytest.approx(294.0)
    # A look belongs to the step that is told next.
    assert left.after(told("heldout", 3, right=0, of=2, seconds=9.0)) is None
    assert left.after(told("metrics", 3, s_per_step=3.0, steps=100)) == pytest.approx(97 * 6.0)
    assert left.after(told("metrics", 100, s_per_step=3.0, steps=100)) == 0.0
    # What was before it was stopped says nothing of the machine now.
    assert left.after(told("status", state="loading")) is None
    assert left.after(told("metrics", 3, s_per_step=1.0, steps=100)) == pytest.approx(97.0)
    # A hosted one tells no times.
    assert pace.Left().after(told("metrics", 1, loss=1.0, steps=3)) is None


def test_no_more_time_is_left_than_it_may_take() -> None:
    left = pace.Left(max_minutes=1.0)
    assert left.after(told("metrics", 1, s_per_step=20.0, steps=100)) == pytest.approx(40.0)
    assert left.after(told("metrics", 2, s_per_step=20.0, steps=100)) == pytest.approx(20.0)
    assert left.after(told("metrics", 3, s_per_step=30.0, steps=100)) == 0.0


def test_the_time_left_is_said_at_the_end_of_a_line() -> None:
    assert pace.left_text(None) == pace.left_text(0.0) == ""
    assert pace.left_text(100.0) == ", at most 2 minutes left"
    assert pace.left_text(0.3) == ", at most 1 second left"
