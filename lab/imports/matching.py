"""Which case and which variant each answer of a file belongs to; nothing is stored here."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from lab.interop.answers import AnswerFile, AnswerRow, refuse
from lab.interop.files import ImportProblem
from store.records import IMPORTED, Case, CaseDraft, Expectation, Rung, Variant

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Given:
    """What holds for every answer of a file that does not say it of its own.

    `known_only` leaves out answers to questions that the benchmark does not ask.
    """

    rung: Rung | None = None
    model: str = ""
    provider: str = ""
    known_only: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """An answer in its place. `case` is a stored case, or the index of a new one."""

    row: AnswerRow
    variant: Variant
    case: Case | int
    epoch: int


class Matching:
    """Finds each answer's case by its id, or by its prompt, or makes a new one.

    `cases` are the benchmark's, `gone` the ids of those that were taken out of it. After
    `place` there are `placed`, the new cases' `drafts`, the `ratings` with their cases, and
    `notes`, which count what a person should know.
    """

    def __init__(
        self, file: AnswerFile, given: Given, cases: Iterable[Case], gone: Collection[str]
    ) -> None:
        self._file, self._given, self._gone = file, given, gone
        self._by_key: dict[str, Case | int] = {}
        self._by_question = defaultdict[str, list[Case | int]](list)
        for case in cases:
            self._by_key[case.key] = case
            self._by_question[_question(case.draft)].append(case)
        self._variants: dict[tuple[str, ...], Variant] = {}
        self._epochs: dict[tuple[int, object], dict[int, str]] = {}
        self.drafts: list[CaseDraft] = []
        self.placed: list[Placed] = []
        self.ratings: list[tuple[AnswerRow, Case]] = []
        self.skipped = Counter[str]()
        self.notes = Counter[str]()

    @property
    def variants(self) -> list[Variant]:
        """The variants that the placed answers belong to, in the order of the file."""
        return list(self._variants.values())

    def place(self) -> None:
        """Place every answer. Raises ImportProblem for the first that cannot be."""
        for row in self._file.rows:
            if row.error:
                self.skipped[row.error] += 1
            elif row.rating:
                self._rate(row)
            elif (case := self._case(row)) is not None:
                variant = self._variant(row)
                epoch = self._epoch(row, variant, case)
                self.placed.append(Placed(row, variant, case, epoch))

    def place_rating(self, row: AnswerRow, case: Case) -> None:
        """Place a rating's own answer, where none is stored that it could be of."""
        variant = self._variant(row)
        self.placed.append(Placed(row, variant, case, self._epoch(row, variant, case)))

    def expectation(self, case: Case | int) -> Expectation:
        """Return what a case expects."""
        return self.drafts[case].expectation if isinstance(case, int) else case.expectation

    def _rate(self, row: AnswerRow) -> None:
        case = self._by_key.get(row.key)
        if isinstance(case, Case):
            self.ratings.append((row, case))
        else:
            self.skipped["ratings of cases that are not in the benchmark"] += 1

    def _case(self, row: AnswerRow) -> Case | int | None:
        """Return the case that an answer is to; None where it is left out."""
        case = self._by_key.get(row.key) if row.key else None
        if case is not None:
            self._same_question(row, case)
            return case
        if row.key in self._gone:
            self._refuse(row, f"the case “{row.key}” was taken out of the benchmark")
        if not row.prompt.strip():
            self._refuse(row, f"there is no case “{row.key}”, and no prompt to make one of")
        asking = self._asking(row)
        if len(asking) > 1:
            several = ", ".join(f"“{self._name(each)}”" for each in asking[:3])
            self._refuse(row, f"several cases ask this ({several}); give their ids")
        if asking:
            if row.key:
                self.notes["answers with an unknown id are to the case with their prompt"] += 1
            self._note_expectation(row, asking[0])
            return asking[0]
        if self._given.known_only:
            self.skipped["answers to questions that the benchmark does not ask"] += 1
            return None
        return self._new(row)

    def _asking(self, row: AnswerRow) -> list[Case | int]:
        """Return the cases that ask what a row's answer is to.

        Under an id of its own that expects something else it is another case.
        """
        asking = self._by_question.get(_question(row), [])
        if not row.key:
            return asking
        return [
            each
            for each in asking
            if isinstance(each, Case) and row.expectation in (Expectation(), each.expectation)
        ]

    def _new(self, row: AnswerRow) -> int:
        index = len(self.drafts)
        draft = CaseDraft(row.prompt, row.key, row.expectation, row.messages)
        self.drafts.append(draft)
        self._by_question[_question(draft)].append(index)
        if row.key:
            self._by_key[row.key] = index
        return index

    def _same_question(self, row: AnswerRow, case: Case | int) -> None:
        draft = self.drafts[case] if isinstance(case, int) else case.draft
        asked = _folded(row.prompt)
        if asked and asked != _folded(draft.prompt):
            self._refuse(
                row,
                f"the case “{row.key}” asks “{_short(draft.prompt)}”, and this answer is to "
                f"“{_short(row.prompt)}”, which is no evidence for it",
            )
        if row.messages and _turns(row.messages) != _turns(draft.messages):
            self._refuse(row, f"other turns stand before the prompt of the case “{row.key}”")
        self._note_expectation(row, case)

    def _note_expectation(self, row: AnswerRow, case: Case | int) -> None:
        if row.expectation and row.expectation != self.expectation(case):
            self.notes["expectations differ from those of the benchmark, which stand"] += 1

    def _variant(self, row: AnswerRow) -> Variant:
        rung, model = row.rung or self._given.rung, row.model or self._given.model
        provider = row.provider or self._given.provider
        if rung is None:
            raise ImportProblem(
                f"{self._file.name} does not say on which rung the answer in {row.where} was "
                "made; give --rung bare, context, rag or tuned."
            )
        if not model:
            raise ImportProblem(
                f"{self._file.name} does not say which model gave the answer in {row.where}; "
                "name it with --model."
            )
        parameters = {**row.parameters, "served_by": provider} if provider else row.parameters
        key = (rung, model, row.system, json.dumps(parameters, sort_keys=True))
        if key not in self._variants:
            self._variants[key] = Variant(
                rung, IMPORTED, model, system=row.system, parameters=parameters
            )
        return self._variants[key]

    def _epoch(self, row: AnswerRow, variant: Variant, case: Case | int) -> int:
        """Return the row's epoch, else the first that its variant and case have not had."""
        which = case if isinstance(case, int) else ("stored", case.id)
        taken = self._epochs.setdefault((id(variant), which), {})
        epoch = row.epoch or next(n for n in range(1, len(taken) + 2) if n not in taken)
        if epoch in taken:
            self._refuse(
                row, f"epoch {epoch} of the case “{self._name(case)}” is in {taken[epoch]} already"
            )
        taken[epoch] = row.where
        return epoch

    def _name(self, case: Case | int) -> str:
        draft = self.drafts[case] if isinstance(case, int) else case.draft
        return draft.key or _short(draft.prompt)

    def _refuse(self, row: AnswerRow, reason: str) -> None:
        refuse(row.where, self._file.name, reason)


def _question(asked: AnswerRow | CaseDraft) -> str:
    turns = _turns(asked.messages)
    return "\0".join((*turns, _folded(asked.prompt))) if turns else _folded(asked.prompt)


def _turns(messages: Sequence[dict[str, str]]) -> tuple[str, ...]:
    return tuple(f"{turn['role']}: {_folded(turn['content'])}" for turn in messages)


def _folded(text: str) -> str:
    """Return text with its white space folded: a file may have wrapped or trimmed it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _short(text: str) -> str:
    line = _folded(text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
