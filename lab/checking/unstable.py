"""Cases that one variant answers now right, now wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lab.checking.findings import Finding, count
from store.checks import Seen
from store.records import Case, Variant


def check_stability(
    cases: Sequence[Case], seen: Sequence[Seen], variants: Mapping[int, Variant]
) -> Iterator[Finding]:
    """Tell which cases change their verdict from one epoch to the next, for each variant."""
    verdicts: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in seen:
        if item.verdict is not None:
            verdicts[item.variant_id][item.case_id].append(item.verdict)
    for variant_id, by_case in verdicts.items():
        repeated = sum(len(found) > 1 for found in by_case.values())
        shaky = tuple(case for case in cases if len(set(by_case.get(case.id, ()))) > 1)
        if shaky:
            variant = variants[variant_id]
            yield Finding(
                "unstable",
                "should",
                f"{variant.model} · {variant.rung} answers {len(shaky)} of "
                f"{count(repeated, 'repeated case')} now right, now wrong.",
                shaky,
                ("edit", "label"),
            )
