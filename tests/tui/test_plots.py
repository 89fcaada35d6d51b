"""What is drawn in cells: intervals, cost against quality, and rates over revisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets import cost_plot, trend_plot
from tui.widgets.cost_plot import Point
from tui.widgets.interval_plot import interval, no_interval, scale
from tui.widgets.trend_plot import Column

SHARES = st.floats(0, 1)
COSTS = st.sampled_from([0.0, 1e-9, 0.0004, 0.0121, 0.5, 3.0, 2e6])


@given(st.lists(SHARES, min_size=3, max_size=3), st.integers(4, 60), st.none() | SHARES)
def test_an_interval_keeps_to_its_cells(shares, cells, target):
    low, rate, high = sorted(shares)
    drawn = interval(low, rate, high, cells, target).plain
    assert len(drawn) == cells and drawn.count("●") == 1
    assert drawn.strip(" ┊")[0] in "├●" and drawn.strip(" ┊")[-1] in "┤●"
    assert len(no_interval(cells, target).plain) == cells


def test_an_interval_stands_where_the_scale_says():
    assert interval(0.0, 0.5, 1.0, 11).plain == "├────●────┤"
    assert interval(0.9, 1.0, 1.0, 11).plain == "         ├●"
    assert interval(0.0, 0.0, 0.1, 11).plain == "●┤         "
    assert interval(0.2, 0.3, 0.4, 11, 0.8).plain == "  ├●┤   ┊  "
    assert scale(41) == "0        25        50        75       100%"
    assert scale(12) == "0    50  100%"


@pytest.mark.parametrize("cells", range(6, 60))
def test_the_scale_is_no_wider_than_what_it_is_over(cells):
    line = scale(cells)
    assert len(line) <= cells + 1 and line.startswith("0")


def text(points: list[Point], width: int = 70, height: int = 16) -> str:
    ordered = sorted(points, key=lambda point: (point.cost, -point.rate))
    return "\n".join(line.plain for line in cost_plot.drawn(ordered, width, height))


def point(name: str, cost: float, rate: float, front: bool = True) -> Point:
    return Point(name, cost, rate, max(0.0, rate - 0.1), min(1.0, rate + 0.1), front)


def test_costs_far_apart_stand_on_a_logarithm():
    drawn = text(
        [point("bare", 0.0004, 0.1), point("rag", 0.004, 0.7), point("context", 0.04, 0.8)]
    )
    assert "$0.001" in drawn and "$0.01" in drawn
    columns = [next(line for line in drawn.split("\n") if name in line) for name in ("bare", "rag")]
    middle = [line.index("◆") for line in columns]
    end = next(line for line in drawn.split("\n") if "context" in line).index("◆")
    # Ten times the cost is always as far.
    assert abs((middle[1] - middle[0]) - (end - middle[1])) <= 1


def test_costs_of_one_size_begin_at_zero():
    drawn = text([point("bare", 0.002, 0.1), point("context", 0.004, 0.8)])
    assert "$0 " in drawn and "$0.004" in drawn and "$0.001" not in drawn


def test_what_is_free_stands_at_the_left_edge_and_says_so():
    drawn = text([point("bare", 0.0, 0.1), point("context", 0.0004, 0.8), point("rag", 0.9, 0.9)])
    bare = next(line for line in drawn.split("\n") if "bare" in line)
    assert bare.index("◆") == 6 and "free" in drawn.split("\n")[-1]
    assert "free" in text([point("bare", 0.0, 0.5), point("rag", 0.0, 0.6)]).split("\n")[-1]


def test_the_front_is_marked_and_joined_and_what_is_beaten_is_not():
    drawn = text(
        [point("bare", 0.001, 0.2), point("rag", 0.005, 0.8), point("b", 0.009, 0.5, False)]
    )
    assert drawn.count("◆") == 2 and drawn.count("◇") == 1 and "····" in drawn
    assert "·" not in text([point("bare", 0.001, 0.2)])


@given(
    st.lists(st.tuples(COSTS, SHARES, st.booleans()), min_size=1, max_size=4),
    st.integers(1, 120),
    st.integers(1, 40),
)
def test_a_plot_keeps_to_its_cells(points, width, height):
    found = [point(f"r{n}", *each) for n, each in enumerate(points)]
    lines = text(found, width, height).split("\n")
    assert len(lines) <= max(3, height)
    assert all(len(line) <= max(width, 6) for line in lines)


def test_revisions_that_have_no_room_are_the_oldest():
    columns = [Column(f"day {n}", {"①": (0.1, 0.2, 0.4), "②": (0.5, 0.6, 0.9)}) for n in range(30)]
    lines = [line.plain for line in trend_plot.drawn(columns, 60, 14)]
    assert "day 29" in lines[-1] and "day 1 " not in lines[-1]
    assert sum(line.count("①") for line in lines) == lines[-1].count("day")
    assert max(map(len, lines)) <= 60 and len(lines) == 14
    # Better is higher.
    rows = {mark: next(n for n, line in enumerate(lines) if mark in line) for mark in "①②"}
    assert rows["②"] < rows["①"]


@given(st.integers(1, 130), st.integers(1, 40), st.integers(0, 20))
def test_a_trend_keeps_to_its_cells(width, height, count):
    columns = [Column("1 Jan", {"④": (0.0, 1.0, 1.0)})] * count
    lines = [line.plain for line in trend_plot.drawn(columns, width, height)]
    assert len(lines) <= max(3, height)
    assert all(len(line) <= max(width, 6) for line in lines)
