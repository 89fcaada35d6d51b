"""What can be asked from here: providers with a key, local servers, the embedded model."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass

from lab import providers
from lab.embedded import extra_installed
from lab.weights import have_weights


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider as it can be chosen. `detail` is a few words on how it stands.

    `needs` is what must be given first: nothing, a `key`, an `address`, the `weights`
    (a download), or the `extra` (an installation).
    """

    provider: str
    label: str
    detail: str
    needs: str = ""

    @property
    def ready(self) -> bool:
        return not self.needs


async def choices() -> list[Choice]:
    """Return every provider, those first that can be asked at once."""
    keyed = {preset.name for preset in providers.found()}
    # A keyring may ask the system's service, which can take its time.
    in_keyring = await asyncio.to_thread(_in_keyring, keyed)
    servers = {server.provider: server for server in await providers.detect_local()}
    found: list[Choice] = []
    for preset in providers.load().values():
        name, label = preset.name, preset.label
        if name == "embedded":
            found.append(_embedded(label))
        elif name in servers:
            count = len(servers[name].models)
            models = "1 model" if count == 1 else f"{count} models"
            found.append(Choice(name, label, f"on this machine, {models}"))
        elif name in keyed:
            detail = f"key in {preset.key_env[0]}" if preset.needs_key else "address is set"
            found.append(Choice(name, label, detail))
        elif name in in_keyring:
            found.append(Choice(name, label, "key in the keyring"))
        elif name == "custom":
            found.append(Choice(name, "Another address", "any OpenAI-compatible server", "address"))
        elif not preset.local:
            known = providers.has_address(preset)
            detail = f"needs {preset.key_env[0]}" if known else f"needs {preset.base_url_env}"
            found.append(Choice(name, label, detail, "key" if known else "setting"))
    order = {"": 0, "weights": 1, "address": 2, "key": 3, "setting": 4, "extra": 5}
    return sorted(found, key=lambda choice: order[choice.needs])


def keep_key(provider: str, key: str) -> str:
    """Keep a provider's key in the OS keyring and return one sentence on where it went.

    Where there is no keyring the key serves until Litmus ends. Raises ProviderError for a
    key that cannot be one.
    """
    try:
        providers.store_key(provider, key)
    except providers.NoKeyring:
        variable = providers.load()[provider].key_env[0]
        os.environ[variable] = key.strip()
        return f"This machine has no keyring: the key serves until Litmus ends. Set {variable}."
    return "The key is in the keyring."


def _in_keyring(keyed: set[str]) -> set[str]:
    """Return the providers whose key is only in the OS keyring."""
    found: set[str] = set()
    for preset in providers.load().values():
        if preset.name in keyed or not preset.needs_key or not providers.has_address(preset):
            continue
        with suppress(providers.ProviderError):
            providers.resolve(preset.name)
            found.add(preset.name)
    return found


def _embedded(label: str) -> Choice:
    if not extra_installed():
        return Choice("embedded", label, "pip install 'litmus-bench[embedded]'", "extra")
    if not have_weights():
        return Choice(
            "embedded", label, "no key, no network after one download of 93 MB", "weights"
        )
    return Choice("embedded", label, "no key, no network; a very small model")
