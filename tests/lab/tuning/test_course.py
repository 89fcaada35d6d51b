"""A training's course and its curves, gathered as they are told."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from lab.tuning.course import LOG, Course, Look
from lab.tuning.curves import Curve
from store.jobs import JobEvent

STEPS = st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 10)), max_size=300)


def event(kind: str, step: int | None = None, *, key="", at=0.0, **data) -> JobEvent:
    return JobEvent(key or f"{kind}:{step}:{data}", at, kind, step, data)


@given(STEPS, st.integers(2, 40))
def test_a_curve_keeps_to_its_points_and_to_its_order(told, most):
    curve = Curve(most)
    for step, value in told:
        curve.add(step, value)
    points = curve.points()
    assert len(points) <= most
    assert [step for step, _ in points] == sorted({step for step, _ in points})
    if told:
        assert points[-1][0] == max(step for step, _ in told)
        low, high = min(value for _, value in told), max(value for _, value in told)
        assert all(low - 1e-9 <= value <= high + 1e-9 for _, value in points)


def test_a_curve_that_is_thinned_has_the_means_of_what_it_was():
    curve = Curve(4)
    for step in range(1, 9):
        curve.add(step, float(step))
    steps, values = zip(*curve.points(), strict=True)
    assert len(curve) <= 4 and steps[-1] == 8
    assert math.isclose(values[0], (1 + 2 + 3 + 4) / 4) or math.isclose(values[0], 1.5)


def test_a_step_told_again_has_its_new_value_and_a_late_one_its_place():
    curve = Curve()
    for step, value in ((1, 5.0), (3, 3.0), (1, 4.0), (2, 3.5)):
        curve.add(step, value)
    assert list(curve.points()) == [(1, 4.0), (2, 3.5), (3, 3.0)]
    curve.cut(1)
    assert list(curve.points()) == [(1, 4.0)]


def test_the_best_look_is_kept_beside_the_last():
    course = Course(event("heldout", step, right=right, of=12) for step, right in LOOKS)
    assert (course.last_look, course.best_look) == (Look(60, 7, 12), Look(40, 9, 12))
    assert [line.text for line in course.log][-1] == "Step 60: 7 of 12 held-out answers right."


LOOKS = ((20, 1), (40, 9), (60, 7))


def test_what_is_done_anew_after_a_stop_takes_the_place_of_what_was():
    course = Course(
        [
            event("status", state="running", start=0, total=100, key="a"),
            *(event("metrics", step, loss=2.0, steps=100) for step in range(1, 51)),
            event("heldout", 20, right=3, of=12),
            event("heldout", 40, right=5, of=12),
            event("status", 30, state="cancelled"),
            event("status", state="running", start=20, total=100, key="b"),
            event("metrics", 21, loss=1.0, steps=100),
        ]
    )
    assert [step for step, _ in course.loss.points()] == list(range(1, 22))
    assert course.last_look == course.best_look == Look(20, 3, 12)
    assert (course.step, course.steps, course.last_loss) == (21, 100, 1.0)
    assert "Going on from step 20." in [line.text for line in course.log]


def test_what_is_told_twice_counts_once():
    told = event("heldout", 20, right=3, of=12)
    course = Course([told, told])
    assert len(course.log) == len(course.looks) == 1


def test_how_long_it_goes_on_is_by_its_steps_or_by_the_clock():
    assert Course().seconds_left is None
    local = Course(
        event("metrics", step, loss=1.0, steps=10, s_per_step=2.0, at=float(step))
        for step in range(1, 5)
    )
    assert local.seconds_left == 12.0
    hosted = Course(
        event("metrics", step, loss=1.0, steps=10, at=3.0 * step) for step in range(1, 5)
    )
    assert hosted.seconds_left == 18.0
    unknown = Course(event("metrics", step, loss=1.0, at=3.0 * step) for step in range(1, 5))
    assert unknown.seconds_left is None


def test_values_that_are_no_numbers_are_passed_over():
    course = Course(
        [
            event("metrics", 1, loss=float("nan"), steps=None),
            event("metrics", 2, loss=float("inf")),
            event("metrics", 3, loss="low", validation_loss=True),
            event("metrics", None, loss=1.0),
            event("heldout", 1, right="x", of=0),
            event("heldout", None, right=1, of=2),
            event("whatever", 4),
        ]
    )
    assert len(course.loss) == len(course.validation_loss) == len(course.looks) == 0


def test_the_log_keeps_its_newest_lines():
    course = Course(event("message", number, text=f"line {number}") for number in range(LOG + 5))
    assert len(course.log) == LOG and course.log[0].text == "line 5"
    course.add(event("message", text="The job failed", level="error", key="e"))
    assert course.log[-1].wrong
    course.add(event("result", state="failed", error="Why.", key="f"))
    course.add(event("status", state="odd one", key="g"))
    assert [line.text for line in list(course.log)[-2:]] == ["Why.", "It is odd one."]
