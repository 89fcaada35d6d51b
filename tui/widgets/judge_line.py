"""What the judge says of an answer, and how far it is trusted, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from store.records import Answer
from tui import glyphs, safe

if TYPE_CHECKING:
    from lab.judge.trust import Judgeship

_LONGEST = 1500


def judge_lines(answer: Answer | None) -> list[Content]:
    """Return the judge's verdict and its reason, hidden until they cannot sway a label."""
    if answer is None or answer.status != "done" or (judgement := answer.judgement) is None:
        return []
    if judgement.verdict is None:
        return [
            Content.styled(f"{glyphs.JUDGE} no verdict of the judge", "bold"),
            safe.content(judgement.reason[:_LONGEST], glyphs.MUTED),
        ]
    if answer.open_judgement is None:
        return [Content.styled(f"{glyphs.JUDGE} judged; label to see", glyphs.MUTED)]
    glyph = glyphs.VERDICT[judgement.verdict]
    # A rubric's own line tells why, where there is one.
    told = any(kind.endswith("llm-rubric") and got for kind, _, _, got in judgement.checks)
    reason = "" if told or not judgement.reason else f": {judgement.reason[:_LONGEST]}"
    return [
        Content.assemble(
            Content.styled(f"{glyphs.JUDGE} judge: ", "bold"),
            Content.styled(f"{glyph} {judgement.verdict}", glyphs.STYLE[glyph]),
            Content.styled("" if judgement.trusted else " · not counted", glyphs.MUTED),
        ),
        safe.content(f"{safe.one_line(judgement.model, 60)}{reason}", glyphs.MUTED),
    ]


def judge_mark(judgeship: Judgeship | None) -> str:
    """Return in two or three words how a session's judge stands; empty without a judge."""
    from lab.judge.trust import LEAST_SHARED

    if judgeship is None or judgeship.judge is None:
        return ""
    found = judgeship.trust.agreement
    if judgeship.missing:
        return f"{glyphs.JUDGE} {found.n}/{LEAST_SHARED} labels"
    kappa = "κ –" if found.kappa is None else f"κ {found.kappa:.2f}"
    return f"{glyphs.JUDGE} {kappa}" + ("" if judgeship.trust.trusted else ", not trusted")
