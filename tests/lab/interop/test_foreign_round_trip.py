"""What is written for OpenAI evals and for Inspect is guessed and read back as the same cases."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.interop import inspect_samples, openai_evals
from lab.interop.source import Source, Wishes
from store.records import Assertion, CaseDraft, Evidence, Expectation

WRITERS = (openai_evals, inspect_samples)

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)
NAME = TEXT.map(str.strip)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAME, inner))
ASSERTIONS = st.builds(
    Assertion,
    st.sampled_from(["contains", "not-icontains", "equals"]),
    TEXT,
    weight=st.sampled_from([1.0, 0.0, 2.5]),
) | st.builds(Assertion, st.just("contains-any"), NAME.filter(lambda text: text.isalnum()))
CASES = st.builds(
    CaseDraft,
    prompt=TEXT,
    expectation=st.builds(
        Expectation,
        st.just("") | TEXT | st.sampled_from(["B", "contains: x", "7"]),
        st.lists(ASSERTIONS, max_size=2).map(tuple),
        st.none() | st.just(0.5),
    ),
    messages=st.lists(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXT}
        ),
        max_size=2,
    ).map(tuple),
    evidence=st.lists(st.builds(Evidence, TEXT, quote=TEXT), max_size=1).map(tuple),
    tags=st.lists(NAME, max_size=2, unique=True).map(tuple),
    split=st.sampled_from(["test", "train"]),
    metadata=st.dictionaries(NAME | st.just("litmus"), VALUES, max_size=2),
)


@pytest.mark.parametrize("module", WRITERS, ids=lambda module: module.NAME)
@settings(max_examples=60, deadline=None)
@given(drafts=st.lists(CASES, min_size=1, max_size=3))
def test_what_is_written_is_read_back(module: ModuleType, drafts: list[CaseDraft]) -> None:
    keys = ("first", "", "third one")
    cases = [replace(draft, key=key) for draft, key in zip(drafts, keys, strict=False)]
    source = Source(Path("b.jsonl"), module.write(cases))
    assert module.matches(source)
    assert list(module.read(source, Wishes()).cases) == cases


def test_what_others_read_is_plain() -> None:
    case = CaseDraft(
        "Who?",
        "a",
        Expectation("", (Assertion("icontains-any", "Ann, Ben"),)),
        tags=("x",),
        metadata={"level": 1},
    )
    evals = json.loads(openai_evals.write([case]))
    assert evals["input"] == [{"role": "user", "content": "Who?"}]
    assert evals["ideal"] == ["Ann", "Ben"]
    assert evals["litmus"] == {"tags": ["x"]}
    sample = json.loads(inspect_samples.write([case]))
    assert (sample["input"], sample["target"], sample["id"]) == ("Who?", ["Ann", "Ben"], "a")
    assert sample["metadata"] == {"level": 1, "litmus": {"tags": ["x"]}}
