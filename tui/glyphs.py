"""The same glyphs everywhere; a colour never stands alone."""

from __future__ import annotations

from store.records import Status, Verdict

JUDGE = "⚖"
NOT_ASKED, ASKING, ANSWERED, TROUBLE, BAD = "○", "◌", "●", "⚠", "✂"
VERDICT: dict[Verdict, str] = {"pass": "✓", "partial": "◐", "fail": "✗"}
SEVERITY = {"must": "✗", "should": "⚠", "info": "·"}
RUNG = {"bare": "①", "context": "②", "rag": "③", "tuned": "④"}
# In a Content's own style, $text-muted is not blended with what lies below it.
MUTED = "$foreground 60%"
STYLE = {
    NOT_ASKED: MUTED,
    ASKING: "$accent",
    ANSWERED: "$text",
    TROUBLE: "$text-warning",
    BAD: MUTED,
    VERDICT["pass"]: "$text-success",
    VERDICT["partial"]: "$text-warning",
    VERDICT["fail"]: "$text-error",
}

STEP = {
    "CLIMB": "$text-success",
    "STAY": "$text-accent",
    "NEED_MORE": "$text-warning",
    "GOOD_ENOUGH": "$text-success",
    "STOP": "$text-error",
}
"""The colours of the ladder's verdicts; their glyphs are `lab.ladder.verdict.GLYPH`."""


def of(status: Status | None, verdict: Verdict | None) -> str:
    """Return the glyph of a case whose newest answer stands so."""
    if status is None:
        return NOT_ASKED
    if status == "asking":
        return ASKING
    if status != "done":
        return TROUBLE
    return VERDICT[verdict] if verdict else ANSWERED
