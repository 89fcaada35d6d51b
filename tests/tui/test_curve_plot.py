"""Curves over steps, drawn in cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.curve_plot import Series, drawn

POINTS = st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1e6)), max_size=40).map(
    lambda points: sorted(dict(points).items())
)


def text(series: list[Series], steps: int, width: int = 60, height: int = 12, **more) -> list[str]:
    return [line.plain for line in drawn(series, steps, width, height, **more)]


@given(st.lists(POINTS, max_size=3), st.integers(0, 10**6), st.integers(1, 200), st.integers(1, 60))
def test_a_plot_keeps_to_its_cells(curves, steps, width, height):
    series = [Series(points, "", "●" if place else "") for place, points in enumerate(curves)]
    for rates in (True, False):
        lines = text(series, steps, width, height, rates=rates)
        assert len(lines) == max(1, height - 2) + 2
        assert all(len(line) <= max(6, width) for line in lines)


def test_each_look_stands_at_its_step_and_its_height():
    lines = text([Series([(0, 0.0), (50, 0.5), (100, 1.0)], "", "●")], 100)
    marks = [
        (row, column) for row, line in enumerate(lines) for column, c in enumerate(line) if c == "●"
    ]
    assert [row for row, _ in marks] == [0, 5, 9] or [row for row, _ in marks] == [0, 4, 9]
    columns = [column for _, column in marks]
    assert columns[0] == 59 and columns[2] == 5 and abs(columns[1] - 32) <= 1
    assert lines[0].startswith("100%┤") and lines[9].startswith("   0┤")
    assert lines[-1].split()[0] == "0" and lines[-1].split()[-1] == "100"


def test_the_axis_goes_on_to_the_steps_that_are_to_come():
    lines = text([Series([(1, 0.0), (20, 1.0)], "", "●")], 200)
    assert lines[0].index("●") < 14 and "200" in lines[-1]
    longer = text([Series([(1, 0.0), (300, 1.0)], "", "●")], 200)
    assert "300" in longer[-1]


def test_a_loss_begins_at_zero_and_its_axis_says_how_high_it_is():
    lines = text([Series([(1, 6.77), (100, 0.2)])], 100, rates=False)
    assert lines[0].startswith("6.77┤") and lines[9].startswith("   0┤")
    assert any(0x2800 < ord(letter) < 0x2900 for letter in lines[0])


@pytest.mark.parametrize("top", [1e-9, 0.00023, 1.25, 12.34, 123.4, 1234.5, 1.5e7, 9.99e120])
def test_the_numbers_of_an_axis_have_their_room(top):
    lines = text([Series([(1, top), (2, top / 3)])], 2, rates=False)
    assert lines[0][4] == "┤" and lines[0][:4].strip()


def test_one_point_alone_is_seen():
    [*_, last] = text([Series([(10, 0.0)])], 100, height=6)[:4]
    assert any(0x2800 < ord(letter) < 0x2900 for letter in last)
