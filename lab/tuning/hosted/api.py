"""What the fine-tuning API of OpenAI's shape says, through the `openai` client, as plain values."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.ask import Client
from lab.failures import AskError, cleaned, refused_parameter
from lab.replies import json_list, json_object, json_text
from lab.tuning.hosted.refusals import Gone, Refused, no_api, refusal
from store.jobs import JobState

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# As OpenAI calls them, and Azure, and those who spell otherwise; `paused` goes on some time.
STATES: dict[str, JobState] = {
    "validating_files": "queued",
    "queued": "queued",
    "pending": "queued",
    "notrunning": "queued",
    "running": "running",
    "paused": "running",
    "pausing": "running",
    "resuming": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_UNTAKEN = re.compile(r"unrecogni[sz]ed|unsupported|unknown|extra|not (supported|permitted)", re.I)
_PAGE, _MOST_PAGES = 100, 100


@dataclass(frozen=True, slots=True)
class Remote:
    """A job as the provider has it. `status` is its own word, `tokens` those it bills."""

    id: str
    status: str
    model: str = ""
    error: str = ""
    error_code: str = ""
    tokens: int | None = None
    training_file: str = ""
    result_files: tuple[str, ...] = ()

    @property
    def state(self) -> JobState | None:
        """The job's state, None for a word that nobody knows."""
        return STATES.get(self.status.lower())


@dataclass(frozen=True, slots=True)
class Happening:
    """An event or a checkpoint as the provider tells it; `at` in seconds since the epoch."""

    id: str
    at: float
    text: str
    level: str = "info"
    data: dict[str, Any] = field(default_factory=dict[str, Any])


class Api:
    """A provider's files and fine-tuning jobs. Every call raises Gone or Refused."""

    def __init__(self, client: Client) -> None:
        self.endpoint = client.endpoint
        self._client = client

    async def upload(self, name: str, content: bytes) -> str:
        """Upload a training file and return its id."""
        async with self._open("take the training file") as api:
            made = await api.files.create(file=(name, content), purpose="fine-tune")
            return self._id_of(made)

    async def find_file(self, name: str, size: int) -> str:
        """Return the id of a file of that name and size in bytes, empty for none."""
        async with self._open("list its files") as api:
            listed = _value(await api.files.list(purpose="fine-tune"))
        for item in map(json_object, json_list(listed.get("data")) or []):
            if (item.get("filename"), item.get("bytes")) == (name, size):
                return json_text(item.get("id"))
        return ""

    async def find_job(self, training_file: str) -> Remote | None:
        """Return the newest job that trains on an uploaded file, or None."""
        async with self._open("list its jobs") as api:
            listed = _value(await api.fine_tuning.jobs.list(limit=_PAGE))
        found = map(self._remote, json_list(listed.get("data")) or [])
        return next((job for job in found if job.training_file == training_file), None)

    async def create(
        self, model: str, training_file: str, wishes: dict[str, Any]
    ) -> tuple[Remote, list[str]]:
        """Create a job; return it, and which of the wishes the provider does not take.

        It is asked once: whether a call that was broken off made a job, `find_job` tells.
        """
        import openai

        left_out: list[str] = []
        async with self._open(f"fine-tune {model}", retries=0, model=model) as api:
            while True:
                try:
                    made = await api.fine_tuning.jobs.create(
                        model=model, training_file=training_file, **wishes
                    )
                    self._id_of(made)
                    return self._remote(_value(made)), left_out
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    refused = refused_parameter(error, wishes)
                    if refused not in ("seed", "suffix") or not _UNTAKEN.search(str(error)):
                        raise
                    del wishes[refused]
                    left_out.append(refused)

    async def job(self, remote: str) -> Remote:
        """Return a job as it stands. Raises Refused where the provider has none of that id."""
        async with self._open(f"know the job {remote}") as api:
            found = _value(await api.fine_tuning.jobs.retrieve(remote))
        if not json_text(found.get("status")):
            raise Gone(f"{self.endpoint.label} answered with something that is no job.")
        return self._remote(found)

    async def cancel(self, remote: str) -> Remote:
        """Cancel a job and return it as it stands then."""
        async with self._open(f"cancel the job {remote}") as api:
            return self._remote(_value(await api.fine_tuning.jobs.cancel(remote)))

    async def events(self, remote: str, known: set[str]) -> list[Happening]:
        """Return a job's events that are not known yet, the oldest first.

        A provider that tells none has none.
        """
        try:
            return await self._events(remote, known)
        except Refused as error:
            if error.key:
                raise
            return []

    async def _events(self, remote: str, known: set[str]) -> list[Happening]:
        fresh: dict[str, Happening] = {}
        import openai

        after = ""
        async with self._open(f"tell what the job {remote} does") as api:
            for _ in range(_MOST_PAGES):
                page = _value(
                    await api.fine_tuning.jobs.list_events(
                        remote, limit=_PAGE, after=after or openai.omit
                    )
                )
                told = [self._event(item) for item in json_list(page.get("data")) or []]
                new = [each for each in told if each.id and each.id not in known | fresh.keys()]
                fresh |= {each.id: each for each in new}
                # The newest come first with OpenAI; who lists them otherwise is read to the end.
                newest_first = not told or told[0].at >= told[-1].at
                if not told or not page.get("has_more") or (newest_first and not new):
                    break
                after = told[-1].id
        return sorted(fresh.values(), key=lambda each: each.at)

    async def checkpoints(self, remote: str) -> list[Happening]:
        """Return a job's checkpoints; a provider without any has none."""
        try:
            async with self._open(f"list the checkpoints of {remote}") as api:
                page = _value(await api.fine_tuning.jobs.checkpoints.list(remote, limit=_PAGE))
        except Refused:
            return []
        found = map(json_object, json_list(page.get("data")) or [])
        return [
            Happening(
                json_text(item.get("id")),
                _number(item.get("created_at")) or 0.0,
                json_text(item.get("fine_tuned_model_checkpoint")),
                data={**json_object(item.get("metrics")), "step": item.get("step_number")},
            )
            for item in found
            if item.get("id")
        ]

    # -- what lies beneath --------------------------------------------------------------

    @asynccontextmanager
    async def _open(
        self, doing: str, *, retries: int = 1, model: str = ""
    ) -> AsyncGenerator[AsyncOpenAI]:
        try:
            async with self._client.explained(model) as api:
                yield api.with_options(max_retries=retries)
        except AskError as error:
            raise refusal(error, doing, self.endpoint) from error
        except (ValueError, RecursionError) as error:
            raise no_api(self.endpoint) from error

    def _id_of(self, made: object) -> str:
        if found := json_text(_value(made).get("id")):
            return found
        raise no_api(self.endpoint)

    def clean(self, text: str) -> str:
        """Return a provider's words, short and without anything like a key."""
        return cleaned(text, self.endpoint.api_key)

    def _remote(self, value: object) -> Remote:
        job = json_object(value)
        error = json_object(job.get("error"))
        tokens = job.get("trained_tokens")
        return Remote(
            id=json_text(job.get("id")),
            status=json_text(job.get("status")),
            model=json_text(job.get("fine_tuned_model")),
            error=self.clean(json_text(error.get("message"))),
            error_code=json_text(error.get("code")),
            tokens=tokens if type(tokens) is int and tokens >= 0 else None,
            training_file=json_text(job.get("training_file")),
            result_files=tuple(
                filter(None, map(json_text, json_list(job.get("result_files")) or ()))
            ),
        )

    def _event(self, value: object) -> Happening:
        event = json_object(value)
        return Happening(
            json_text(event.get("id")),
            _number(event.get("created_at")) or 0.0,
            self.clean(json_text(event.get("message"))),
            json_text(event.get("level")) or "info",
            dict(json_object(event.get("data"))),
        )


def _value(given: object) -> dict[str, Any]:
    """Return what a server sent as JSON, whatever of it the package's classes know."""
    import openai

    if isinstance(given, openai.BaseModel):
        return given.to_dict(mode="json", warnings=False)
    # A page of a list is a model too, but of a generic class.
    return {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
