"""Where models are asked: presets, the addresses and keys that the person has, and the
servers that listen on this machine.

Keys come from the environment or the OS keyring, and stand in no text that leaves here.
"""

from __future__ import annotations

import asyncio
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, cast
from urllib.parse import urlsplit

from lab import loopback
from store.errors import PlainError

SERVICE = "litmus"
_MOST_MODELS = 500
_LONGEST_NAME = 200


class ProviderError(PlainError):
    """A provider cannot be asked; the text is one sentence that says what to do."""


class NoKeyring(ProviderError):
    """This machine has no keyring that could keep a key."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A preset; `lab/providers.toml` says what each field means."""

    name: str
    label: str
    base_url: str = ""
    base_url_env: str = ""
    path: str = ""
    key_env: tuple[str, ...] = ()
    needs_key: bool = True
    local: bool = False
    owned_by: tuple[str, ...] = ()
    prices: str = ""
    best: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key_hint(self) -> str:
        """What to do about its key, as half a sentence."""
        if not self.key_env:
            return "it needs no key"
        keyring = "" if self.local else f" or run `keyring set {SERVICE} {self.name}`"
        return f"set {self.key_env[0]}{keyring}"


@dataclass(frozen=True, slots=True)
class ResolvedProvider:
    """A preset with the address and the key that this person has.

    `base_url` has no slash at its end; it is empty for the embedded model, whose server
    says where it is. `api_key` is None where no key is needed. `prices` is what
    `lab.prices` knows it by: the preset's name, or the address where that is another.
    """

    name: str
    label: str
    base_url: str
    api_key: str | None = field(repr=False)
    key_hint: str
    local: bool
    prices: str
    best: tuple[str, ...]
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server on this machine: the preset that fits it, its address, its models."""

    provider: str
    base_url: str
    models: tuple[str, ...]


@cache
def load() -> dict[str, Provider]:
    """Return the presets by name, in the order of the data file."""
    text = resources.files("lab").joinpath("providers.toml").read_text(encoding="utf-8")
    return {name: _preset(name, values) for name, values in tomllib.loads(text).items()}


def _preset(name: str, values: dict[str, Any]) -> Provider:
    frozen: dict[str, Any] = {
        key: tuple(cast(list[str], value)) if isinstance(value, list) else value
        for key, value in values.items()
    }
    return Provider(name=name, **frozen)


def resolve(
    name: str, *, base_url: str | None = None, environ: Mapping[str, str] = os.environ
) -> ResolvedProvider:
    """Return a provider ready to be asked; `base_url` goes before its own address.

    A key is looked for in the environment, then in the OS keyring, which may block on
    the system's service: call this in a thread.

    Raises:
        ProviderError: unknown name, no address, no key, or one that cannot be right.
    """
    preset = _named(name)
    address = base_url or _own_address(preset, environ)
    if not address and name != "embedded":
        raise ProviderError(f"{preset.label} has no address: {_address_hint(preset)}.")
    address = _checked(preset, address) if address else ""
    key = _environment_key(preset, environ)
    if key is None and not preset.local:
        key = _keyring_key(preset)
    if key is None and preset.needs_key:
        raise ProviderError(f"There is no key for {preset.label}: {preset.key_hint}.")
    return ResolvedProvider(
        name=preset.name,
        label=preset.label,
        base_url=address,
        api_key=key,
        key_hint=preset.key_hint,
        local=preset.local,
        prices=_priced_as(preset, address),
        best=preset.best,
        parameters=dict(preset.parameters),
    )


def priced_as(name: str, *, base_url: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """Return what `lab.prices` knows a provider by, whether or not its key is there.

    `base_url` goes before its own address. Raises ProviderError for an unknown name.
    """
    preset = _named(name)
    return _priced_as(preset, (base_url or _own_address(preset, environ)).strip().rstrip("/"))


def found(environ: Mapping[str, str] = os.environ) -> list[Provider]:
    """Return the providers whose key and address the environment holds, in file order.

    One that needs no key is among them where the environment gives it an address. Neither
    the keyring nor the network is asked.
    """
    return [
        preset
        for preset in load().values()
        if not preset.local
        and _own_address(preset, environ)
        and (not preset.needs_key or any(environ.get(name, "").strip() for name in preset.key_env))
    ]


def has_address(preset: Provider, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a provider's address is known, from its preset or the environment."""
    return bool(_own_address(preset, environ))


def store_key(provider: str, key: str) -> None:
    """Put a provider's key into the OS keyring.

    Raises:
        ProviderError: unknown provider, a key that cannot be one, or no usable keyring.
    """
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    preset = _named(provider)
    checked = _checked_key(key, "that was given")
    if preset.local or not preset.key_env:
        raise ProviderError(f"{preset.label} takes no key from a keyring: it runs on this machine.")
    other = f"set {preset.key_env[0]} instead"
    try:
        keyring.set_password(SERVICE, provider, checked)
        # A keyring that is switched off takes anything and keeps nothing.
        if keyring.get_password(SERVICE, provider) != checked:
            raise NoKeyringError
    except NoKeyringError:
        raise NoKeyring(f"This machine has no keyring for {preset.label}: {other}.") from None
    except KeyringError as error:
        raise ProviderError(
            f"The keyring did not take the key for {preset.label} ({_kind(error)}): {other}."
        ) from None


async def detect_local(timeout_s: float = 0.4) -> list[FoundServer]:
    """Return the model servers that listen on the usual ports of this machine.

    All ports are asked at once for `/v1/models`; what gives no such list within
    `timeout_s` seconds is left out. What a server calls itself goes before its port.
    """
    presets = [preset for preset in load().values() if preset.local and preset.base_url]
    asked = (_probe(preset, timeout_s) for preset in presets)
    return [server for server in await asyncio.gather(*asked) if server]


async def _probe(preset: Provider, timeout_s: float) -> FoundServer | None:
    port = urlsplit(preset.base_url).port or 0
    try:
        status, body = await loopback.get(port, "/v1/models", timeout_s=timeout_s)
    except loopback.NoAnswer:
        return None
    listed = _listed(body) if status == 200 else None
    if listed is None:
        return None
    models, owners = listed
    return FoundServer(_who(preset, owners), preset.base_url, models)


def _listed(body: bytes) -> tuple[tuple[str, ...], set[str]] | None:
    """Return the model ids and owners of a list of models; None when it is none."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    data: Any = cast(dict[str, Any], answer).get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        return None
    items = cast(list[Any], data)[:_MOST_MODELS]
    models = [cast(dict[str, Any], item) for item in items if isinstance(item, dict)]
    ids = [model.get("id") for model in models]
    names = tuple(name for name in ids if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME)
    return names, {str(model.get("owned_by")).lower() for model in models}


def _who(preset: Provider, owners: set[str]) -> str:
    for other in load().values():
        if owners.intersection(other.owned_by):
            return other.name
    return preset.name


def _priced_as(preset: Provider, address: str) -> str:
    # What asks in a provider's manner at another address has prices of its own.
    elsewhere = not preset.local and preset.base_url not in ("", address)
    return address if elsewhere or not (preset.prices or preset.local) else preset.name


def _named(name: str) -> Provider:
    presets = load()
    if name not in presets:
        raise ProviderError(f"There is no provider “{name}”; choose one of {', '.join(presets)}.")
    return presets[name]


def _own_address(preset: Provider, environ: Mapping[str, str]) -> str:
    told = environ.get(preset.base_url_env, "").strip().rstrip("/")
    if not told:
        return preset.base_url
    if preset.path and "://" not in told:  # Databricks' own tools take a bare host
        told = f"https://{told}"
    return told if told.endswith(preset.path) else told + preset.path


def _address_hint(preset: Provider) -> str:
    variable = f"set {preset.base_url_env} or " if preset.base_url_env else ""
    return f"{variable}give one with --base-url"


def _checked(preset: Provider, address: str) -> str:
    try:
        parts = urlsplit(address.strip())
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole, parts = False, urlsplit("")
    if not whole:
        raise ProviderError(
            f"The address of {preset.label} is not a URL that begins with http:// or https://: "
            f"{_address_hint(preset)}."
        )
    if parts.username is not None or parts.password is not None:
        raise ProviderError(
            f"The address of {preset.label} holds a user or a password: "
            f"take it out, and {preset.key_hint}."
        )
    return address.strip().rstrip("/")


def _environment_key(preset: Provider, environ: Mapping[str, str]) -> str | None:
    for variable in preset.key_env:
        if key := environ.get(variable, "").strip():
            return _checked_key(key, f"in {variable}")
    return None


def _keyring_key(preset: Provider) -> str | None:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        key = keyring.get_password(SERVICE, preset.name)
    except NoKeyringError:
        return None
    except KeyringError as error:
        if not preset.needs_key:
            return None
        raise ProviderError(
            f"The keyring with the key for {preset.label} could not be read ({_kind(error)}): "
            f"unlock it, or set {preset.key_env[0]}."
        ) from None
    return _checked_key(key, "in the keyring") if key and key.strip() else None


def _checked_key(key: str, where: str) -> str:
    """Return a key without the white space around it; a header holds no other bytes."""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ProviderError(f"The key {where} is empty or has characters that no key has.")
    return key


def _kind(error: Exception) -> str:
    # Only the class: a backend's own text may hold anything.
    return type(error).__name__
