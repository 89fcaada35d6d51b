"""From promptfoo's tests and prompts to cases: variables, templates, messages, expectations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import cast

from lab.grading.assertions import ExpectationError, effective
from lab.interop.conversation import Messages, read_conversation
from lab.interop.fields import LITMUS, with_extras
from lab.interop.files import ImportProblem, Refused
from lab.interop.folder import is_reference
from lab.interop.promptfoo_assertions import read_expectation, read_threshold
from lab.interop.promptfoo_prompts import Prompt, tag_of
from lab.interop.promptfoo_reading import Job, Object, Place, an_object, is_code
from lab.interop.promptfoo_tests import Test
from lab.interop.reading import ELSEWHERE
from lab.interop.templates import is_template, linked, text_of
from lab.interop.values import record
from lab.interop.yaml_text import load
from store.records import CaseDraft, Expectation

MOST_COMBINATIONS = 10_000  # of the values of one test's variables
MOST_CASES = 1_000_000
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".svg", ".mp4", ".webm", ".mov")
_UNREAD = (*_PICTURES, ".pdf", ".mp3", ".wav", ".zip", ".xlsx", ".docx")
_BY_HAND = "nothing is left that a machine can check: label by hand"

Values = dict[str, object]


@dataclass(slots=True)
class Cases:
    """Makes the cases of one import; their keys are unique.

    A case's key is the id that Litmus wrote with it, else its test's number from 1 (each
    combination of a test's variables counts, as in promptfoo's results); with several
    prompts the prompt's number follows, as in `3.2`.
    """

    job: Job
    prompts: Sequence[Prompt]
    by_hand: int = 0
    _number: int = 0
    _made: int = 0
    _keys: dict[str, Place] = field(default_factory=dict[str, Place])

    def of(self, test: Test) -> Iterator[CaseDraft]:
        """Yield the cases of a test. Raises ImportProblem, naming it."""
        try:
            yield from self._of(test)
        except (Refused, ExpectationError) as problem:
            test.place.refuse(str(problem))

    def _of(self, test: Test) -> Iterator[CaseDraft]:
        fields = test.fields
        options = an_object(fields.get("options"), "options")
        metadata = dict(an_object(fields.get("metadata"), "metadata"))
        ours = record(metadata.pop(LITMUS, None), LITMUS)
        if description := fields.get("description"):
            metadata.setdefault("description", text_of(description))
        prompts = self._prompts(fields.get("prompts"))
        line = test.place.line if test.place.file == self.job.name and test.place.line else None
        for values in self._combinations(an_object(fields.get("vars"), "vars"), options, test):
            self._number += 1
            for place, prompt in prompts:
                self._made += 1
                if self._made > MOST_CASES:
                    raise Refused(f"there are more than {MOST_CASES:,} cases")
                self.job.notes.begin(line)
                self._note_options(fields, options)
                expectation = self._expectation(fields, values, ours, test.place)
                messages, asked = self._asked(prompt, options, values)
                key = f"{self._number}.{place}" if len(self.prompts) > 1 else str(self._number)
                tags = (tag_of(prompt, place),) if len(self.prompts) > 1 else ()
                draft = CaseDraft(asked, key, expectation, messages, (), tags, "test", metadata)
                draft = with_extras(draft, ours) if ours else draft
                if ours and len(self.prompts) > 1 and "id" in ours:
                    draft = replace(draft, key=f"{draft.key}.{place}")
                self.by_hand += not effective(draft.expectation)
                unique = self._unique(draft.key, key, test.place)
                yield draft if unique == draft.key else replace(draft, key=unique)

    def _unique(self, key: str, own: str, place: Place) -> str:
        """Return a key that no case has yet. Raises Refused where an author's id is there."""
        if not key:
            return ""
        if key in self._keys and key != own:
            raise Refused(f"the id “{key}” was used in test {self._keys[key].number} already")
        while key in self._keys:  # another case has this number as its id
            key += "'"
        self._keys[key] = place
        return key

    def _prompts(self, wanted: object) -> list[tuple[int, Prompt]]:
        """Return the prompts that a test asks, with their numbers."""
        numbered = list(enumerate(self.prompts, 1))
        if wanted is None:
            return numbered
        listed = cast("list[object]", wanted) if isinstance(wanted, list) else [wanted]
        names = [name for name in listed if isinstance(name, str)]
        kept = [pair for pair in numbered if pair[1].allowed(names)]
        if not kept:
            raise Refused(f"no prompt is called {', '.join(names)[:80]}, which its prompts name")
        return kept

    def _expectation(
        self, fields: Object, values: Values, ours: Mapping[str, object], place: Place
    ) -> Expectation:
        """Read what is expected; what Litmus wrote beside it counts alone."""
        if "assert" in ours:
            return Expectation(threshold=read_threshold(fields.get("threshold")))
        expectation = read_expectation(
            fields.get("assert"), fields.get("threshold"), values, self.job, place
        )
        if not effective(expectation) and fields.get("assert"):
            self.job.notes.add(_BY_HAND)
        return expectation

    def _note_options(self, fields: Object, options: Object) -> None:
        notes = self.job.notes
        if fields.get("providerOutput"):
            notes.add(ELSEWHERE)
        if options.get("transform") or options.get("postprocess"):
            notes.add("a transform of the answer is code: the answer is checked as it is")
        if options.get("transformVars"):
            notes.add("a transform of the variables is code: they are used as they stand")
        if options.get("storeOutputAs"):
            notes.add("an answer is not carried over into later tests (storeOutputAs)")
        if options.get("rubricPrompt"):
            notes.add("a rubricPrompt is passed over: the judge is asked as Litmus asks")
        if fields.get("assertScoringFunction"):
            notes.add("a scoring function is code: the weighted mean score counts")

    # --- variables -----------------------------------------------------------------------

    def _combinations(self, given: Object, options: Object, test: Test) -> Iterator[Values]:
        """Yield each combination of the values of variables, as promptfoo makes them.

        A list of texts, and a pattern that names several files, are values to take in turn.
        """
        whole = options.get("disableVarExpansion") is True
        choices = [self._choices(name, value, whole) for name, value in given.items()]
        if prod(len(values) for values in choices) > MOST_COMBINATIONS:
            raise Refused(f"its variables have more than {MOST_COMBINATIONS:,} combinations")
        for chosen in product(*choices):
            values = dict(zip(given, chosen, strict=True))
            for name, value in values.items():
                if isinstance(value, str) and value.endswith("\n"):
                    values[name] = value[:-1]
            if any(isinstance(value, str) and "{{" in value for value in chosen):
                values = linked(values)
            yield values

    def _choices(self, name: str, value: object, whole: bool) -> list[object]:
        if isinstance(value, str):
            return self._of_files(name, value) if is_reference(value) else [value]
        if isinstance(value, list) and not whole:
            listed = cast("list[object]", value)
            if listed and isinstance(listed[0], str):
                return [
                    self._of_files(name, each)[0]
                    if isinstance(each, str) and is_reference(each)
                    else each
                    for each in listed
                ]
        return [value]

    def _of_files(self, name: str, reference: str) -> list[object]:
        """Return the texts of the files that a variable names."""
        if is_code(reference):
            self.job.notes.add(f"the variable {name} is made by code, which is never run")
            return [reference]
        return [self._of_file(name, path) for path in self.job.paths(reference)]

    def _of_file(self, name: str, path: Path) -> object:
        suffix = path.suffix.casefold()
        if suffix in (".yaml", ".yml"):
            return json.dumps(self.job.data(path), ensure_ascii=False)
        if suffix in _UNREAD:
            self.job.notes.add(
                f"the variable {name} is a {suffix[1:]} file, which is not read into a prompt"
            )
            return f"[{path.name}]"
        return self.job.text(path).strip()

    # --- the prompt ----------------------------------------------------------------------

    def _asked(self, prompt: Prompt, options: Object, values: Values) -> tuple[Messages, str]:
        """Return the earlier turns and the prompt that a template makes of the variables."""
        raw = prompt.raw
        if options.get("prefix") or options.get("suffix"):
            if _structure(raw) is not None:
                self.job.notes.add("a prefix or suffix makes one text of a prompt's messages")
            raw = text_of(options.get("prefix")) + raw + text_of(options.get("suffix"))
        structure = _structure(raw)
        if structure is None:
            text = self.job.render(raw, values)
            # promptfoo fills in what it has filled in once more.
            text = self.job.render(text, values) if text != raw and is_template(text) else text
        else:
            structure = self._filled(structure, values)
            text = json.dumps(structure, ensure_ascii=False, indent=2)
        if (chat := as_chat(text)) is not None:
            return read_conversation(chat, "the prompt", self.job.notes)
        if not text.strip():
            raise Refused("the prompt is empty")
        return (), text

    def _filled(self, value: object, values: Values) -> object:
        if isinstance(value, str):
            return self.job.render(value, values)
        if isinstance(value, list):
            return [self._filled(each, values) for each in cast("list[object]", value)]
        if isinstance(value, dict):
            fields = cast("dict[str, object]", value)
            return {key: self._filled(each, values) for key, each in fields.items()}
        return value


def as_chat(text: str) -> list[object] | None:
    """Return the messages that a prompt's text is, as JSON or YAML; None for any other text."""
    begins = text.lstrip()[:7]
    if begins[:1] != "[" and not begins.startswith("- role:"):
        return None
    try:
        value: object = json.loads(text) if begins[:1] == "[" else load(text, "the prompt")
    except (ValueError, RecursionError, ImportProblem):
        return None
    if not isinstance(value, list) or not value:
        return None
    listed = cast("list[object]", value)
    chat = all(isinstance(each, dict) and "role" in each and "content" in each for each in listed)
    return listed if chat else None


def _structure(raw: str) -> object:
    """Return the list or object that a template is as JSON; None for any other text."""
    if raw.lstrip()[:1] not in ("[", "{") or raw.lstrip().startswith(("{{", "{%", "{#")):
        return None
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return cast(object, value) if isinstance(value, list | dict) else None
