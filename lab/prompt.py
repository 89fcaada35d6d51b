"""The prompt is assembled here and nowhere else, by one pure function.

Stable parts come first (system prompt, documents in a fixed order) and the question last,
so that the prefix caches of providers and of llama.cpp can serve the repeated part.
"""

from __future__ import annotations

from collections.abc import Sequence

from store.library_records import Passage
from store.records import CaseDraft, content_hash

Message = dict[str, str]

CITE = "Answer from the numbered passages below and cite those that you use, as [1]."


def assemble(
    case: CaseDraft,
    *,
    system: str = "",
    documents: Sequence[tuple[str, str]] = (),
    passages: Sequence[Passage] = (),
) -> list[Message]:
    """Return the chat messages that are sent for a case.

    `documents` are (name, text) pairs, put into the system message in the given order, and
    `passages` what was retrieved for this case, numbered, after them. Earlier turns of the
    case follow, then its prompt as the last user message.
    """
    parts = [system.strip()] if system.strip() else []
    parts += [f"Document: {name}\n\n{text.strip()}" for name, text in documents]
    if passages:
        parts += [CITE, *map(_numbered, passages)]
    messages: list[Message] = []
    if parts:
        messages.append({"role": "system", "content": "\n\n".join(parts)})
    messages += [dict(message) for message in case.messages]
    messages.append({"role": "user", "content": case.prompt})
    return messages


def _numbered(passage: Passage) -> str:
    return f"[{passage.number}] {passage.document}, page {passage.page}\n\n{passage.text.strip()}"


def sent_hash(messages: Sequence[Message]) -> str:
    """Return the hash by which what was sent is recorded."""
    return content_hash(list(messages))
