"""promptfoo's table of tests: variables, with `__expected` and its like as columns.

By itself it has no prompt's template. The prompt is then the column `prompt`, `question`,
`input` or `text`, or the one that a person named, else the only variable, else all of them,
a line `name: value` for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from lab.interop.columns import refuse_unknown_fields
from lab.interop.fields import LITMUS
from lab.interop.files import ImportProblem, Refused, cells_of, delimiter_of
from lab.interop.folder import Folder
from lab.interop.promptfoo import result
from lab.interop.promptfoo_cases import Cases
from lab.interop.promptfoo_cells import is_special, test_of
from lab.interop.promptfoo_prompts import Prompt
from lab.interop.promptfoo_reading import Job, Place, an_object
from lab.interop.promptfoo_tests import Test, rows
from lab.interop.source import ImportResult, Source, Wishes
from store.records import CaseDraft

NAME = "promptfoo-csv"
TITLE = "promptfoo tests in CSV"

_STEP = 500
_HEAD = 65_536
_EXPECTED = "__expected"
_MAPPED = ("prompt", "id", "tags", "split")
_PROMPT = "{{prompt}}"


def matches(source: Source) -> bool:
    """Tell a table by a column whose name promptfoo reads as its own."""
    if source.text.lstrip()[:1] in ("{", "["):
        return False
    try:
        header = next(_header(source.text[:_HEAD], source.name), list[str]())
    except ImportProblem:
        return False
    return any(is_special(column.strip()) for column in header)


def _header(text: str, name: str) -> Iterator[list[str]]:
    for _, cells in islice(cells_of(text, name, delimiter_of(text, [_EXPECTED])), 1):
        yield cells


def read(source: Source, wishes: Wishes) -> ImportResult:
    """Read a table of tests.

    Raises ImportProblem, naming the line, for what cannot be used, and where `wishes.strict`
    for a check that cannot be made; and Stopped.
    """
    _refuse_columns(wishes.columns)
    job = Job(source.name, Folder(source.path.parent))
    made = Cases(job, [Prompt(_PROMPT)])
    about = source.text.count("\n")
    cases: list[CaseDraft] = []
    asked: dict[str, None] = {}
    delimiter = delimiter_of(source.text[:_HEAD], [_EXPECTED])
    for number, (line, row) in enumerate(rows(source.text, source.name, delimiter), 1):
        place = Place(number, line, source.name)
        try:
            test = _test(row, wishes.columns, asked, job)
        except Refused as problem:
            place.refuse(str(problem))
        cases += made.of(Test(test, place))
        if number % _STEP == 0:
            wishes.progress(number, about)
    if not cases:
        raise ImportProblem(f"{source.name} holds no cases, only a header.")
    if len(asked) > 1:
        job.notes.begin()
        job.notes.add(f"the prompt is the columns {', '.join(asked)}, each on a line")
    if wishes.strict:
        job.refuse_lost()
    wishes.progress(len(cases), len(cases))
    return result(cases, made, job, NAME)


def _refuse_columns(columns: Mapping[str, str]) -> None:
    refuse_unknown_fields(columns)
    for field in columns:
        if field not in _MAPPED:
            raise ImportProblem(
                f"promptfoo's CSV says by its own columns what {field} is; --map takes "
                f"{', '.join(_MAPPED)} here."
            )


def _test(
    row: Mapping[str, str], columns: Mapping[str, str], asked: dict[str, None], job: Job
) -> dict[str, object]:
    """Return a row's test, whose variable `prompt` is what is asked. Raises Refused."""
    ours = {field: column for field, column in columns.items() if field != "prompt"}
    for column in columns.values():
        if column not in row:
            raise Refused(f"no column is named {column}")
    test = test_of({name: cell for name, cell in row.items() if name not in ours.values()}, job)
    variables = dict(an_object(test["vars"], "vars"))
    names = [columns["prompt"]] if "prompt" in columns else _asked(list(variables))
    asked.update(dict.fromkeys(names))
    if len(names) == 1:
        prompt = variables[names[0]]
    else:
        prompt = "\n".join(f"{name}: {variables[name]}" for name in names)
    test["vars"] = {**variables, "prompt": prompt}
    if ours:
        metadata = an_object(test["metadata"], "metadata")
        test["metadata"] = {**metadata, LITMUS: _ours(row, ours)}
    return test


def _ours(row: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, object]:
    given: dict[str, object] = {}
    for field, column in columns.items():
        cell = row[column].strip()
        if not cell:
            continue
        parts = [part.strip() for part in cell.replace(";", ",").split(",")]
        given[field] = [part for part in parts if part] if field == "tags" else cell
    return given


def _asked(names: Sequence[str]) -> list[str]:
    """Return the columns that are asked: the one that is called so, else all."""
    if not names:
        raise Refused("no column is a variable that could be asked")
    folded = {name.strip().casefold(): name for name in reversed(names)}
    for known in ("prompt", "question", "input", "text"):
        if known in folded:
            return [folded[known]]
    return list(names)
