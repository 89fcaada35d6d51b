"""What a provider's refusal to fine-tune means, in one plain sentence that says what to do."""

from __future__ import annotations

from lab.ask import Endpoint
from lab.failures import AskError, cleaned, ended
from lab.replies import json_object, json_text
from lab.tuning.jobs import BACKENDS, TuningError

_GONE = ("server", "stalled", "cut", "limit")


class Gone(TuningError):
    """Nobody answers at the moment, or not as asked; asking again later may help."""


class Refused(TuningError):
    """The provider does not do it. With `key` it may once it is given another key."""

    def __init__(self, sentence: str, *, key: bool = False) -> None:
        super().__init__(sentence)
        self.key = key


def refusal(error: AskError, doing: str, endpoint: Endpoint) -> TuningError:
    """Return what came in place of doing something, such as "list its jobs"."""
    import openai

    cause, label = error.__cause__, endpoint.label
    if not isinstance(cause, openai.APIStatusError):
        return Gone(str(error))
    status, body = cause.status_code, json_object(cause.body)
    said = ended(cleaned(json_text(body.get("message")), endpoint.api_key) or "it gave no reason")
    if status == 403 and (
        cause.code == "training_not_available" or "winding down" in cause.message
    ):
        return _closed(endpoint)
    if status == 403:
        return Refused(
            f"{label} does not allow this key to {doing}: {said} Use a key that may, or another "
            "provider.",
            key=True,
        )
    if status in (404, 405) and error.kind != "model":
        if doing.startswith("know"):
            return Refused(f"{label} does not {doing}: {said}")
        return Refused(
            f"{label} has no fine-tuning at {endpoint.base_url}; choose another provider"
            f"{_or_local()}."
        )
    if error.kind in _GONE:
        return Gone(str(error))
    if error.kind in ("key", "model"):
        return Refused(str(error), key=error.kind == "key")
    return Refused(f"{label} did not {doing} (HTTP {status}): {said}")


def no_api(endpoint: Endpoint) -> Refused:
    """What answers is something else, such as a web page."""
    return Refused(
        f"{endpoint.label} answered with something that is no fine-tuning API; check the "
        f"address {endpoint.base_url}, or choose another provider{_or_local()}."
    )


def _closed(endpoint: Endpoint) -> Refused:
    since = "it has closed fine-tuning to it"
    if endpoint.provider == "openai":
        since = (
            "it closed fine-tuning on 7 May 2026 to those that had not used it, and ends it for "
            "all on 6 January 2027"
        )
    return Refused(
        f"{endpoint.label} takes no fine-tuning job from this organisation: {since}; choose "
        f"another provider with --provider{_or_local()}."
    )


def _or_local() -> str:
    return ", or train on this machine with --backend local" if "local" in BACKENDS else ""
