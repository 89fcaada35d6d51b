"""A small form: how documents are cut and embedded, and how the rung `rag` searches them."""

from __future__ import annotations

from dataclasses import replace

from store.embedder import check
from store.errors import PlainError
from store.library_records import EMBEDDED, MINILM, MODES, Indexing, Mode, Retrieval
from tui.screens.line_form import LineForm

MOST_TOKENS, MOST_OVERLAP, MOST_K, MOST_WHOLE = 2000, 1000, 50, 1_000_000
_WHY = (
    "Other chunks are promoted beside those that there are: p or P then promotes, and C compares. "
    f"The embedder is “{EMBEDDED}” ({MINILM}, here on this machine) or a provider's name with "
    "one of its embedding models."
)


class SettingsProblem(PlainError):
    """What was typed into the form cannot be; one sentence says why."""


class RetrievalForm(LineForm[Retrieval]):
    """Asks how the store is made and searched; dismissed with that, or None."""

    def __init__(self, retrieval: Retrieval) -> None:
        indexing = retrieval.indexing
        values = {
            "Tokens in a chunk, at most": indexing.chunk_tokens,
            "Tokens shared with the one before": indexing.overlap,
            "Embedder": indexing.embedder,
            "Its model": indexing.model,
            "Search by": retrieval.mode,
            "Chunks with a question (k)": retrieval.k,
            "Whole documents up to … tokens": retrieval.whole_tokens,
        }
        super().__init__(
            "How documents are cut and searched",
            {label: (str(value), "") for label, value in values.items()},
            lambda texts: retrieval_of(texts, indexing),
            why=_WHY,
        )


def retrieval_of(texts: list[str], before: Indexing) -> Retrieval:
    """Return the retrieval that the form's texts name, in the form's order.

    An embedder keeps its own address. Raises SettingsProblem, EmbedderError.
    """
    tokens, overlap, embedder, model, mode, k, whole = texts
    chunk_tokens = _whole(tokens, "A chunk's tokens", 1, MOST_TOKENS)
    shared = _whole(overlap, "The shared tokens", 0, MOST_OVERLAP)
    if not embedder:
        raise SettingsProblem(f"Name the embedder: “{EMBEDDED}”, or a provider such as openai.")
    if embedder != before.embedder:
        before = replace(before, base_url="")
        if embedder == EMBEDDED:
            model = MINILM
    if not model or (embedder != EMBEDDED and model == MINILM):
        raise SettingsProblem(f"Name the embedding model that {embedder} is asked for.")
    indexing = Indexing(chunk_tokens, shared, embedder, model, before.base_url)
    check(indexing)
    return Retrieval(
        indexing,
        _mode(mode),
        _whole(k, "The number of chunks", 1, MOST_K),
        _whole(whole, "The tokens of whole documents", 0, MOST_WHOLE),
    )


def _mode(text: str) -> Mode:
    for mode in MODES:
        if text and mode.startswith(text.lower()):
            return mode
    raise SettingsProblem("Search by vector, keyword or hybrid.")


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsProblem(f"{name} must be a whole number from {least:,} to {most:,}.")
    return int(text)
