"""A conversation as chat formats write it, read as the earlier turns and the prompt of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from lab.interop.files import Refused
from lab.interop.notes import Notes
from lab.interop.values import kind

_ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "tool": "user",
    "function": "user",
}
_EXAMPLES = {"example_user": "user", "example_assistant": "assistant"}
_TEXTS = ("text", "input_text", "output_text")

Messages = tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Turn:
    role: str
    content: str
    example: bool


def read_conversation(value: Sequence[object], name: str, notes: Notes) -> tuple[Messages, str]:
    """Return the earlier turns and the prompt that a list of chat messages holds.

    The prompt is what the last user message says. What stands after it, such as the
    beginning of an answer, joins the prompt, since a prompt is asked last; where no user
    speaks, the last message that is not the assistant's is the prompt. Few-shot turns (a
    system message with the name `example_user` or `example_assistant`) become user and
    assistant turns. `name` is the field's name in what is refused. Raises Refused.
    """
    turns = [turn for item in value if (turn := _turn(item, name, notes))]
    start = _prompt_place(turns)
    if start is None:
        raise Refused(f"{name} holds no text")
    rest = turns[start:]
    if rest[0].role == "assistant":
        notes.add("an assistant's message alone is asked as the prompt")
    elif rest[0].role != "user":
        notes.add("a system message without a user's after it is asked as the prompt")
    if len(rest) > 1:
        notes.add("messages after the last user message are asked at the end of the prompt")
    earlier = tuple({"role": turn.role, "content": turn.content} for turn in turns[:start])
    return earlier, "\n\n".join(turn.content for turn in rest)


def read_content(value: object, name: str, notes: Notes) -> str:
    """Return the text of a message's content: a text, or a list of parts. Raises Refused."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if not isinstance(value, list):
        raise Refused(f"the content of a message in {name} is {kind(value)}, and must be text")
    texts: list[str] = []
    for part in cast("list[object]", value):
        text = _part(part, name)
        if text is None:
            notes.add(f"{_article(part)} in a message is not sent; only its text is")
        elif text:
            texts.append(text)
    return "\n".join(texts)


def _prompt_place(turns: Sequence[_Turn]) -> int | None:
    places = range(len(turns) - 1, -1, -1)
    asked = (place for place in places if turns[place].role == "user" and not turns[place].example)
    other = (place for place in places if turns[place].role != "assistant")
    return next(asked, next(other, next(iter(places), None)))


def _turn(item: object, name: str, notes: Notes) -> _Turn | None:
    if not isinstance(item, dict):
        raise Refused(f"{name} holds {kind(item)}, and must be text or hold messages")
    fields = cast("dict[str, object]", item)
    role, speaker = fields.get("role", fields.get("type")), fields.get("name")
    if not isinstance(role, str) or role not in _ROLES:
        given = f"“{role}”" if isinstance(role, str) else kind(role)
        raise Refused(f"a message in {name} has {given} as its role")
    if "content" not in fields:
        raise Refused(f"a message in {name} has no content")
    content = read_content(fields["content"], name, notes)
    if fields.get("tool_calls") or fields.get("function_call"):
        notes.add("a tool's call is not sent; only the text of its message is")
    if not content.strip():
        return None
    if isinstance(speaker, str) and speaker in _EXAMPLES:
        notes.add("example turns are sent as user and assistant messages, without their names")
        return _Turn(_EXAMPLES[speaker], content, True)
    if role in ("tool", "function"):
        notes.add("a tool's result is sent as a user message")
    elif speaker:
        notes.add("the name of a message's speaker is not sent")
    return _Turn(_ROLES[role], content, False)


def _part(part: object, name: str) -> str | None:
    """Return a part's text; None for one that is no text, such as an image."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise Refused(f"the content of a message in {name} holds {kind(part)}")
    fields = cast("dict[str, object]", part)
    text = fields.get("text")
    if fields.get("type", "text") not in _TEXTS:
        return None
    if not isinstance(text, str):
        raise Refused(f"a text part of a message in {name} has {kind(text)} as its text")
    return text


def _article(part: object) -> str:
    named = cast("dict[str, object]", part).get("type") if isinstance(part, dict) else None
    known = named.removeprefix("input_").removesuffix("_url") if isinstance(named, str) else "part"
    known = " ".join(known.split())[:20] or "part"
    return f"an {known}" if known[0] in "aeiou" else f"a {known}"
