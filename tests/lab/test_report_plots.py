"""The report's drawings: what is on them, and that they are well made whatever the numbers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.ladder.rungs import RungFacts
from lab.ladder.standing import Standing
from lab.ladder.trend import Revision
from lab.report.markdown import bar
from lab.report.plots import cost_plot, difference_plot, ladder_plot, trend_plot
from lab.statistics.paired import Difference, compare
from lab.statistics.rates import rate_of
from store.records import RUNGS, Rung, Variant

costs = st.none() | st.just(0.0) | st.floats(1e-7, 1e4)


def facts(
    rung: Rung, passed: int | None, cost: float | None = 0.001, *, on_front: bool = True
) -> RungFacts:
    rate = None if passed is None else rate_of([[1.0]] * passed + [[0.0]] * (40 - passed))
    standing = Standing(Variant(rung, "openai", "m"), rate, 0, None, 0.0)
    return RungFacts(standing, 40, None, cost, 1.0, None, (), None, "", None, None, (), on_front)


def read(drawing: str) -> tuple[ElementTree.Element, list[str]]:
    """Return a drawing and its texts, having looked that all of it is within it."""
    root = ElementTree.fromstring(drawing)
    assert root.attrib["role"] == "img" and root.attrib["aria-label"] == root[0].text
    assert "nan" not in drawing and "inf" not in drawing
    for each in root.iter():
        for name in ("x", "x1", "x2"):
            place = each.attrib.get(name, "0%")
            if place.endswith("%"):
                assert 0 <= float(place[:-1]) <= 100
        for name in ("y", "y1", "y2"):
            if each.tag in ("line", "text"):
                down = float(each.attrib.get(name, "0"))
                assert -20 <= down <= float(root.attrib["height"])
    return root, [each.text or "" for each in root.iter("text")]


def test_the_ladder_has_each_rung_and_the_target() -> None:
    _, texts = read(ladder_plot([facts("bare", 4), facts("rag", None)], 0.8))
    assert {"bare", "rag", "no verdict yet", "target 80%", "0%", "100%"} <= set(texts)
    assert "10% (4% to 23%), n 40" in texts
    root, _ = read(ladder_plot([facts("bare", 4), facts("rag", None)], None))
    assert len(list(root.iter("circle"))) == 1


def test_a_rung_of_unknown_price_is_not_drawn_at_nothing() -> None:
    rungs = [facts("bare", 4), facts("context", 30, 0.02), facts("rag", 35, None)]
    _, texts = read(cost_plot(rungs))
    assert {"bare", "context", "$0.0010", "$0.0100"} <= set(texts)
    assert "rag" not in texts and "free" not in texts
    assert cost_plot([facts("bare", 4), facts("rag", 35, None)]) == ""


def test_what_is_free_stands_apart_from_what_is_not() -> None:
    rungs = [facts("bare", 4, 0.0), facts("context", 30, 0.02), facts("rag", 35, 0.001)]
    root, texts = read(cost_plot(rungs))
    assert "free" in texts
    places = [float(each.attrib["x"][:-1]) for each in root.iter("svg") if "%" in each.get("x", "")]
    assert len({round(place) for place in places}) == 3


def test_the_front_is_filled_and_joined() -> None:
    drawing = cost_plot(
        [facts("bare", 4), facts("context", 20, 0.02, on_front=False), facts("rag", 35, 0.002)]
    )
    assert len(re.findall("hollow", drawing)) == 1
    assert len(re.findall('class="front"', drawing)) == 1


@given(st.lists(st.tuples(st.none() | st.integers(0, 40), costs), min_size=1, max_size=4))
def test_any_numbers_make_a_drawing(found: list[tuple[int | None, float | None]]) -> None:
    rungs = [facts(rung, *each) for rung, each in zip(RUNGS, found, strict=False)]
    read(ladder_plot(rungs, 1.0))
    if drawing := cost_plot(rungs):
        read(drawing)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1), st.floats(-0.95, 0.99))
def test_any_difference_makes_a_drawing(pairs: list[tuple[bool, bool]], margin: float) -> None:
    found = compare([([float(a)], [float(b)]) for a, b in pairs])
    assert found is not None
    read(difference_plot(found, margin))


def test_a_difference_says_its_numbers() -> None:
    _, texts = read(difference_plot(Difference(40, 30, 1, 0.71, 0.52, 0.84, 0.001), 0.5))
    assert texts == ["no difference", "must exceed", "+71 points (+52 to +84)"]


def test_the_trend_has_every_revision() -> None:
    rate = rate_of([[1.0]] * 3 + [[0.0]])
    assert rate is not None
    trend = [
        Revision("aa", 0.0, 4, {"bare": rate}),
        Revision("bb", 86_400.0, 4, {"bare": rate, "rag": rate}),
        Revision("cc", 200_000.0, 4, {"rag": rate}),
    ]
    root, texts = read(trend_plot(trend))
    assert {"bare", "rag", "1970-01-01", "1970-01-03"} <= set(texts)
    marks = [each for each in root.iter() if each.get("class") == "mark"]
    assert len(marks) == 4
    assert trend_plot(trend[:1]) == ""


@pytest.mark.parametrize("passed", [0, 1, 20, 39, 40])
def test_a_bar_is_as_wide_as_any_other(passed: int) -> None:
    line = bar(facts("bare", passed).standing.rate)
    assert len(line) == len(bar(None)) and line.count("●") == 1
