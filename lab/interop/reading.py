"""The reading of files that have one record a row, which the formats from elsewhere share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lab.grading.assertions import ExpectationError, effective
from lab.interop.columns import MAPPED, METADATA, refuse_unknown_fields
from lab.interop.contexts import Contexts
from lab.interop.conversation import Messages
from lab.interop.fields import LITMUS, read_case, with_extras
from lab.interop.files import ImportProblem, Refused, at
from lab.interop.notes import Notes
from lab.interop.rows import Row
from lab.interop.source import ImportResult, Wishes
from lab.interop.values import literal, record
from store.records import CaseDraft, Evidence, Expectation

ELSEWHERE = "an answer made elsewhere is not a case; litmus answers import reads it"

_STEP = 500

Names = Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Reading:
    """A file while it is read: what the format's fields are called, and what came up.

    `names` gives for each field the keys that are read as it, of which the first that is
    there is used; capitals and underlines in a key do not count. `about` is how many rows
    there may be, 0 where that is not known.
    """

    file: str
    wishes: Wishes
    names: Names
    about: int = 0
    notes: Notes = field(init=False)
    contexts: Contexts = field(default_factory=Contexts)
    unknown: dict[str, None] = field(default_factory=dict[str, None])
    _plans: dict[tuple[str, ...], dict[str, str]] = field(
        default_factory=dict[tuple[str, ...], dict[str, str]]
    )

    def __post_init__(self) -> None:
        refuse_unknown_fields(self.wishes.columns)
        self.notes = Notes(self.wishes.strict)

    def fields(self, row: Row) -> Row:
        """Return a row's values by the names of our fields, and note the keys without a use.

        Raises Refused where a column that the person named is not there.
        """
        plan = self._plan_of(tuple(row))
        self.unknown.update(dict.fromkeys(key for key in row if key not in plan.values() and key))
        return {name: row[key] for name, key in plan.items()}

    def with_rest(self, row: Row) -> tuple[Row, Row]:
        """Return a row's values by the names of our fields, and the rest of the row."""
        plan = self._plan_of(tuple(row))
        rest = {key: value for key, value in row.items() if key not in plan.values()}
        return {name: row[key] for name, key in plan.items()}, rest

    def _plan_of(self, keys: tuple[str, ...]) -> dict[str, str]:
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._plans[keys] = self._plan(keys)
        return plan

    def _plan(self, keys: tuple[str, ...]) -> dict[str, str]:
        plan: dict[str, str] = {}
        folded = {fold(key): key for key in reversed(keys)}
        for name, named in self.wishes.columns.items():
            if "{{" not in named:
                if fold(named) not in folded:
                    raise Refused(f"there is no {named} to read as the {name}")
                plan[name] = folded[fold(named)]
        for name, known in self.names.items():
            key = next((folded[fold(each)] for each in known if fold(each) in folded), None)
            if key is not None and name not in self.wishes.columns:
                plan[name] = key
        return plan

    def columns(self) -> tuple[tuple[str, str], ...]:
        """Return which key filled which field, of the fields that a person can map."""
        pairs = (pair for plan in self._plans.values() for pair in plan.items())
        return tuple(dict.fromkeys(pair for pair in pairs if pair[0] in MAPPED))

    def case(
        self,
        fields: Row,
        prompt: str,
        expectation: Expectation,
        *,
        messages: Messages = (),
        evidence: tuple[Evidence, ...] = (),
    ) -> CaseDraft:
        """Return the case of a row, with the id, tags, split and metadata that its fields give.

        What Litmus wrote beside them as `litmus` comes last and counts.
        Raises Refused or ExpectationError.
        """
        metadata = dict(record(unquoted(fields.get("metadata")), "metadata"))
        beyond = record(unquoted(fields.get(LITMUS)), LITMUS)
        for name, value in fields.items():
            if name.startswith(METADATA) and value not in ("", None):
                metadata[name.removeprefix(METADATA)] = value
        plain = {name: fields[name] for name in ("id", "tags", "split") if name in fields}
        draft = read_case({**plain, "prompt": prompt, "metadata": metadata}, self.unknown)
        draft = replace(draft, expectation=expectation, messages=messages, evidence=evidence)
        return with_extras(draft, beyond) if beyond else draft


def read_cases(
    reading: Reading,
    rows: Iterable[tuple[int | str, Row]],
    name: str,
    case: Callable[[Row], CaseDraft],
) -> ImportResult:
    """Read each row as a case and return them all; `name` is the format's.

    A row comes with its line, or with its place where the format has no lines. Raises
    ImportProblem, naming it, for the first row that cannot be used, and Stopped.
    """
    cases: list[CaseDraft] = []
    seen: dict[str, int | str] = {}
    for where, row in rows:
        reading.notes.begin(where if isinstance(where, int) else None)
        try:
            draft = case(row)
        except (Refused, ExpectationError) as problem:
            at(where, reading.file, str(problem).rstrip("."))
        if draft.key and (first := seen.setdefault(draft.key, where)) != where:
            place = f"line {first}" if isinstance(first, int) else first
            at(where, reading.file, f"the id “{draft.key}” was used in {place} already")
        cases.append(draft)
        if len(cases) % _STEP == 0:
            reading.wishes.progress(len(cases), reading.about)
    if not cases:
        raise ImportProblem(f"{reading.file} holds no cases.")
    reading.wishes.progress(len(cases), len(cases))
    return ImportResult(
        cases=tuple(cases),
        unknown=tuple(reading.unknown),
        format=name,
        notes=reading.notes.listed(),
        documents=reading.contexts.documents(),
        by_hand=sum(not effective(draft.expectation) for draft in cases),
        columns=reading.columns(),
    )


def unquoted(value: object) -> object:
    """Return a value, and of a table's cell the list or object that it spells."""
    return literal(value) if isinstance(value, str) else value


def fold(key: str) -> str:
    """Return a key as it is compared: `expectedOutput` is `expected_output`."""
    return key.strip().replace("_", "").casefold()
