"""How the person asks at the moment: a variant in the making."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from store.records import IMPORTED, Document, Rung, Variant


@dataclass(frozen=True, slots=True)
class Setup:
    """Provider, model, rung and the rest. `base_url` is empty for the provider's own."""

    provider: str
    model: str
    rung: Rung = "bare"
    base_url: str = ""
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def variant(self, documents: Sequence[Document]) -> Variant:
        """Return the variant that this set-up makes of the documents in the context."""
        attached = [item for item in documents if item.attached is not None]
        return Variant(
            rung=self.rung,
            provider=self.provider,
            model=self.model,
            base_url=self.base_url,
            system=self.system,
            parameters=dict(self.parameters),
            documents=tuple((item.name, item.sha256) for item in attached)
            if self.rung == "context" and self.provider != IMPORTED
            else (),
        )

    @property
    def rung_to_ask(self) -> Rung:
        """The rung for a model that takes this one's place; imported answers may be on any."""
        elsewhere = self.provider == IMPORTED and self.rung != "context"
        return "bare" if elsewhere else self.rung

    def to_json(self) -> dict[str, Any]:
        """Return the set-up as it is kept in a session's state."""
        return {
            "provider": self.provider,
            "model": self.model,
            "rung": self.rung,
            "base_url": self.base_url,
            "system": self.system,
            "parameters": dict(self.parameters),
        }

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
        )

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Setup:
        """Return the set-up that `to_json` gave."""
        return Setup(**values)


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
