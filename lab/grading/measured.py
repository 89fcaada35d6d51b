"""Checks of what an answer took: time and money.

What is not known cannot be told, so neither the check nor its `not-` passes then.
"""

from __future__ import annotations

from lab.grading.findings import Finding, Given
from store.records import Assertion


def latency(assertion: Assertion, given: Given) -> Finding:
    """Hold the whole answer's time against the threshold, in milliseconds."""
    if given.latency_s is None:
        return Finding(None, "latency unknown")
    took = given.latency_s * 1000
    return Finding(took <= (assertion.threshold or 0.0), f"{took:,.0f} ms")


def cost(assertion: Assertion, given: Given) -> Finding:
    """Hold the answer's cost against the threshold, in US dollars."""
    if given.cost_usd is None:
        return Finding(None, "cost unknown")
    return Finding(given.cost_usd <= (assertion.threshold or 0.0), f"${given.cost_usd:.6g}")
