"""Answers from the eval logs of Inspect: `.json`, and `.eval`, which is a zip of JSON.

An answer is the output of each sample and epoch, under the model of `eval` and the system
message that it was sent. What solvers other than `generate` do is no part of a prompt of
ours; their names are kept among the variant's parameters, so that answers made through a
template do not pass for those without it.

A scorer's value is a machine's, and Litmus grades answers itself: only the scores of
`precomputed_scores`, through which people's ratings come in, are labels, or those of a
scorer that the person names.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from lab.grading.assertions import ExpectationError
from lab.interop.answers import AnswerFile, AnswerRow, refuse
from lab.interop.files import ImportProblem, Refused, is_writable
from lab.interop.inspect_archive import Archive
from lab.interop.inspect_samples import case_of
from lab.interop.inspect_scores import RATINGS, verdict_of
from lab.interop.source import Note
from lab.interop.values import kind
from store.records import CaseDraft, Usage, Verdict

_ATTACHED = "attachment://"
_FINISHED = {"max_tokens": "length", "model_length": "length"}
# Solvers whose whole effect is in the messages, or is only to ask.
_PLAIN_SOLVERS = ("generate", "system_message")
_USED = (
    *("id", "epoch", "input", "choices", "target", "messages", "output", "scores", "error"),
    *("model_usage", "working_time", "total_time", "completed_at", "invalidation"),
)

Object = dict[str, Any]


def read_log(log: object, name: str, scorer: str = "") -> AnswerFile:
    """Read the whole JSON of an eval log; `scorer` names the scores that are labels.

    Raises ImportProblem, naming the sample.
    """
    whole = _object(log)
    return _Log(name, whole, scorer or RATINGS).read(_list(whole.get("samples")))


def read_eval(path: Path, scorer: str = "") -> AnswerFile:
    """Read an eval log in Inspect's own format, as `read_log` does. Raises ImportProblem."""
    with Archive(path) as archive:
        # A log that is not finished has no header yet.
        head = next((n for n in ("header.json", "_journal/start.json") if n in archive.names), None)
        if head is None:
            raise ImportProblem(f"{path.name} is a zip file, but no eval log of Inspect.")
        log = _Log(path.name, _object(archive.json(head)), scorer or RATINGS)
        samples = (n for n in archive.names if n.startswith("samples/") and n.endswith(".json"))
        return log.read(archive.json(each) for each in samples)


class _Log:
    """One log: what holds for all of its samples, and what came up while they were read."""

    def __init__(self, name: str, log: Object, scorer: str) -> None:
        spec = _object(log.get("eval"))
        self._name, self._scorer = name, scorer
        self._asked_model = str(spec.get("model") or "")
        # Inspect's name for any compatible server stands before the server's own.
        provider, slash, model = self._asked_model.removeprefix("openai-api/").partition("/")
        self._provider, self._model = (provider, model) if slash else ("", provider)
        self._parameters = _parameters(log, spec)
        ids = _list(_object(spec.get("dataset")).get("sample_ids"))
        self._order = {str(each): place for place, each in enumerate(ids)}
        self._machine = Counter[str]()
        self._unread = 0

    def read(self, samples: Iterable[object]) -> AnswerFile:
        rows: list[AnswerRow] = []
        for place, given in enumerate(samples, 1):
            sample = _object(given)
            if "id" not in sample:
                refuse(f"sample {place}", self._name, f"{kind(given)} without an id")
            known = {name: sample[name] for name in _USED if name in sample}
            if not is_writable(known):
                refuse(f"sample {place}", self._name, "half a character (a lone surrogate)")
            apart = _object(sample.get("attachments"))
            rows.append(self._row(cast(Object, _whole(known, apart))))
        # The log has them as they came to an end.
        rows.sort(key=lambda row: (row.epoch or 0, self._order.get(row.key, len(self._order))))
        notes = [
            Note(
                f"scores by {each} are a machine's; --label-from {each} takes them as labels",
                None,
                n,
            )
            for each, n in self._machine.items()
        ]
        if self._unread:
            notes.append(Note("scores that are no verdict label nothing", None, self._unread))
        return AnswerFile(self._name, "inspect", tuple(rows), notes=tuple(notes))

    def _row(self, sample: Object) -> AnswerRow:
        key, epoch = str(sample["id"]), sample.get("epoch")
        case, lack = _case(sample)
        output = _object(sample.get("output"))
        choice = _object(next(iter(_list(output.get("choices"))), None))
        said = _object(choice.get("message")).get("content")
        label, note = self._label(sample)
        stopped = str(choice.get("stop_reason") or "")
        return AnswerRow(
            where=f"sample {key}, epoch {epoch}",
            answer=_text(output.get("completion")) or _text(said),
            key=key,
            prompt=case.prompt,
            messages=case.messages,
            expectation=case.expectation,
            provider=self._provider,
            model=self._model,
            resolved_model=str(output.get("model") or ""),
            system=_system(sample, case),
            parameters=self._parameters,
            epoch=epoch if isinstance(epoch, int) and epoch > 0 else None,
            label=label,
            note=note,
            reasoning=_text(said, "reasoning"),
            usage=self._usage(sample, output),
            cost_usd=_number(self._used(sample, output).get("total_cost")),
            latency_s=_latency(sample, output),
            finish_reason=_FINISHED.get(stopped, stopped),
            answered_at=_moment(sample.get("completed_at")),
            error=lack or _why_none(sample, output, choice),
        )

    def _label(self, sample: Object) -> tuple[Verdict | None, str]:
        label: Verdict | None = None
        note = ""
        for name, given in _object(sample.get("scores")).items():
            if name.rpartition("/")[2] != self._scorer:
                self._machine[name] += 1
                continue
            score = _object(given)
            label, note = verdict_of(score.get("value")), str(score.get("explanation") or "")
            self._unread += label is None
        return label, note

    def _used(self, sample: Object, output: Object) -> Object:
        """Return the usage of the model that was asked, over all of its calls."""
        by_model = _object(sample.get("model_usage"))
        return _object(by_model.get(self._asked_model)) or _object(output.get("usage"))

    def _usage(self, sample: Object, output: Object) -> Usage:
        used = self._used(sample, output)
        came, total = _count(used.get("output_tokens")), _count(used.get("total_tokens"))
        # What came from a cache is in `input_tokens` of old logs only, in the total of all.
        went = None if total is None or came is None or total < came else total - came
        cached = _count(used.get("input_tokens_cache_read"))
        return Usage(went, came, _count(used.get("reasoning_tokens")), cached)


def _case(sample: Object) -> tuple[CaseDraft, str]:
    """Return the case that a sample asks, or why no text can say what it asked."""
    asked = {name: sample[name] for name in ("input", "target", "choices") if name in sample}
    try:
        return case_of(asked), ""
    except (Refused, ExpectationError) as problem:
        return CaseDraft(""), f"asked what is no case here ({str(problem).rstrip('.')})"


def _system(sample: Object, case: CaseDraft) -> str:
    """Return the system message that a solver put before the sample's own turns."""
    sent = [_object(each) for each in _list(sample.get("messages"))]
    told = [_text(each.get("content")) for each in sent if each.get("role") == "system"]
    own = [each["content"] for each in case.messages if each["role"] == "system"]
    return "" if told == own else "\n\n".join(told)


def _why_none(sample: Object, output: Object, choice: Object) -> str:
    """Return why a sample has no answer that counts; empty where it has one."""
    if failed := _object(sample.get("error")).get("message"):
        return f"ended in an error ({str(failed)[:80]})"
    if sample.get("invalidation"):
        return "marked as invalid"
    if output.get("error"):
        return f"refused by the model's provider ({str(output['error'])[:80]})"
    return "" if choice else "without an output"


def _parameters(log: Object, spec: Object) -> Object:
    """Return what the model was told beside its messages, and the solvers that did more."""
    config = _object(spec.get("model_generate_config"))
    found = {name: value for name, value in config.items() if value is not None}
    steps = (_object(each) for each in _list(_object(log.get("plan")).get("steps")))
    solvers = [str(each.get("solver")) for each in steps]
    if any(each.rpartition("/")[2] not in _PLAIN_SOLVERS for each in solvers):
        found["solvers"] = ", ".join(solvers)
    return found


def _latency(sample: Object, output: Object) -> float | None:
    """Return seconds: of the call, or of all of the sample's work where there were several."""
    said = (_object(each) for each in _list(sample.get("messages")))
    calls = sum(each.get("role") == "assistant" and each.get("source") != "input" for each in said)
    names = ("working_time", "total_time")
    several = next((_number(sample[name]) for name in names if sample.get(name)), None)
    single = _number(output.get("time"))
    return several if calls > 1 or single is None else single


def _text(content: object, part: str = "text") -> str:
    """Return a content's text, or its reasoning, joined from its parts."""
    if isinstance(content, str):
        return content if part == "text" else ""
    parts = (_object(each) for each in _list(content))
    return "".join(str(each.get(part) or "") for each in parts if each.get("type") == part)


def _whole(value: object, apart: Object) -> object:
    """Put long texts, which stand apart under their hashes, back where they belong."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        return apart.get(value.removeprefix(_ATTACHED), value)
    if isinstance(value, list):
        return [_whole(each, apart) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        return {name: _whole(each, apart) for name, each in cast(Object, value).items()}
    return value


def _moment(value: object) -> float | None:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _object(value: object) -> Object:
    return cast(Object, value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
