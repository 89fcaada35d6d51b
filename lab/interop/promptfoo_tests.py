"""The tests of a promptfoo config, gathered from lists, files and scenarios, with defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from lab.interop.files import ImportProblem, Refused, cells_of, objects, same_ends, same_width
from lab.interop.promptfoo_cells import is_special, test_of
from lab.interop.promptfoo_reading import Job, Object, Place, a_list, an_object, is_code, line_of
from lab.interop.templates import text_of
from lab.interop.values import kind

_REMOTE = ("huggingface://", "http://", "https://", "langfuse://", "az://")
_BOOKS = (".xlsx", ".xls")
# The keys that a test can have. Those that do not change what a case is are passed over.
KEYS = frozenset(
    (
        *("vars", "assert", "description", "metadata", "options", "threshold", "prompts"),
        *("provider", "providers", "providerOutput", "assertScoringFunction"),
    )
)


@dataclass(frozen=True, slots=True)
class Test:
    """One test with what defaults and scenarios give it, and where it stands."""

    fields: Object
    place: Place


@dataclass(frozen=True, slots=True)
class _Found:
    """A test as it is written. `base` is its file's folder, None for the config's."""

    fields: Object
    line: int
    file: str
    base: Path | None = None


def read_tests(config: Object, job: Job) -> Iterator[Test]:
    """Yield the tests of a config in promptfoo's order: `tests`, then `scenarios`.

    A config without either has one test, which asks the prompts as they are. Raises
    ImportProblem, naming the place, or Refused for what is no test.
    """
    default = an_object(job.opened(config.get("defaultTest")), "defaultTest")
    number = 0
    for found in _gathered(config.get("tests"), job):
        number += 1
        place = Place(number, found.line, found.file)
        yield Test(_told(place, lambda f=found: _merged(default, {}, f, job)), place)
    for scenario, test in _scenarios(config.get("scenarios"), job):
        number += 1
        place = Place(number, test.line or line_of(scenario), test.file)
        yield Test(_told(place, lambda s=scenario, t=test: _merged(default, s, t, job)), place)
    if not number:
        if config.get("tests") or config.get("scenarios"):
            raise Refused(job.left_out[0] if job.left_out else "tests holds no test")
        yield Test(_merged(default, {}, _Found({}, 0, job.name), job), Place(1, 0, job.name))


def _told(place: Place, make: Callable[[], Object]) -> Object:
    try:
        return make()
    except Refused as problem:
        place.refuse(str(problem))


def _merged(default: Object, scenario: Object, found: _Found, job: Job) -> dict[str, object]:
    """Return a test with what it does not say itself, merged as promptfoo merges it."""
    test = found.fields
    options = {
        **an_object(default.get("options"), "options of defaultTest"),
        **an_object(scenario.get("options"), "options of a scenario"),
        **an_object(test.get("options"), "options"),
    }
    asserts: list[object] = []
    for level, name in ((default, "assert of defaultTest"), (scenario, "assert"), (test, "assert")):
        if level is default and options.get("disableDefaultAsserts") is True:
            continue
        asserts += a_list(job.opened(level.get("assert")), name)
    merged = {**default, **scenario, **test, "options": options, "assert": asserts}
    merged["vars"] = {
        **_variables(default.get("vars"), job),
        **_variables(scenario.get("vars"), job),
        **_variables(test.get("vars"), job, found.base),
    }
    merged["metadata"] = {
        **an_object(default.get("metadata"), "metadata of defaultTest"),
        **an_object(scenario.get("metadata"), "metadata"),
        **an_object(test.get("metadata"), "metadata"),
    }
    for name in ("threshold", "prompts"):
        merged[name] = next(
            (level[name] for level in (test, scenario, default) if level.get(name) is not None),
            None,
        )
    merged["description"] = test.get("description") or scenario.get("description")
    for level in (scenario, test):
        job.unknown.update({f"tests.{key}": None for key in level if key not in KEYS})
    return merged


def _variables(value: object, job: Job, base: Path | None = None) -> Mapping[str, object]:
    """Return variables, or those of the files that are named instead."""
    if not isinstance(value, str | list):
        return an_object(value, "vars")
    names = [value] if isinstance(value, str) else cast("list[object]", value)
    found: dict[str, object] = {}
    for name in names:
        if not isinstance(name, str):
            raise Refused(f"vars holds {kind(name)}, and must be a mapping or files")
        for path in job.paths(name, base):
            found.update(an_object(job.data(path), f"the file {job.shown(path)}"))
    return found


def _scenarios(value: object, job: Job) -> Iterator[tuple[Object, _Found]]:
    """Yield each pair of a scenario's settings and one of its tests."""
    for item in a_list(job.opened(value), "scenarios"):
        opened = job.opened(item)
        for each in cast("list[object]", opened) if isinstance(opened, list) else [opened]:
            scenario = an_object(each, "a scenario")
            tests = list(_gathered(scenario.get("tests"), job)) or [_Found({}, 0, job.name)]
            for settings in _settings(scenario.get("config"), job):
                for test in tests:
                    yield settings, test


def _settings(value: object, job: Job) -> Iterator[Object]:
    for item in a_list(job.opened(value), "config of a scenario"):
        opened = job.opened(item)
        for each in cast("list[object]", opened) if isinstance(opened, list) else [opened]:
            yield an_object(each, "config of a scenario")


# --- where tests stand -------------------------------------------------------------------


def _gathered(value: object, job: Job) -> Iterator[_Found]:
    if value is None:
        return
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        if not isinstance(fields.get("path"), str):
            raise Refused("tests is a mapping, and must be a list of tests or a file")
        value = fields["path"]
    if isinstance(value, str):
        yield from _named(value, job)
        return
    if not isinstance(value, list):
        raise Refused(f"tests is {kind(value)}, and must be a list of tests or a file")
    for number, item in enumerate(cast("list[object]", value), 1):
        if isinstance(item, str):
            yield from _named(item, job)
        elif isinstance(item, dict):
            fields = cast("dict[str, object]", item)
            if isinstance(fields.get("path"), str) and not fields.keys() & KEYS:
                yield from _named(cast(str, fields["path"]), job)
            else:
                yield _Found(fields, line_of(fields), job.name)
        elif item is not None:
            raise Refused(f"item {number} of tests is {kind(item)}, and must be a test")


def _named(reference: str, job: Job) -> Iterator[_Found]:
    """Yield the tests of the files that a reference names; what cannot be read is noted."""
    plain = reference.removeprefix("file://")
    if plain.startswith(_REMOTE):
        job.leave_out(
            f"tests at {plain[:80]} are not fetched; save them as a file beside the config"
        )
        return
    if is_code(plain):
        job.leave_out(f"tests made by {plain[:80]} are left out: it is code and is never run")
        return
    if plain.split("#")[0].casefold().endswith(_BOOKS):
        job.leave_out(f"tests in {plain[:80]} are left out: save the sheet as CSV")
        return
    for path in job.paths(reference):
        if is_code(path.name):
            job.leave_out(
                f"tests made by {path.name[:80]} are left out: it is code and is never run"
            )
            continue
        yield from _of_file(path, job)


def _of_file(path: Path, job: Job) -> Iterator[_Found]:
    name, suffix, text = job.shown(path), path.suffix.casefold(), job.text(path)
    if suffix == ".csv":
        for line, row in rows(text, name):
            yield _Found(_row(row, line, name, job), line, name, path.parent)
    elif suffix == ".jsonl":
        for line, fields in objects(text, name):
            yield _Found(fields, line, name, path.parent)
    elif suffix in (".json", ".yaml", ".yml"):
        data = job.data(path)
        for number, item in enumerate(
            cast("list[object]", data) if isinstance(data, list) else [data], 1
        ):
            if not isinstance(item, dict):
                raise ImportProblem(
                    f"Test {number} of {name} is {kind(item)}, and must be a mapping."
                )
            fields = cast("dict[str, object]", item)
            line = line_of(fields)
            if fields and not fields.keys() & KEYS:
                fields = _as_row(fields, job)
            yield _Found(fields, line, name, path.parent)
    else:
        raise Refused(f"the tests file {name} is neither CSV, YAML, JSON nor JSONL")


def _as_row(fields: Object, job: Job) -> dict[str, object]:
    """Return the test of an object that is a table's row: each key is a column."""
    special = {key: text_of(value) for key, value in fields.items() if is_special(key)}
    plain = {key: value for key, value in fields.items() if key not in special}
    return {**test_of(special, job), "vars": plain}


def _row(row: Mapping[str, str], line: int, name: str, job: Job) -> dict[str, object]:
    try:
        return test_of(row, job)
    except Refused as problem:
        raise ImportProblem(f"Line {line} of {name}: {problem}.") from None


def rows(text: str, name: str, delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a table with its line, by the header's names. Raises ImportProblem."""
    table = cells_of(same_ends(text), name, delimiter)
    first = next(table, None)
    if first is None:
        raise ImportProblem(f"{name} is empty.")
    header = [cell.strip() for cell in first[1]]
    if doubled := next((cell for cell in header if cell and header.count(cell) > 1), None):
        raise ImportProblem(f"Line 1 of {name}: two columns are named {doubled}.")
    for line, cells in same_width(table, len(header), name):
        cells += [""] * (len(header) - len(cells))
        yield line, {column: cell for column, cell in zip(header, cells, strict=False) if column}
