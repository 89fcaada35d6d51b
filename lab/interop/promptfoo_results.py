"""promptfoo's results, `promptfoo eval -o results.json` (or `.jsonl`), as answers made elsewhere.

Versions 2 to 4 of the file are read: a list of results, each with the prompt as it was asked,
the variables, the provider and what it said. promptfoo's own pass or fail is a machine's, so
that only a person's rating there becomes a label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import cast

from lab.grading.assertions import ExpectationError
from lab.interop.answers import AnswerRow
from lab.interop.conversation import Messages, read_conversation
from lab.interop.fields import LITMUS, with_extras
from lab.interop.files import ImportProblem, Refused, objects
from lab.interop.notes import Notes
from lab.interop.promptfoo_assertions import read_expectation
from lab.interop.promptfoo_cases import as_chat
from lab.interop.promptfoo_reading import Job, Object, Place, an_object
from lab.interop.source import Source
from lab.interop.templates import text_of
from store.records import CaseDraft, Expectation, Usage, Verdict

# What stands between a provider's name and its model's, as in `openai:chat:gpt-4.1`.
_WAYS = frozenset(
    (
        *("chat", "completion", "completions", "messages", "responses", "text", "model"),
        *("assistant", "realtime", "embedding", "embeddings"),
    )
)


def read_results(source: Source) -> list[AnswerRow]:
    """Read the answers of a results file, in its order.

    A result without an answer has its error instead. Raises ImportProblem, naming the result
    and the reason, for what is no such file.
    """
    found: list[AnswerRow] = []
    asked_at, results = _results(source)
    for where, result in results:
        try:
            found.append(_row(where, an_object(result, "the result"), source, asked_at))
        except (Refused, ExpectationError) as problem:
            raise ImportProblem(f"{source.name}, {where}: {str(problem).rstrip('.')}.") from None
        except RecursionError:
            raise ImportProblem(f"{source.name}, {where}: it is nested too deeply.") from None
    if not found:
        raise ImportProblem(f"{source.name} holds no results.")
    return found


def _results(source: Source) -> tuple[float | None, Iterator[tuple[str, object]]]:
    """Return when an evaluation ran, in seconds, and its results, each with its place."""
    whole: object = None
    try:
        whole = json.loads(source.text)
    except json.JSONDecodeError as problem:
        if problem.msg != "Extra data":
            raise ImportProblem(
                f"Line {problem.lineno} of {source.name}: not whole JSON ({problem.msg.lower()})."
            ) from None
    except (ValueError, RecursionError):
        raise ImportProblem(f"{source.name} is JSON that cannot be read.") from None
    if whole is None or (isinstance(whole, dict) and "results" not in whole):
        lines = objects(source.text, source.name)
        return None, ((f"line {line}", row) for line, row in lines)
    run = cast("dict[str, object]", whole) if isinstance(whole, dict) else {"results": whole}
    held = run["results"]
    if isinstance(held, dict):
        run = cast("dict[str, object]", held)
        held = run.get("results")
    if not isinstance(held, list):
        raise ImportProblem(f"{source.name} is no results file of promptfoo: it has no results.")
    listed = cast("list[object]", held)
    return _seconds(run.get("timestamp")), (
        (f"result {number}", row) for number, row in enumerate(listed, 1)
    )


def _row(where: str, result: Object, source: Source, asked_at: float | None) -> AnswerRow:
    response = an_object(result.get("response"), "response")
    messages, prompt = _asked(result.get("prompt"))
    case = _case(result, prompt, messages, source)
    provider, model = _model(result.get("provider"))
    answer = _answer(result, response)
    error = "" if answer is not None else _error(result, response)
    label, note = _rating(result.get("gradingResult"))
    cached = response.get("cached") is True
    return AnswerRow(
        where=where,
        answer=answer,
        key=case.key,
        prompt=prompt,
        messages=messages,
        expectation=case.expectation,
        provider=provider,
        model=model,
        label=label,
        note=note,
        usage=_usage(response.get("tokenUsage")),
        cost_usd=_first_number(result.get("cost"), response.get("cost")),
        latency_s=None if cached else _latency(result, response),
        finish_reason=text_of(response.get("finishReason")),
        answered_at=asked_at,
        error=error,
    )


def _asked(value: object) -> tuple[Messages, str]:
    """Return the earlier turns and the prompt as they were sent."""
    raw = value if isinstance(value, str) else an_object(value, "prompt").get("raw")
    if not isinstance(raw, str):
        raise Refused("it has no prompt")
    chat = as_chat(raw)
    return read_conversation(chat, "the prompt", Notes()) if chat is not None else ((), raw)


def _case(result: Object, prompt: str, messages: Messages, source: Source) -> CaseDraft:
    """Return what the result says of its case: the id that Litmus wrote, and what is expected."""
    test = an_object(result.get("testCase"), "testCase")
    ours = an_object(an_object(test.get("metadata"), "metadata").get(LITMUS), LITMUS)
    values = dict(an_object(result.get("vars"), "vars"))
    expectation = Expectation()
    if "assert" not in ours and isinstance(test.get("assert"), list):
        job, place = Job(source.name, None), Place(1, 0, source.name)
        try:
            expectation = read_expectation(
                test["assert"], test.get("threshold"), values, job, place
            )
        except (Refused, ExpectationError):
            expectation = Expectation()  # the answer is what is wanted; its case is there or made
    draft = CaseDraft(prompt, "", expectation, messages)
    return with_extras(draft, ours) if ours else draft


def _answer(result: Object, response: Object) -> str | None:
    """Return what the model said; None where no answer came."""
    output = response.get("output")
    if output is None and isinstance(result.get("output"), str) and not result.get("error"):
        output = result["output"]
    return None if output is None else text_of(output)


def _error(result: Object, response: Object) -> str:
    for value in (response.get("error"), result.get("error")):
        if isinstance(value, str) and value.strip():
            return value.strip()
    return "no answer came"


def _model(value: object) -> tuple[str, str]:
    """Return the provider's name and the model's from an id such as `openai:chat:gpt-4.1`."""
    id = value if isinstance(value, str) else an_object(value, "provider").get("id")
    if not isinstance(id, str):
        return "", ""
    provider, _, rest = id.partition(":")
    way, parted, model = rest.partition(":")
    if not rest or id.startswith(("file://", "http://", "https://", "exec:", "python:")):
        return "", id
    return provider, model if parted and way in _WAYS else rest


def _rating(value: object) -> tuple[Verdict | None, str]:
    """Return the verdict and the comment that a person gave in promptfoo's viewer."""
    grading = an_object(value, "gradingResult")
    note = grading.get("comment")
    label: Verdict | None = None
    parts = grading.get("componentResults")
    for part in cast("list[object]", parts) if isinstance(parts, list) else []:
        if not isinstance(part, dict):
            continue
        fields = cast("dict[str, object]", part)
        by = fields.get("assertion")
        human = isinstance(by, dict) and cast("dict[str, object]", by).get("type") == "human"
        if human and isinstance(fields.get("pass"), bool):
            label = "pass" if fields["pass"] else "fail"
    return label, note.strip() if isinstance(note, str) else ""


def _usage(value: object) -> Usage:
    usage = an_object(value, "tokenUsage")
    details = an_object(usage.get("completionDetails"), "completionDetails")
    return Usage(
        prompt=_count(usage.get("prompt")),
        completion=_count(usage.get("completion")),
        reasoning=_count(details.get("reasoning")),
        cached=_count(usage.get("cached")),
    )


def _latency(result: Object, response: Object) -> float | None:
    milliseconds = _first_number(response.get("latencyMs"), result.get("latencyMs"))
    return None if milliseconds is None else milliseconds / 1000


def _first_number(*values: object) -> float | None:
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
    return None


def _count(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if whole and isinstance(value, int) else None


def _seconds(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None
