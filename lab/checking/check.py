"""All checks of a benchmark, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.checking.contradictions import check_contradictions
from lab.checking.disagreement import check_disagreement
from lab.checking.duplicates import check_duplicates
from lab.checking.findings import SEVERITIES, Finding, Progress, quiet
from lab.checking.giveaways import check_giveaways
from lab.checking.marked import check_marked
from lab.checking.rates import check_rates
from lab.checking.references import check_references
from lab.checking.size import GAIN, check_size
from lab.checking.unstable import check_stability
from store import benchmarks, checks, runs
from store.database import Connection, Database
from store.records import Case, Variant


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark as it stands, and what was answered to it. `revision` is its name."""

    revision: str
    cases: Sequence[Case]
    seen: Sequence[checks.Seen] = ()
    variants: Mapping[int, Variant] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, the gravest first. `revision` names the benchmark that was checked."""

    revision: str
    cases: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing must be repaired."""
        return all(finding.severity != "must" for finding in self.findings)


async def check_session(
    database: Database, session_id: int, progress: Progress = quiet, *, gain: float = GAIN
) -> Report:
    """Check a session's benchmark in a thread; see `check`."""
    benchmark = await database.read(_load, session_id)
    return await asyncio.to_thread(check, benchmark, progress, gain=gain)


def check(benchmark: Benchmark, progress: Progress = quiet, *, gain: float = GAIN) -> Report:
    """Look at a benchmark for its own faults.

    `gain` is the difference of two rates, as a share, that it should be able to show.
    `progress` may raise Stopped, which ends the check.
    """
    cases, seen, variants = benchmark.cases, benchmark.seen, benchmark.variants or {}
    parts: list[Callable[[], Iterable[Finding]]] = [
        lambda: check_size(cases, gain),
        lambda: check_marked(cases),
        lambda: check_contradictions(cases),
        lambda: check_references(cases),
        lambda: check_giveaways(cases),
        lambda: check_rates(cases, seen, variants),
        lambda: check_stability(cases, seen, variants),
        lambda: check_disagreement(cases, seen),
    ]
    found: list[Finding] = []
    # Only duplicates take long; what they report counts each of the other checks as a case.
    total = len(cases) + len(parts)
    for done, part in enumerate(parts):
        progress(done, total)
        found += part()
    found += check_duplicates(cases, lambda done, _: progress(len(parts) + done, total))
    progress(total, total)
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Report(benchmark.revision, len(cases), tuple(found))


def _load(connection: Connection, session_id: int) -> Benchmark:
    variants = {variant.id: variant for variant in runs.variants_of(connection, session_id)}
    seen = checks.seen(connection, session_id)
    return Benchmark(
        benchmarks.revision_hash(connection, session_id),
        benchmarks.cases(connection, session_id),
        # An oracle's answers, made only where another failed, tell nothing of the benchmark.
        [item for item in seen if item.variant_id in variants],
        variants,
    )
