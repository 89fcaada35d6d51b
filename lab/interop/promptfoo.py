"""promptfoo's config, `promptfooconfig.yaml` (or JSON): prompts × tests, as cases.

Every prompt is asked with the variables of every test. Code, addresses and what Litmus has no
word for are named in the notes; files are read from the config's own folder alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import cast

from lab.interop.columns import refuse_unknown_fields
from lab.interop.files import ImportProblem, Refused
from lab.interop.folder import Folder
from lab.interop.promptfoo_cases import Cases
from lab.interop.promptfoo_prompts import Prompt, read_prompts
from lab.interop.promptfoo_reading import Job, Object, dereferenced, is_code
from lab.interop.promptfoo_tests import read_tests
from lab.interop.source import ImportResult, Source, Wishes
from lab.interop.yaml_text import load
from store.records import CaseDraft

NAME = "promptfoo"
TITLE = "promptfoo config, prompts × tests"

_STEP = 200
_TOP_KEY = re.compile(r"^[\"']?(prompts|tests|scenarios|providers|targets)[\"']?\s*:", re.MULTILINE)
_DEFAULT = Prompt("{{prompt}}")  # what promptfoo asks where a config has no prompts
_USED = ("prompts", "tests", "scenarios", "defaultTest", "providers", "targets")
# What tells promptfoo how to run, show and keep an evaluation; a case is the same without.
_PASSED_OVER = frozenset(
    (
        *("$schema", "description", "tags", "env", "evaluateOptions", "commandLineOptions"),
        *(
            "outputPath",
            "sharing",
            "metadata",
            "derivedMetrics",
            "assertionTemplates",
            "writeLatestResults",
        ),
        *("redteam", "tracing", "extensions"),
    )
)


def matches(source: Source) -> bool:
    """Tell a config by its top keys: two of prompts, tests, scenarios and providers."""
    if source.name.lower().endswith((".csv", ".tsv", ".jsonl")):
        return False
    if source.text.lstrip()[:1] != "{":
        return len(set(_TOP_KEY.findall(source.text))) > 1
    try:
        value: object = json.loads(source.text)
    except (ValueError, RecursionError):
        return False
    keys = cast("dict[str, object]", value).keys() if isinstance(value, dict) else ()
    return len({"prompts", "tests", "scenarios", "providers", "targets"}.intersection(keys)) > 1


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read a config and the files that it names.

    Raises ImportProblem, naming the line or the test, for what cannot be used, and where
    `wishes.strict` for a check that cannot be made; and Stopped.
    """
    refuse_unknown_fields(wishes.columns)
    if wishes.columns:
        raise ImportProblem("A promptfoo config has no columns to map; leave --map out.")
    job = Job(source.name, Folder(source.path.parent))
    wishes.progress(0, 0)
    try:
        config = _config(source, job)
        prompts = read_prompts(config["prompts"], job) if config.get("prompts") else [_DEFAULT]
        cases: list[CaseDraft] = []
        made = Cases(job, prompts)
        for draft in _drafts(config, made, job):
            cases.append(draft)
            if len(cases) % _STEP == 0:
                wishes.progress(len(cases), 0)
    except Refused as problem:
        raise ImportProblem(f"{source.name}: {str(problem).rstrip('.')}.") from None
    if not cases:
        raise ImportProblem(f"{source.name} holds no test that can be read; see its tests.")
    if wishes.strict:
        job.refuse_lost()
    wishes.progress(len(cases), len(cases))
    return result(cases, made, job, NAME)


def result(cases: list[CaseDraft], made: Cases, job: Job, format: str) -> ImportResult:
    """Return an import's cases with what came up."""
    return ImportResult(
        cases=tuple(cases),
        unknown=tuple(job.unknown),
        format=format,
        notes=job.notes.listed(),
        by_hand=made.by_hand,
    )


def _drafts(config: Object, made: Cases, job: Job) -> Iterator[CaseDraft]:
    for test in read_tests(config, job):
        yield from made.of(test)


def _config(source: Source, job: Job) -> Object:
    value = load(source.text, source.name)
    if not isinstance(value, dict):
        raise Refused("it is no mapping with prompts and tests")
    config = cast("dict[str, object]", value)
    if "$ref" in source.text:
        config = cast("dict[str, object]", dereferenced(config))
    if not any(config.get(name) for name in _USED):
        raise Refused("it has neither prompts nor tests")
    job.unknown.update(dict.fromkeys(key for key in config if key not in (*_USED, *_PASSED_OVER)))
    if config.get("nunjucksFilters"):
        job.notes.add("filters of its own (nunjucksFilters) are code and are never run")
        job.unknown.pop("nunjucksFilters", None)
    for name in ("providers", "targets"):
        for provider in _custom(config.get(name)):
            job.notes.add(f"the provider {provider[:80]} is code and is never run")
    return config


def _custom(providers: object) -> Iterator[str]:
    """Yield the providers that are programs or addresses of a person's own."""
    for item in cast("list[object]", providers) if isinstance(providers, list) else [providers]:
        id = item
        if isinstance(item, dict):
            fields = cast("dict[str, object]", item)
            id = fields.get("id") or next(iter(fields), None)
        if isinstance(id, str) and (is_code(id) or id.startswith(("webhook", "exec", "python"))):
            yield id
