"""What an answer costs while it comes: more is set aside as it grows, and it ends at the cap.

Only its end tells how long an answer gets. A bound of our own (`max_tokens`) would make
another variant of it, cut answers that a right verdict needs whole, and is refused by servers
where it is above what the model can do. So nothing is sent that the person did not choose;
the money is watched instead. What a server sends in one piece, or thinks without showing it,
is known only when it is spent: until one answer has come, such calls are made one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.limits import Hold, Limits, Purse
from lab.prompt import Message

GROWTH = 1.1
"""By small steps, since what one answer sets aside too much is another's end."""
SLACK = 16
"""Tokens that may come with the next piece."""


async def set_aside(
    purse: Purse,
    limits: Limits,
    messages: Sequence[Message],
    cap_usd: float | None,
    *,
    alone: bool = True,
) -> Hold | None:
    """Set aside what a call may cost; None when it could pass the cap.

    Where nothing is known of how long its answer may be, it is all that the cap leaves, so
    that the call is `alone` until it is over, and tells.
    """
    while True:
        price = None if cap_usd is None else _price(limits, messages)
        hold = await purse.hold(price, cap_usd)
        if hold is None or not price:
            return hold
        # While it waited, longer answers may have come than were reckoned with.
        if hold.grow(max(hold.amount, _price(limits, messages) or 0.0)):
            break
        hold.release()
    if alone and limits.in_the_dark:
        hold.take_all()
    return hold


def _price(limits: Limits, messages: Sequence[Message]) -> float | None:
    # With the slack, so that an answer as long as the longest does not need more.
    return limits.price(messages, limits.most + (0 if limits.bounded else SLACK))


class Meter:
    """Watches one answer; `hold` is what was set aside for it.

    There is nothing to watch where it costs nothing, or where its length is bounded.
    """

    def __init__(self, limits: Limits, messages: Sequence[Message], hold: Hold) -> None:
        self._limits = limits
        self._messages = messages
        self._hold: Hold | None = None
        self._unread: list[str] = []
        self._bytes = self._tokens = self._paid_for = self._look_at = 0
        if not hold.amount or limits.bounded:
            return
        bare, one = (limits.price(messages, length) or 0.0 for length in (0, 1))
        self._bare, self._token = bare, one - bare
        if self._token > 0:
            self._hold = hold
            self._paid_for = self._bought(hold)
            self._look_at = self._paid_for - SLACK

    def add(self, text: str) -> bool:
        """Count what has come; returns False when to go on could pass the cap."""
        if self._hold is None:
            return True
        self._unread.append(text)
        # No vocabulary needs more tokens than bytes, so that until then there is no need to look.
        self._bytes += len(text.encode("utf-8", "replace"))
        return self._bytes < self._look_at or self._look(self._hold)

    def _look(self, hold: Hold) -> bool:
        # Counted apart the pieces have no fewer tokens than together.
        self._tokens += self._limits.count_answer("".join(self._unread))
        self._unread.clear()
        if self._tokens + SLACK > self._paid_for:
            wanted = self._limits.price(self._messages, round(self._tokens * GROWTH) + 2 * SLACK)
            if wanted is None or not hold.grow(max(wanted, hold.amount)):
                hold.take_all()
            self._paid_for = self._bought(hold)
            if self._tokens + SLACK > self._paid_for:
                return False
        self._look_at = self._bytes + max(1, self._paid_for - SLACK - self._tokens)
        return True

    def _bought(self, hold: Hold) -> int:
        """Return how long an answer may get for what is set aside, in tokens."""
        # A little over, since what was reckoned to the last token must not lose one here.
        return int((hold.amount - self._bare) / self._token + 1e-6)
