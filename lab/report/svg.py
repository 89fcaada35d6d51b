"""Drawings as SVG that a page holds in itself. Every text and attribute is escaped.

Places across are in percent and places down in pixels, so that a drawing is as wide as the
page and its letters stay as large as the text around it. Colours are the page's, by class.
"""

from __future__ import annotations

from html import escape
from typing import Any

from lab.visible import one_line, visible


def element(name: str, *children: str, text: str = "", **attributes: Any) -> str:
    """Return an element; `text` and attributes are escaped, children are elements already.

    An attribute's underscores stand for hyphens, and one at its end is dropped. One whose
    value is None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = escape(one_line(text, 200)) + "".join(children)
    return f"<{name}{given}>{inner}</{name}>" if inner else f"<{name}{given}/>"


def drawing(title: str, height: float, *children: str) -> str:
    """Return a whole drawing with the title that stands for it where it is not seen."""
    return element(
        "svg",
        element("title", text=title),
        *children,
        role="img",
        aria_label=one_line(title, 200),
        width="100%",
        height=height,
        class_="plot",
    )


def label(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    """Return a text at x percent and y pixels."""
    return element("text", text=text, x=across(x), y=y, text_anchor=anchor, class_=kind or None)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line between two places."""
    return element("line", x1=across(x1), y1=y1, x2=across(x2), y2=y2, class_=kind)


def interval(x1: float, x2: float, y: float, kind: str = "interval") -> str:
    """Return a line across with an end at each of its sides."""
    ends = (line(x, y - 5, x, y + 5, kind) for x in (x1, x2))
    return line(x1, y, x2, y, kind) + "".join(ends)


_SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "bare": ("circle", {"r": 5}),
    "context": ("rect", {"x": -4.5, "y": -4.5, "width": 9, "height": 9}),
    "rag": ("path", {"d": "M0-6 5.5 4.5-5.5 4.5Z"}),
    "tuned": ("path", {"d": "M0-6.5 6 0 0 6.5-6 0Z"}),
}


def marker(x: float, y: float, rung: str, kind: str = "") -> str:
    """Return a rung's mark, each of its own shape; `kind` "hollow" is not filled."""
    name, attributes = _SHAPES.get(rung, _SHAPES["bare"])
    shape = element(name, **{**attributes, "class": f"mark {kind}".rstrip()})
    return element("svg", shape, x=across(x), y=y, width=1, height=1, overflow="visible")


def across(percent: float) -> str:
    """Return a place across as SVG has it."""
    return f"{percent:.2f}%"


def _value(value: object) -> str:
    return (
        f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else visible(str(value))
    )
