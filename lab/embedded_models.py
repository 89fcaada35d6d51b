"""The models that run here: the base, and those that were tuned from it, each in its own child.

A tuned model is asked by its own name, see `lab.tuning.adapter`. Each has a server of its own,
so that asking one never ends an answer of the other, and no request can reach the wrong one:
every server has its own port and key. The weights are mapped from one file, which they share.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from lab import weights
from lab.ask import Client, Endpoint, ModelInfo
from lab.embedded import EmbeddedServer, model_name
from lab.tuning import adapter


class EmbeddedModels:
    """The servers of this process and their clients; one event loop uses it."""

    def __init__(self, home: Path) -> None:
        """`home` holds the adapters that local training made."""
        self._home = home
        self.base = EmbeddedServer()
        self._others: dict[str, EmbeddedServer] = {}
        self._clients: dict[str, Client] = {}

    async def client(self, model: str = "") -> Client:
        """Return the client of a tuned model by its name, or of its base, or of the embedded one.

        The base may be another file than the embedded model's. A child that is down is started.
        Raises EmbeddedError, and AdapterProblem where the tuned model's files have changed.
        """
        found = await asyncio.to_thread(adapter.find, self._home, model)
        name, server = "", self.base
        if found is not None:
            name = found.model
            server = self._others.setdefault(name, EmbeddedServer(gguf=found.base, adapter=found))
        elif base := await asyncio.to_thread(self._other_base, model):
            name = model
            server = self._others.setdefault(name, EmbeddedServer(gguf=base))
        served = await server.ensure()
        old = self._clients.get(name)
        # One that was started anew has another address and key.
        if old is None or (old.endpoint.base_url, old.endpoint.api_key) != (
            served.base_url,
            served.api_key,
        ):
            self._clients[name] = Client(
                Endpoint(
                    provider="embedded",
                    label="The tuned model" if found else "The embedded model",
                    base_url=served.base_url,
                    api_key=served.api_key,
                    local=True,
                    prices="embedded",
                    window=served.window,
                )
            )
            if old is not None:
                await old.close()
        return self._clients[name]

    def _other_base(self, model: str) -> Path | None:
        """Return the file of a base by its name, None for the embedded model and unknown ones."""
        if not model or model == model_name(weights.weights_path()):
            return None
        return adapter.base_named(self._home, model)

    async def offered(self) -> list[ModelInfo]:
        """Return the base model, and behind it the tuned ones that can be asked by name.

        Starts the base where it is down. Raises EmbeddedError and AskError.
        """
        base = await (await self.client()).models()
        found = await asyncio.to_thread(adapter.known, self._home)
        names = {model.id for model in base}
        return base + [
            ModelInfo(each.model, base[0].window)
            for each in found
            if (each.base or each.base_model in names) and each.model not in names
        ]

    async def stop(self) -> None:
        """End the children and close the connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()
        await asyncio.gather(*(each.stop() for each in (self.base, *self._others.values())))
