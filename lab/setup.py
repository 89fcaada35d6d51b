"""How the person asks at the moment: a variant in the making."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from store.library_records import Retrieval
from store.records import IMPORTED, Document, Rung, Variant
from store.tuned import Tuned


@dataclass(frozen=True, slots=True)
class Setup:
    """Provider, model, rung and the rest. `base_url` is empty for the provider's own.

    `retrieval` says how the RAG store is searched on the rung `rag`, `tuned` what the model of
    the rung `tuned` was made of.
    """

    provider: str
    model: str
    rung: Rung = "bare"
    base_url: str = ""
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    retrieval: Retrieval = field(default_factory=Retrieval)
    tuned: Tuned | None = None

    def variant(self, documents: Sequence[Document]) -> Variant:
        """Return the variant that this set-up makes of the session's documents.

        On the rung `context` it has those in the context, on `rag` those in the store. What
        imported answers were given is not known.
        """
        here = self.provider != IMPORTED
        return Variant(
            rung=self.rung,
            provider=self.provider,
            model=self.model,
            base_url=self.base_url,
            system=self.system,
            parameters=dict(self.parameters),
            documents=self._given(documents) if here else (),
            retrieval=self.retrieval if self.rung == "rag" and here else None,
            tuned=self.tuned if self.rung == "tuned" and here else None,
        )

    def _given(self, documents: Sequence[Document]) -> tuple[tuple[str, ...], ...]:
        if self.rung == "context":
            attached = (item for item in documents if item.attached is not None)
            return tuple(
                (item.name, item.sha256, item.chosen) if item.chosen else (item.name, item.sha256)
                for item in attached
            )
        if self.rung == "rag":
            key = self.retrieval.indexing.key
            return tuple(
                sorted((item.name, item.sha256) for item in documents if key in item.promoted)
            )
        return ()

    @property
    def rung_to_ask(self) -> Rung:
        """The rung for a model that takes this one's place; imported answers may be on any."""
        elsewhere = self.provider == IMPORTED and self.rung != "context"
        return "bare" if elsewhere else self.rung

    def next_rung(self, documents: Sequence[Document]) -> Rung:
        """Return the rung after this one, and `bare` after the last that can be asked."""
        if self.rung == "bare":
            return "context"
        stored = replace(self, rung="rag").variant(documents).documents
        return "rag" if self.rung == "context" and stored else "bare"

    def to_json(self) -> dict[str, Any]:
        """Return the set-up as it is kept in a session's state."""
        values: dict[str, Any] = {
            "provider": self.provider,
            "model": self.model,
            "rung": self.rung,
            "base_url": self.base_url,
            "system": self.system,
            "parameters": dict(self.parameters),
            "retrieval": asdict(self.retrieval),
        }
        return values | {"tuned": asdict(self.tuned)} if self.tuned else values

    @staticmethod
    def of(variant: Variant) -> Setup:
        """Return the set-up that asks as a variant did, whatever is in the context."""
        return Setup(
            variant.provider,
            variant.model,
            variant.rung,
            variant.base_url,
            variant.system,
            variant.parameters,
            variant.retrieval or Retrieval(),
            variant.tuned,
        )

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Setup:
        """Return the set-up that `to_json` gave."""
        kept: dict[str, Any] = dict(values)
        if retrieval := kept.pop("retrieval", None):
            kept["retrieval"] = Retrieval.from_json(retrieval)
        if tuned := kept.pop("tuned", None):
            kept["tuned"] = Tuned(**tuned)
        return Setup(**kept)


def refuse_imported(variant: Variant) -> None:
    """Raise AskError where a variant's answers were made elsewhere: nobody is there to ask."""
    if variant.provider != IMPORTED:
        return
    from lab.failures import AskError

    raise AskError(
        f"The answers of {variant.model} were imported, and it cannot be asked from here; choose "
        "a model that can, with the key m, or with --provider and --model.",
        "model",
        fatal=True,
    )
