"""Which column or key of a file fills which field of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.interop.files import ImportProblem

SAME: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "input", "question", "text"),
    "expected": (
        *("expected", "expected_output", "ideal", "target", "answer", "reference", "label"),
    ),
}
"""The names that are read as the same; where a row has several, the first counts."""

METADATA = "metadata."
MAPPED = ("prompt", "expected", "id", "tags", "split", "context")
KNOWN = frozenset((*MAPPED, *(name for names in SAME.values() for name in names)))


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields stand in a row. `metadata` are a value's name and place, each."""

    places: tuple[tuple[str, int], ...]
    metadata: tuple[tuple[str, int], ...]
    unused: tuple[int, ...]

    def fields(self, values: Sequence[object]) -> dict[str, object]:
        """Return a row's values by our names; a short row lacks its last ones."""
        count = len(values)
        fields = {field: values[place] for field, place in self.places if place < count}
        if self.metadata:
            given = fields.get("metadata")
            own = {
                name: values[place]
                for name, place in self.metadata
                if place < count and values[place] not in ("", None)
            }
            fields["metadata"] = {**given, **own} if isinstance(given, dict) else own
        return fields

    def used(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return each field with the name of the column that fills it."""
        named = [(field, names[place]) for field, place in self.places]
        return (*named, *((METADATA + field, names[place]) for field, place in self.metadata))


def choose(names: Sequence[str], fields: Sequence[str], mapped: Mapping[str, str]) -> Columns:
    """Return where each of `fields` stands among a row's names.

    What the person mapped comes first, then a field's own names in the order of `SAME`. A
    mapped column that the row does not have is left out.
    """
    exact = {name.strip(): place for place, name in reversed(list(enumerate(names)))}
    folded = {name.casefold(): place for name, place in reversed(exact.items())}
    chosen: dict[str, int] = {}
    for field, column in mapped.items():
        place = exact.get(column.strip(), folded.get(column.strip().casefold()))
        if place is not None:
            chosen[field] = place
    taken = set(chosen.values())
    for field in fields:
        if field not in mapped:
            found = (folded[name] for name in SAME.get(field, (field,)) if name in folded)
            place = next((place for place in found if place not in taken), None)
            if place is not None:
                chosen[field] = place
    taken |= set(chosen.values())
    for name, place in exact.items():
        named = name.casefold().startswith(METADATA) and len(name) > len(METADATA)
        if named and place not in taken:
            chosen[METADATA + name[len(METADATA) :]] = place
            taken.add(place)
    return Columns(
        tuple((field, place) for field, place in chosen.items() if not field.startswith(METADATA)),
        tuple(
            (field[len(METADATA) :], place)
            for field, place in chosen.items()
            if field.startswith(METADATA)
        ),
        tuple(place for place, name in enumerate(names) if name and place not in taken),
    )


def refuse_unknown_fields(mapped: Mapping[str, str]) -> None:
    """Raise ImportProblem where a person maps a column to what is no field of a case."""
    for field in mapped:
        if field not in MAPPED and not (field.startswith(METADATA) and len(field) > len(METADATA)):
            raise ImportProblem(
                f"“{field}” is no field of a case; map a column to one of {', '.join(MAPPED)} "
                "or metadata.NAME."
            )


def parse_mapping(typed: Iterable[str]) -> dict[str, str]:
    """Return field → column from what a person typed: `1=expected,2=prompt`, `body=prompt`.

    A column's name may hold commas and equals signs. Raises ImportProblem.
    """
    mapped: dict[str, str] = {}
    for text in typed:
        pieces = text.split(",")
        for piece in pieces if all("=" in each for each in pieces) else [text]:
            column, equals, field = (part.strip() for part in piece.rpartition("="))
            if not (column and equals and field):
                raise ImportProblem(f"“{piece}” maps nothing; write COLUMN=FIELD, as body=prompt.")
            if mapped.setdefault(field, column) != column:
                raise ImportProblem(f"{field} is mapped twice, to {mapped[field]} and {column}.")
    refuse_unknown_fields(mapped)
    return mapped
