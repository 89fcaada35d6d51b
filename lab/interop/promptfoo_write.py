"""Cases as a `promptfooconfig.yaml` that promptfoo can run, and that is read back the same.

Each case is a test whose variable `prompt` is what is asked, since the only prompt of the
config is `{{prompt}}`. promptfoo fills in templates in variables and in what is expected too,
so that braces are written such that it leaves them as they are. What promptfoo has no place
for stands under `metadata.litmus`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from lab.grading.assertions import effective
from lab.grading.kinds import LISTS, MEASURED, SCHEMAS, written
from lab.grading.lists import split_list
from lab.grading.numbers import parse_number
from lab.interop.fields import LITMUS, extras
from lab.interop.files import ImportProblem
from lab.interop.promptfoo_cases import Cases
from lab.interop.promptfoo_prompts import Prompt
from lab.interop.promptfoo_reading import Job, Place
from lab.interop.promptfoo_tests import Test
from lab.interop.yaml_write import dump
from store.records import Assertion, CaseDraft, Expectation

_PROMPT = "{{prompt}}"
_MARK = re.compile(r"\{[{%#]")
_NAMES_A_FILE = ("file://", "package:")
_NOTHING = '{{ "" }}'  # a template that leaves nothing

_HEADER = """\
# A benchmark written by Litmus. `echo` only repeats the prompt: put the models to be tried in
# its place, such as openai:chat:gpt-4.1-mini, and run `promptfoo eval`.
"""


def write(cases: Iterable[CaseDraft]) -> str:
    """Return cases as a promptfoo config that `lab.interop.promptfoo` reads back the same."""
    head = {"prompts": [_PROMPT], "providers": ["echo"]}
    tests = "".join(dump([test_of(case)]) for case in cases)
    return f"{_HEADER}{dump(head)}tests:\n{tests}" if tests else f"{_HEADER}{dump(head)}tests: []\n"


def test_of(case: CaseDraft) -> dict[str, object]:
    """Return the test that a case becomes."""
    test: dict[str, object] = {}
    metadata = dict(case.metadata)
    description = metadata.get("description")
    if isinstance(description, str) and description.strip():
        test["description"] = metadata.pop("description")
    test["vars"] = {"prompt": escaped(_asked(case))}
    asserts = [_assertion(each) for each in effective(case.expectation)]
    if asserts:
        test["assert"] = asserts
        if case.expectation.threshold is not None:
            test["threshold"] = case.expectation.threshold
    metadata.pop(LITMUS, None)
    if metadata:
        test["metadata"] = metadata
    if beyond := extras(case, _read_back(test, case)):
        test["metadata"] = {**metadata, LITMUS: beyond}
    return test


def escaped(text: str) -> str:
    """Return a text that promptfoo's templates, and its own file names, leave as it is."""
    text = _MARK.sub(lambda match: f'{{{{ "{match[0]}" }}}}', text)
    if text.startswith(_NAMES_A_FILE):
        text = _NOTHING + text
    return text + _NOTHING if text.endswith("\n") else text


def _read_back(test: Mapping[str, object], case: CaseDraft) -> CaseDraft:
    """Return the case that the reader makes of a test; one with nothing where it makes none."""
    job = Job("", None)
    fields: dict[str, object] = {**test}
    place = Place(1, 0, "")
    try:
        read = next(Cases(job, [Prompt(_PROMPT)]).of(Test(fields, place)))
    except ImportProblem:
        return CaseDraft("")
    if job.lost:  # a check of ours for promptfoo alone: what it stands for is written beside
        other = Expectation(assertions=(Assertion("equals", "\0"),))
        return replace(read, expectation=other)
    return read


def _asked(case: CaseDraft) -> str:
    """Return what is asked: the prompt, or with earlier turns all messages as JSON."""
    if not case.messages:
        return case.prompt
    turns = [*case.messages, {"role": "user", "content": case.prompt}]
    return json.dumps(turns, ensure_ascii=False, indent=2)


# --- what is expected ------------------------------------------------------------------


def _assertion(assertion: Assertion) -> dict[str, Any]:
    kind = assertion.type.removeprefix("not-")
    negated = "" if kind == assertion.type else "not-"
    fields: dict[str, Any] = {"type": assertion.type}
    if kind == "numeric":
        fields = {"type": "javascript", "value": _number_check(assertion, bool(negated))}
    elif kind in SCHEMAS:
        fields["type"] = f"{negated}{'is-json' if kind == 'json-schema' else kind}"
        if assertion.value.strip():
            fields["value"] = _json(assertion.value)
    elif kind in LISTS:
        fields["value"] = [escaped(item) for item in split_list(assertion.value)]
    elif kind not in MEASURED:
        fields["value"] = escaped(assertion.value)
    if assertion.threshold is not None:
        fields["threshold"] = assertion.threshold
    if assertion.weight != 1.0:
        fields["weight"] = assertion.weight
    return fields


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return escaped(text)
    return cast(object, value) if isinstance(value, dict) else escaped(text)


def _number_check(assertion: Assertion, negated: bool) -> str:
    """Return JavaScript that looks for a number, since promptfoo has no check that does."""
    number = parse_number(assertion.value)
    value, tolerance = str(number), written(assertion.tolerance)
    found = r"(output.replace(/(\d),(?=\d{3})/g, '$1').match(/-?\d+(\.\d+)?/g) || [])"
    return f"{'!' if negated else ''}{found}.some((n) => Math.abs(n - {value}) <= {tolerance})"
