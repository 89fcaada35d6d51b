"""What Litmus keeps, as plain frozen records. Every layer speaks in these."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from store.library_records import Retrieval
from store.tuned import Tuned

Split = Literal["test", "train"]
Rung = Literal["bare", "context", "rag", "tuned"]
Verdict = Literal["pass", "partial", "fail"]
# asking: a process is at work on it. done: a whole answer. stopped: by the person.
# interrupted: its process died. cut: the stream ended early. failed: no answer came.
Status = Literal["asking", "done", "stopped", "interrupted", "cut", "failed"]

RUNGS: tuple[Rung, ...] = ("bare", "context", "rag", "tuned")
SPLITS: tuple[Split, ...] = ("test", "train")
VERDICTS: tuple[Verdict, ...] = ("pass", "partial", "fail")
SCORE: dict[Verdict, float] = {"pass": 1.0, "partial": 0.5, "fail": 0.0}

DEFAULT_CAP_USD = 5.0

# The provider of variants whose answers were made elsewhere; nothing can be asked there.
IMPORTED = "imported"

# Made once: json.dumps would make an encoder anew for every value.
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Assertion:
    """One check of an answer, under promptfoo's names (`contains`, `not-icontains`, …).

    `value` is what is looked for, always as text: a list is one line of CSV, a JSON schema
    is JSON. `tolerance` is the absolute difference that `numeric` allows. `weight` is its
    share in the score, 0 for one that is shown and decides nothing. `threshold` is the bar
    of the types that have one (similarity 0–1, edits, milliseconds, US dollars, a judge's
    score 0–1); None is the type's own.
    """

    type: str
    value: str = ""
    tolerance: float = 0.0
    weight: float = 1.0
    threshold: float | None = None

    def content(self) -> dict[str, Any]:
        """Return it as JSON-ready values, without weight and threshold where they are usual."""
        values: dict[str, Any] = {
            "type": self.type,
            "value": self.value,
            "tolerance": self.tolerance,
        }
        if self.weight != 1.0:
            values["weight"] = self.weight
        return values if self.threshold is None else {**values, "threshold": self.threshold}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a right answer must satisfy: a text for people, assertions for the machine.

    `threshold` is the weighted mean score (0–1) that passes; None asks for every assertion.
    """

    text: str = ""
    assertions: tuple[Assertion, ...] = ()
    threshold: float | None = None

    def __bool__(self) -> bool:
        return bool(self.text or self.assertions)

    def content(self) -> dict[str, Any]:
        """Return it as JSON-ready values; what is as usual is left out, so that hashes last."""
        values: dict[str, Any] = {
            "text": self.text,
            "assertions": [each.content() for each in self.assertions],
        }
        return values if self.threshold is None else {**values, "threshold": self.threshold}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of a document that holds the answer.

    `start` and `end` are character offsets into the document's text and `page` counts
    from 1; each is None where it is not known. `quote` is the span's own text.
    """

    document: str
    page: int | None = None
    start: int | None = None
    end: int | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class CaseDocument:
    """A document that one case has in its context (`used`), or leaves out of the session's.

    `pages` are the chosen ones, as in `Document.chosen`.
    """

    name: str
    sha256: str
    used: bool = True
    pages: str = ""


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A case as it comes from a person or a file, before it is stored.

    `key` is the id that the benchmark's author gave; empty asks for the next free number.
    `messages` are earlier turns (`{"role", "content"}`) that stand before the prompt.
    `metadata` are the author's own JSON values; Litmus keeps them and asks nothing of them.
    `documents` change what is in the context for this case.
    """

    prompt: str
    key: str = ""
    expectation: Expectation = field(default_factory=Expectation)
    messages: tuple[dict[str, str], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    tags: tuple[str, ...] = ()
    split: Split = "test"
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    documents: tuple[CaseDocument, ...] = ()

    def content(self) -> dict[str, Any]:
        """Return what makes one revision differ from another, as JSON-ready values."""
        values: dict[str, Any] = {
            "prompt": self.prompt,
            "expectation": self.expectation.content(),
            "messages": list(self.messages),
            "evidence": [asdict(each) for each in self.evidence],
            "tags": list(self.tags),
            "split": self.split,
        }
        if self.metadata:
            values["metadata"] = self.metadata
        if self.documents:
            values["documents"] = [asdict(each) for each in self.documents]
        return values


@dataclass(frozen=True, slots=True)
class Case:
    """A stored case at one of its revisions. `position` counts from 0 in the benchmark."""

    id: int
    session_id: int
    key: str
    position: int
    revision_id: int
    number: int
    draft: CaseDraft

    @property
    def prompt(self) -> str:
        return self.draft.prompt

    @property
    def expectation(self) -> Expectation:
        return self.draft.expectation


@dataclass(frozen=True, slots=True)
class Session:
    """One experiment. `state` is what the screen needs to stand where it stood.

    `cap_usd` is the most that the session may spend, in US dollars; None is no cap.
    """

    id: int
    name: str
    task: str
    created_at: float
    opened_at: float
    cap_usd: float | None
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A file read into text. `pages` are the offsets in `text` at which pages begin.

    `attached` is its place among the documents in the context, None when it is not in it;
    `chosen` are the pages that are in the context, as "1-3,7", empty for all. `version`
    counts from 1 as the file changes. `promoted` are the keys of the session's collections
    that hold it whole. Its text is fetched apart, by `store.documents.text`, since it may
    be long.
    """

    id: int
    session_id: int
    name: str
    path: str
    sha256: str
    media_type: str
    bytes: int
    chars: int
    pages: tuple[int, ...]
    attached: int | None
    chosen: str = ""
    version: int = 1
    tags: tuple[str, ...] = ()
    promoted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to ask: model, provider, rung, system prompt, parameters, context settings.

    Immutable; its `hash` names it. `documents` are (name, sha256), and the chosen pages
    where not all are, in the order in which they stand in the context. On the rung `rag`
    they are those in the store, and `retrieval` says how it is searched. On the rung `tuned`,
    `tuned` says what the model was made of, None where nobody here knows.
    """

    rung: Rung
    provider: str
    model: str
    base_url: str = ""
    system: str = ""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    documents: tuple[tuple[str, ...], ...] = ()
    retrieval: Retrieval | None = None
    tuned: Tuned | None = None
    id: int = 0

    def content(self) -> dict[str, Any]:
        """Return what identifies the variant, as JSON-ready values."""
        values = asdict(self)
        del values["id"]
        for name in ("retrieval", "tuned"):  # left out, so that older hashes last
            if values[name] is None:
                del values[name]
        return values

    @property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the variant's content."""
        return content_hash(self.content())[:16]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None where it did not say."""

    prompt: int | None = None
    completion: int | None = None
    reasoning: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the session's judge says of an answer; `model` is the judge's.

    `verdict` is None when its reply could not be used; `reason` then says why. `score` is
    between 0 and 1, None where there is none. Unless `trusted`, it counts for nothing. `checks`
    are the results of the expectation's assertions, its rubrics among them.
    """

    verdict: Verdict | None
    score: float | None
    reason: str
    model: str
    trusted: bool
    checks: tuple[tuple[str, str, bool, str], ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it decides where there is no label."""
        return self.trusted and self.verdict is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """One case × epoch under one variant. Times are in seconds, cost in US dollars.

    `cost_usd` is None when the price is not known; `finish_reason` is the
    server's word for why the answer ends. `label` is a person's verdict, `grade`
    the assertions' one, and `checks` their results as (type, value, passed, got).
    """

    id: int
    run_id: int
    variant_id: int
    case_id: int
    revision_id: int
    epoch: int
    attempt: int
    status: Status
    text: str
    reasoning: str
    error: str
    model: str
    usage: Usage
    cost_usd: float | None
    first_token_s: float | None
    latency_s: float | None
    started_at: float
    sent_hash: str
    answer_hash: str
    finish_reason: str = ""
    label: Verdict | None = None
    grade: Verdict | None = None
    checks: tuple[tuple[str, str, bool, str], ...] = ()
    judgement: Judgement | None = None

    @property
    def verdict(self) -> Verdict | None:
        """A person's label wins over a trusted judge, and that over the assertions' grade."""
        judged = self.judgement.verdict if self.judgement and self.judgement.counts else None
        return self.label or judged or self.grade

    @property
    def open_judgement(self) -> Judgement | None:
        """The judgement, where the person may see it: labelled by now, or one that counts.

        Until then it stays hidden, since only a label given blind tells how good a judge is.
        """
        judgement = self.judgement
        return judgement if judgement and (self.label or judgement.counts) else None


def content_hash(value: Any) -> str:
    """Return the SHA-256 hex digest of a JSON-ready value in its canonical form."""
    text = _CANONICAL(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def answer_hash(text: str) -> str:
    """Return the hash of an answer's normalised text: NFC, white space folded.

    Two answers that differ only in that are the same answer for a label.
    """
    import unicodedata

    folded = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
