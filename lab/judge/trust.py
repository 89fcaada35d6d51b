"""When a judge may decide: enough blind labels beside its verdicts, and agreement with them.

Whether it may is kept with the session and found anew in the transaction of every label,
undo and judgement, so that no rate ever rests on a judge that has lost its trust.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.agreement import Agreement, agreement_of
from store import judgements, labels
from store.database import Connection
from store.records import VERDICTS, Variant, Verdict

LEAST_SHARED = 20
"""So many answers must have both a blind label and the judge's verdict."""
LEAST_KAPPA = 0.6
"""Above it agreement is called "substantial" by Landis & Koch (1977), "The measurement of
observer agreement for categorical data", Biometrics 33. A convention, not a proof."""
LEAST_LOW = 0.2
"""The interval must lie above it: agreement that could be "slight" at best is not known."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether a judge decides, and why, in one plain sentence.

    `agreement` is of the person's labels (rows of its table) with the judge's verdicts.
    """

    trusted: bool
    why: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Judgeship:
    """A session's judge, None where none is chosen, how far it is trusted, and its work.

    `judged` of its judgements have a verdict; `unusable` replies gave none.
    """

    judge: Variant | None
    trust: Trust
    judged: int
    unusable: int

    @property
    def missing(self) -> int:
        """How many more shared labels are needed before it can be trusted."""
        return max(0, LEAST_SHARED - self.trust.agreement.n)


def weigh(shared: Mapping[tuple[Verdict, Verdict], int]) -> Trust:
    """Decide whether a judge decides, from counts of (person's label, judge's verdict)."""
    found = agreement_of(shared)
    kappa, low = found.kappa, found.low
    if found.n < LEAST_SHARED:
        return Trust(False, _too_few(found.n), found)
    if kappa is None or low is None:
        return Trust(
            False,
            f"It does not decide: you and it said the same thing of all {found.n} shared "
            "answers, which shows no agreement beyond chance; label some of another kind.",
            found,
        )
    always = _always(found)
    if always is not None:
        return Trust(
            False,
            f"It does not decide: it says “{always}” to every answer, so its agreement with "
            f"your {found.n} labels is what chance brings (κ {kappa:.2f}, "
            f"{LEAST_KAPPA} is needed).",
            found,
        )
    if kappa < LEAST_KAPPA:
        return Trust(
            False,
            f"It does not decide: it agrees too little with your {found.n} labels "
            f"({kappa_text(found)}, {LEAST_KAPPA} is needed); sharpen what is expected, or choose "
            "another judge.",
            found,
        )
    if low <= LEAST_LOW:
        return Trust(
            False,
            f"It does not decide: {kappa_text(found)} over {found.n} labels is too uncertain, "
            f"its interval must begin above {LEAST_LOW}; label more answers.",
            found,
        )
    return Trust(
        True,
        f"It decides where you have not labelled: {kappa_text(found)} over {found.n} labels.",
        found,
    )


def kappa_text(found: Agreement) -> str:
    """Return κ with its interval, as "κ 0.82 (0.61–1.00)"; "κ –" where it is undefined."""
    if found.kappa is None or found.low is None or found.high is None:
        return "κ –"
    return f"κ {found.kappa:.2f} ({found.low:.2f}–{found.high:.2f})"


def judgeship(connection: Connection, session_id: int) -> Judgeship:
    """Return how a session's judge stands."""
    state = judgements.state(connection, session_id)
    trust = weigh(state.shared)
    if state.judge is None:
        trust = Trust(False, "No judge is chosen yet.", trust.agreement)
    return Judgeship(state.judge, trust, state.judged, state.unusable)


def retrust(connection: Connection, session_id: int) -> bool:
    """Find anew whether the session's judge decides; return whether that has changed.

    Belongs into each transaction that changes a label or a judgement.
    """
    shared = judgements.shared(connection, session_id)
    if shared is None:
        return False
    return judgements.set_trusted(connection, session_id, weigh(shared).trusted)


def label(
    connection: Connection,
    session_id: int,
    revision_id: int,
    answer_hash: str,
    verdict: Verdict,
    *,
    reason: str = "",
) -> None:
    """Append a person's verdict, as `labels.add` does."""
    labels.add(connection, session_id, revision_id, answer_hash, verdict, reason=reason)
    retrust(connection, session_id)


def undo(connection: Connection, session_id: int) -> labels.Label | None:
    """Undo the person's last verdict, as `labels.undo` does."""
    undone = labels.undo(connection, session_id)
    retrust(connection, session_id)
    return undone


def _too_few(n: int) -> str:
    lacking = LEAST_SHARED - n
    labels_ = "label" if lacking == 1 else "labels"
    return (
        f"It does not decide yet: {lacking} more shared {labels_} needed, {n} of "
        f"{LEAST_SHARED} answers have both your label and its verdict."
    )


def _always(found: Agreement) -> Verdict | None:
    """Return the one verdict that the judge gives, None where it gives several."""
    given: list[Verdict] = [
        verdict for place, verdict in enumerate(VERDICTS) if any(row[place] for row in found.table)
    ]
    return given[0] if len(given) == 1 else None
