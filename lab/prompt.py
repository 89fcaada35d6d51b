"""The prompt is assembled here and nowhere else, by one pure function.

Stable parts come first (system prompt, documents in a fixed order) and the question last,
so that the prefix caches of providers and of llama.cpp can serve the repeated part.
"""

from __future__ import annotations

from collections.abc import Sequence

from store.records import CaseDraft, content_hash

Message = dict[str, str]


def assemble(
    case: CaseDraft, *, system: str = "", documents: Sequence[tuple[str, str]] = ()
) -> list[Message]:
    """Return the chat messages that are sent for a case.

    `documents` are (name, text) pairs, put into the system message in the given order.
    Earlier turns of the case follow, then its prompt as the last user message.
    """
    parts = [system.strip()] if system.strip() else []
    parts += [f"Document: {name}\n\n{text.strip()}" for name, text in documents]
    messages: list[Message] = []
    if parts:
        messages.append({"role": "system", "content": "\n\n".join(parts)})
    messages += [dict(message) for message in case.messages]
    messages.append({"role": "user", "content": case.prompt})
    return messages


def sent_hash(messages: Sequence[Message]) -> str:
    """Return the hash by which what was sent is recorded."""
    return content_hash(list(messages))
