"""What a person has chosen to train with; kept with the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lab.tuning.examples.dataset import Format, Source
from lab.tuning.wish import Wish, held_back, wish_for
from store.jobs import Backend

if TYPE_CHECKING:
    from lab.desk import Desk

STATE = "tune"


@dataclass(frozen=True, slots=True)
class Named:
    """A base model that was named, and where it is."""

    provider: str = ""
    base_url: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend and its settings. `named` has the base of each backend for which one was named.

    `options` are each backend's own settings, by name. `validation` None is its own share.
    """

    backend: Backend
    named: Mapping[Backend, Named] = field(default_factory=dict[Backend, Named])
    options: Mapping[Backend, Mapping[str, Any]] = field(
        default_factory=dict[Backend, Mapping[str, Any]]
    )
    format: Format = "sft"
    source: Source | None = None
    epochs: int | None = None
    validation: float | None = None
    seed: int | None = None
    suffix: str = ""

    @property
    def held_back(self) -> float:
        """The share of the examples that is held back."""
        if self.validation is not None:
            return self.validation
        return held_back(self.backend)

    @property
    def other(self) -> Backend:
        """The other backend."""
        return "hosted" if self.backend == "local" else "local"

    @property
    def set_here(self) -> Mapping[str, Any]:
        """What is set of the backend's own settings, by name."""
        return self.options.get(self.backend, {})

    def naming(self, named: Named) -> Choice:
        """Return the choice with another base for its backend."""
        return replace(self, named={**self.named, self.backend: named})

    def wish(self, desk: Desk) -> Wish:
        """Return what is to be trained. Raises TuningError where it is not known what."""
        named = self.named.get(self.backend, Named())
        found = wish_for(
            desk,
            self.backend,
            provider=named.provider,
            base_url=named.base_url,
            model=named.model,
        )
        return replace(
            found,
            format=self.format,
            source=self.source if self.format == "sft" else None,
            epochs=self.epochs,
            validation=self.held_back,
            seed=self.seed,
            suffix=self.suffix,
            options=self.set_here,
        )

    def keep(self, desk: Desk) -> None:
        """Put the choice into the desk's state, which is kept with the session."""
        desk.state[STATE] = asdict(self)


def choice_of(desk: Desk) -> Choice:
    """Return what was chosen in a session; at first what asks here is trained here."""
    kept: Any = desk.state.get(STATE)
    if not kept:
        here = desk.setup is None or desk.setup.provider == "embedded"
        return Choice("local" if here else "hosted")
    named = {backend: Named(**each) for backend, each in kept["named"].items()}
    return Choice(**{**kept, "named": named})
