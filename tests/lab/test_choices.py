"""What a person can choose to ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import keyring
import keyring.backend
import keyring.errors
import pytest

from fixtures.server import FixtureServer
from lab import choices as choices_module
from lab import providers
from lab.choices import Choice, choices, keep_key
from lab.providers import FoundServer, ProviderError


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory, or none at all."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, *, there: bool) -> None:
        super().__init__()
        self.there = there
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.there:
            raise keyring.errors.NoKeyringError
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring(there=True)
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch, alone: None, ring: Ring) -> list[FoundServer]:
    """The servers that are found on this machine, which a test fills."""
    found: list[FoundServer] = []

    async def detected() -> list[FoundServer]:
        return found

    monkeypatch.setattr(providers, "detect_local", detected)
    monkeypatch.delenv("LITMUS_API_KEY")
    return found


async def by_name() -> dict[str, Choice]:
    return {choice.provider: choice for choice in await choices()}


async def test_what_can_be_asked_at_once_comes_first(
    local: list[FoundServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k")
    local.append(FoundServer("ollama", "http://127.0.0.1:11434/v1", ("a", "b")))
    listed = await choices()
    ready = [choice.provider for choice in listed if choice.ready]
    assert {"groq", "ollama"} <= set(ready)
    assert [choice.provider for choice in listed[: len(ready)]] == ready
    found = {choice.provider: choice for choice in listed}
    assert found["groq"].detail == "key in GROQ_API_KEY"
    assert found["ollama"].detail == "on this machine, 2 models"
    assert not {"lmstudio", "llamacpp", "vllm"} & found.keys()  # they do not run


async def test_what_the_others_need_is_said(local: list[FoundServer]) -> None:
    found = await by_name()
    assert (found["openai"].needs, found["openai"].detail) == ("key", "needs OPENAI_API_KEY")
    assert (found["azure"].needs, found["azure"].detail) == (
        "setting",
        "needs AZURE_OPENAI_ENDPOINT",
    )
    assert found["custom"].needs == "address"
    assert not any(found[name].ready for name in ("openai", "azure", "databricks", "custom"))


async def test_a_key_in_the_keyring_is_found_again(local: list[FoundServer], ring: Ring) -> None:
    ring.kept["litmus", "openai"] = "sk-1"
    ring.kept["litmus", "databricks"] = "no address is known"
    found = await by_name()
    assert found["openai"].ready and found["openai"].detail == "key in the keyring"
    assert found["databricks"].needs == "setting"


async def test_a_keyring_that_cannot_be_read_hides_nothing(
    local: list[FoundServer], ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked

    monkeypatch.setattr(ring, "get_password", locked)
    assert (await by_name())["openai"].needs == "key"


async def test_an_address_in_the_environment_is_enough_where_no_key_is_needed(
    local: list[FoundServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITMUS_BASE_URL", "http://127.0.0.1:9/v1")
    choice = (await by_name())["custom"]
    assert choice.ready and choice.detail == "address is set"


@pytest.mark.parametrize(
    ("extra", "weights", "needs"),
    [(True, True, ""), (True, False, "weights"), (False, True, "extra"), (False, False, "extra")],
)
async def test_what_the_embedded_model_needs(
    local: list[FoundServer],
    monkeypatch: pytest.MonkeyPatch,
    extra: bool,
    weights: bool,
    needs: str,
) -> None:
    monkeypatch.setattr(choices_module, "extra_installed", lambda: extra)
    monkeypatch.setattr(choices_module, "have_weights", lambda: weights)
    assert (await by_name())["embedded"].needs == needs


async def test_a_server_that_really_listens(
    alone: None, ring: Ring, server: FixtureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets = dict(providers.load())
    presets["vllm"] = replace(presets["vllm"], base_url=server.base_url)
    monkeypatch.setattr(providers, "load", lambda: presets)
    server.models = [{"id": "m", "owned_by": "vllm"}]
    choice = (await by_name())["vllm"]
    assert choice.ready and choice.detail == "on this machine, 1 model"


def test_a_key_goes_into_the_keyring(alone: None, ring: Ring) -> None:
    assert keep_key("openai", " sk-1 ") == "The key is in the keyring."
    assert ring.kept == {("litmus", "openai"): "sk-1"}


def test_without_a_keyring_the_key_serves_until_litmus_ends(
    alone: None, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.there = False
    monkeypatch.setenv("OPENAI_API_KEY", "")  # so that it is put back afterwards
    says = keep_key("openai", " sk-1 ")
    assert says.endswith("Set OPENAI_API_KEY.") and "sk-1" not in says
    assert providers.resolve("openai").api_key == "sk-1"


@pytest.mark.parametrize("key", ["", " ", "schlüssel", "two\nlines"])
def test_what_cannot_be_a_key_is_refused(alone: None, ring: Ring, key: str) -> None:
    with pytest.raises(ProviderError) as told:
        keep_key("openai", key)
    assert not key.strip() or key not in str(told.value)
    assert ring.kept == {}
