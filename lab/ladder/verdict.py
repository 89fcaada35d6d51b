"""The verdict on a step: CLIMB, STAY or NEED n MORE, in one sentence with its numbers.

CLIMB is gated by an e-value, so that looking after every label keeps it honest: it is said
of at most one in twenty steps that bring nothing. STAY rests on the interval's upper end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from lab.ladder import words
from lab.ladder.comparing import Comparison
from lab.ladder.economics import Economics, Returns
from lab.statistics.evidence import BAR, e_value
from lab.statistics.paired import Difference
from lab.statistics.power import needed_more, needed_to_rule_out

State = Literal["CLIMB", "STAY", "NEED_MORE", "GOOD_ENOUGH", "STOP"]

GLYPH: dict[State | None, str] = {
    "CLIMB": "▲",
    "STAY": "■",
    "NEED_MORE": "●",
    "GOOD_ENOUGH": "✓",
    "STOP": "✗",
    None: "○",
}
"""What stands for a verdict wherever it is shown; a colour never stands alone."""

MOST = 5_000
"""How many more cases are looked ahead; what takes more is said to take more than these."""
_LEAST_MARGIN = -0.95
# A smaller one is none in whole points.
_WORTH_SAYING = 0.005


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What is said of a step. `state` is None where nothing may be said yet.

    `sentence` begins with its `head`, which is what is decided. `plain` says why without the
    head and the figures, for where these stand by themselves. `need` is how many more cases
    would settle it, None where it is settled, or takes more than `MOST`. `margin` is the gain
    in the rate that the step must be shown to exceed.
    """

    state: State | None
    head: str
    sentence: str
    plain: str
    need: int | None = None
    margin: float = 0.0

    @property
    def rest(self) -> str:
        """The sentence after its head."""
        return self.sentence[len(self.head) :]


def margin_of(returns: Returns) -> float:
    """Return the gain that a step must exceed to pay: 0 for one whose price is not known.

    A rung that is cheaper pays even with a small loss; that is granted only on a value and
    a volume that the person typed.
    """
    least = returns.least_gain
    if least is None or math.isnan(least):
        return 0.0
    return max(least, 0.0 if returns.assumed else _LEAST_MARGIN)


def clears(evidence: float, tried: int) -> bool:
    """Tell whether an e-value against the margin is enough for CLIMB, `tried` variants tried."""
    return evidence >= BAR * tried


def judge_step(comparison: Comparison, returns: Returns, economics: Economics) -> StepVerdict:
    """Return the verdict on a step."""
    found = comparison.difference
    if comparison.objection or found is None:
        head, _, why = comparison.objection.partition(": ")
        return StepVerdict(None, head, comparison.objection, _begun(why))
    margin = margin_of(returns)
    first, second = comparison.names
    stay = f"STAY with {first}"
    bar = BAR * comparison.tried
    told = _told(found, comparison.evidence)
    if margin >= 1:
        why = (
            f"not even a {second} that is always right would pay; it costs "
            f"{words.money(returns.extra_cost)} more an answer{_and_upfront(returns)}, and a right "
            f"answer is worth {words.money(economics.of('value'))}."
        )
        return StepVerdict("STAY", stay, f"{stay}: {why}", _begun(why), margin=margin)
    evidence = e_value(comparison.gains, margin) if margin else comparison.evidence
    if clears(evidence, comparison.tried):
        climb = f"CLIMB from {first} to {second}"
        more = f"{_more_right(found)} in {words.count(found.n, 'case')}"
        pays = _pays(returns, economics, found) + _trained_free(comparison, economics)
        return StepVerdict(
            *("CLIMB", climb, f"{climb}: {more} ({told}){pays}.", _begun(f"{more}{pays}.")),
            margin=margin,
        )
    if found.high <= margin:
        best = (
            f"even at the best of its interval {second} brings "
            f"{words.in_points(found.high, signed=True)}"
        )
        but = f", and {_must_bring(margin)}."
        return StepVerdict(
            *("STAY", stay, f"{stay}: {best} ({told}){but}", _begun(best + but)), margin=margin
        )
    return _need(comparison, found, returns, margin, bar, told)


def _need(
    comparison: Comparison,
    found: Difference,
    returns: Returns,
    margin: float,
    bar: float,
    told: str,
) -> StepVerdict:
    """Say how many more cases would settle the step, were they as those so far."""
    first, second = comparison.names
    n = found.n
    # Half a case is added to each count: none lost so far does not mean none to come.
    p_gained, p_lost = (found.gained + 0.5) / (n + 1.5), (found.lost + 0.5) / (n + 1.5)
    drift = p_gained - p_lost
    if drift > margin:
        need = needed_more(
            found.gained,
            found.lost,
            comparison.same,
            p_gained=p_gained,
            p_lost=p_lost,
            bar=bar,
            margin=margin,
            most=MOST,
        )
        aim = f"show that {second} gains {words.in_points(drift)} over {first}"
        if margin >= _WORTH_SAYING:
            aim = f"show that {second} gains more over {first} than the {_that_pays(margin)}"
    else:
        spread = math.sqrt(max(p_gained + p_lost - drift * drift, 0.0))
        need = needed_to_rule_out(drift, spread, n, margin=margin, most=MOST)
        aim = f"show that {second} brings nothing over {first}"
        if abs(margin) >= _WORTH_SAYING:
            aim = f"show that {second} gains less over {first} than the {_that_pays(margin)}"
    waiting = sum(item.labels for item in comparison.waiting)
    label = f"; {words.count(waiting, 'label')} would bring the first of them" if waiting else ""
    head = f"NEED {need:,} MORE" if need else f"NEED OVER {MOST:,} MORE"
    beside = f"{_cheaper(comparison, returns)}{label}."
    return StepVerdict(
        "NEED_MORE",
        head,
        f"{head} cases like these to {aim}: so far {told} of the {bar:.0f} that it takes{beside}",
        f"So many more cases like these would {aim}{beside}",
        need,
        margin,
    )


def _begun(clause: str) -> str:
    """Return a clause as the beginning of a sentence."""
    return clause[:1].upper() + clause[1:]


def _told(found: Difference, evidence: float) -> str:
    return (
        f"{words.in_points(found.delta, signed=True)}, {words.points(found.low)} to "
        f"{words.points(found.high)}; {found.gained} gained, {found.lost} lost of {found.n}, "
        f"e {words.evidence(evidence)}"
    )


def _more_right(found: Difference) -> str:
    more = found.delta * found.n
    if more <= 0:
        return "no loss that matters"
    return f"{more:.0f} more right" if more == round(more) else f"{more:.1f} more right"


def _pays(returns: Returns, economics: Economics, found: Difference) -> str:
    """Return what the step costs and brings, as the end of the sentence."""
    if returns.extra_cost is None:
        return (
            "; its price is unknown, and it pays as long as an answer costs no more than "
            f"{words.money(max(0.0, returns.affordable))} extra"
        )
    parts: list[str] = []
    if returns.extra_cost < 0:
        parts.append(f"each answer costs {words.money(-returns.extra_cost)} less")
    elif returns.extra_cost == 0:
        parts.append("it costs nothing more")
    elif returns.per_extra_right is not None:
        parts.append(f"each extra right answer costs {words.money(returns.per_extra_right)}")
    if returns.upfront and returns.payback_months is not None:
        parts.append(
            f"at {economics.of('volume'):,.0f} answers a month the "
            f"{words.money(returns.upfront)} upfront are back "
            f"{words.span(returns.payback_months)}"
        )
    elif returns.upfront is None:
        parts.append("what it costs upfront is unknown")
    return "".join(f"; {part}" for part in parts)


def _trained_free(comparison: Comparison, economics: Economics) -> str:
    """Say that training on this machine is in no cost, where an hour of it has no price."""
    rungs = comparison.first.rung, comparison.second.rung
    if rungs[1] != "tuned" or rungs[0] == "tuned" or economics.of("machine"):
        return ""
    if not economics.tuning_hours:
        return ""
    return f"; its {words.hours(economics.tuning_hours)} of training here are counted as free"


def _must_bring(margin: float) -> str:
    if margin >= _WORTH_SAYING:
        return f"it must bring more than {words.in_points(margin)} to pay"
    if margin <= -_WORTH_SAYING:
        return f"it may lose no more than {words.in_points(-margin)} to pay"
    return "it must bring a gain"


def _that_pays(margin: float) -> str:
    text = words.in_points(margin)
    return f"{text} that pays" if text.endswith("point") else f"{text} that pay"


def _and_upfront(returns: Returns) -> str:
    return f" and {words.money(returns.upfront)} upfront" if returns.upfront else ""


def _cheaper(comparison: Comparison, returns: Returns) -> str:
    """Say by how much the second rung is cheaper, where it is."""
    if returns.extra_cost is None or returns.extra_cost >= 0:
        return ""
    return f"; {comparison.names[1]} costs {words.money(-returns.extra_cost)} an answer less"
