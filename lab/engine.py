"""What a display holds: the store, the models, and the runs of this process."""

from __future__ import annotations

import asyncio
import importlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lab.setup import Setup, refuse_imported
from store import sessions
from store.database import Database

# The engine is opened before the first paint; what only asking needs is imported then.
if TYPE_CHECKING:
    from lab.ask import Client, ModelInfo
    from lab.embedded import EmbeddedServer
    from lab.embedded_models import EmbeddedModels
    from lab.limits import Purse
    from lab.rag.asking import Retrieve
    from lab.rag.library import Library
    from lab.run import Plan, Run
    from store.owners import Owner
    from store.records import Variant


class Engine:
    """One for each process. Open it once, close it before the process ends."""

    def __init__(self, home: Path) -> None:
        """Open the store in `home`. Raises StoreError."""
        self.database = Database(home)
        self._owner: Owner | None = None
        self._owning = asyncio.Lock()
        self._clients: dict[tuple[str, str], Client] = {}
        self._windows: dict[tuple[str, str, str], int | None] = {}
        self._purses: dict[int, Purse] = {}

    @cached_property
    def embedded_models(self) -> EmbeddedModels:
        """The models that run here; each starts when it is first asked."""
        from lab.embedded_models import EmbeddedModels

        return EmbeddedModels(self.database.home)

    @property
    def embedded(self) -> EmbeddedServer:
        """The embedded model's server, untuned."""
        return self.embedded_models.base

    @cached_property
    def library(self) -> Library:
        """The RAG store's index and embedder, which start when they are first needed."""
        from lab.rag.library import Library

        return Library(self)

    async def recover(self) -> int:
        """Keep what a Litmus that died was streaming, as interrupted; return how many."""
        from store.owners import recover

        return await self.database.write(recover, self.database.home)

    async def close(self) -> None:
        """Stop the embedded model, close the connections and the store."""
        for client in self._clients.values():
            await client.close()
        if "embedded_models" in self.__dict__:
            await self.embedded_models.stop()
        if "library" in self.__dict__:
            await self.library.close()
        await asyncio.to_thread(self._close_store)

    async def models(self, provider: str, base_url: str = "") -> list[ModelInfo]:
        """Return what a provider offers. Raises AskError, ProviderError, EmbeddedError."""
        if provider == "embedded":
            return await self.embedded_models.offered()
        client = await self.client(provider, base_url)
        return await client.models()

    async def best_model(self, provider: str, base_url: str = "") -> str:
        """Return the best model that a provider offers, as far as its preset knows.

        Raises AskError when there is none to choose.
        """
        from lab import providers
        from lab.failures import AskError

        preset = providers.load().get(provider)
        wanted = preset.best if preset else ()
        offered = [model.id for model in await self.models(provider, base_url)]
        for model in (*wanted, *offered):
            if model in offered:
                return model
        raise AskError(
            f"{provider} offers no model; load one there, or name one with --model.",
            "model",
            fatal=True,
        )

    async def setup_for(self, provider: str, base_url: str = "", *, model: str = "") -> Setup:
        """Return a set-up on a provider, with its best model where none is named."""
        from lab import providers

        preset = providers.load().get(provider)
        return Setup(
            provider,
            model or await self.best_model(provider, base_url),
            base_url=base_url,
            parameters=dict(preset.parameters) if preset else {},
        )

    async def default_setup(self, *, model: str = "") -> Setup:
        """Return the set-up that a new session begins with.

        That is the one used last, else the best of what is found. Raises AskError when
        nothing is found.
        """
        from lab.failures import AskError

        kept = await self.database.read(sessions.setting, "setup")
        if kept:
            return Setup.from_json(kept)
        for provider, base_url in await self.found():
            return await self.setup_for(provider, base_url, model=model)
        raise AskError(self.nothing_found(), "key", fatal=True)

    async def found(self) -> list[tuple[str, str]]:
        """Return (provider, base URL) of what could be asked: keys, servers, embedded."""
        from lab import providers

        here = [(preset.name, "") for preset in providers.found()]
        here += [(server.provider, "") for server in await providers.detect_local()]
        if self.embedded.available() is None:
            here.append(("embedded", ""))
        return here

    def nothing_found(self) -> str:
        """Return one sentence on how to get a model to ask."""
        return (
            "No model was found to ask: set OPENAI_API_KEY or another provider's key, start a "
            "local server such as Ollama, or run `litmus demo` for the embedded model."
        )

    def refuse_without_extra(self) -> None:
        """Raise EmbeddedError when the embedded model's engine is not installed."""
        from lab.embedded import EmbeddedError, extra_installed, missing

        lack = missing()
        if lack and not extra_installed():
            raise EmbeddedError(lack)

    def concurrency(self, provider: str) -> int:
        """Return how many questions at once suit a provider."""
        from lab import providers

        if provider == "embedded":
            return self.embedded.slots
        preset = providers.load().get(provider)
        return 4 if preset and preset.local else 8

    async def client(self, provider: str, base_url: str = "", *, model: str = "") -> Client:
        """Return the client of a provider; the embedded one is started when it is down.

        `model` tells the embedded models apart: a tuned one is served by its own name only.
        """
        from lab import providers
        from lab.ask import Client, Endpoint

        if provider == "embedded":
            return await self.embedded_models.client(model)
        key = (provider, base_url)
        if key not in self._clients:
            # A keyring may ask the system's service, which can take its time.
            found = await asyncio.to_thread(providers.resolve, provider, base_url=base_url or None)
            # Another may have made it meanwhile; two would be two lots of connections.
            self._clients[key] = self._clients.get(key) or Client(
                Endpoint(
                    provider=provider,
                    label=found.label,
                    base_url=found.base_url,
                    api_key=found.api_key or "",
                    key_hint=found.key_hint,
                    local=found.local,
                    prices=found.prices,
                )
            )
        return self._clients[key]

    async def forget(self, provider: str, base_url: str = "") -> None:
        """Close a provider's client, so that the next one takes a new key or address."""
        client = self._clients.pop((provider, base_url), None)
        if client is not None:
            await client.close()

    async def start(self, plan: Plan, retrieve: Retrieve | None = None) -> Run:
        """Prepare a run of a plan; nothing is asked before its events are iterated.

        Raises AskError, ProviderError or EmbeddedError when its model cannot be asked.
        """
        from lab.run import Run
        from store.owners import Owner

        client = await self.ready(plan.variant)
        window = await self.window(plan.variant)
        async with self._owning:
            if self._owner is None:
                self._owner = await asyncio.to_thread(Owner, self.database.home)
        purse = self.purse(plan.session_id)
        return Run(
            self.database,
            client,
            self._owner.name,
            plan,
            window=window,
            purse=purse,
            retrieve=retrieve,
        )

    async def ready(self, variant: Variant) -> Client:
        """Return a variant's client. Raises AskError where its model cannot be asked."""
        refuse_imported(variant)
        client = await self.client(variant.provider, variant.base_url, model=variant.model)
        if variant.provider == "embedded":
            await self._refuse_other_model(client, variant)
        return client

    def purse(self, session_id: int) -> Purse:
        """Return what all that is asked in a session is paid from."""
        from lab.limits import Purse

        return self._purses.setdefault(session_id, Purse())

    async def window(self, variant: Variant) -> int | None:
        """Return how many tokens a variant's model can take, None where nobody says."""
        from lab import prices

        key = (variant.provider, variant.base_url, variant.model)
        if key not in self._windows:
            client = await self.client(variant.provider, variant.base_url, model=variant.model)
            found = client.endpoint.window if variant.provider == "embedded" else None
            if found is None:
                found = await asyncio.to_thread(
                    prices.window, client.endpoint.prices, variant.model
                )
            # A server of one's own says it in its list of models, the known providers do not.
            if found is None and (client.endpoint.local or "://" in client.endpoint.prices):
                found = await self._listed_window(client, variant.model)
            self._windows[key] = found
        return self._windows[key]

    async def known_window(self, setup: Setup) -> int | None:
        """Return a model's window as far as it is known without asking or starting anything."""
        key = (setup.provider, setup.base_url, setup.model)
        if key in self._windows:
            return self._windows[key]
        from lab import prices
        from lab.embedded import WINDOW

        if setup.provider == "embedded":
            return WINDOW
        return await asyncio.to_thread(prices.window, setup.provider, setup.model)

    async def _listed_window(self, client: Client, model: str) -> int | None:
        from lab.failures import AskError

        try:
            offered = await client.models()
        except AskError as error:
            if error.kind == "server" and error.fatal:
                raise
            return None  # a server without a list of models can still answer
        return next((item.window for item in offered if item.id == model), None)

    async def _refuse_other_model(self, client: Client, variant: Variant) -> None:
        from lab.failures import AskError

        if variant.model not in [model.id for model in await client.models()]:
            names = ", ".join(model.id for model in await self.embedded_models.offered())
            raise AskError(
                f"The embedded server has no model “{variant.model}”; it serves {names}.",
                "model",
                fatal=True,
            )

    def _close_store(self) -> None:
        if self._owner is not None:
            self._owner.release()
        self.database.close()


def warm_up() -> None:
    """Import what the first question needs, ahead of it; half a second, so in a thread."""
    for name in ("openai", "genai_prices"):
        importlib.import_module(name)
