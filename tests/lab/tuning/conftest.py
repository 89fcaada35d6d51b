"""What trains in tests: the libraries where they are there, a tiny model, the tickets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.tuning.trainer import base_weights
from lab.tuning.trainer.heavy import library
from lab.weights import fetch_weights

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = "Route the ticket. Answer with the code of the desk only."


@pytest.fixture(scope="session")
def gguf() -> Path:
    """The real weights; the first run of all fetches them."""
    return asyncio.run(fetch_weights())


@pytest.fixture(scope="session")
def tiny(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the real one's family and vocabulary that knows nothing and is quick."""
    transformers, torch = library("transformers"), library("torch")
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=49152,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(str(folder))
    source = base_weights.prepared(str(gguf)).source
    transformers.AutoTokenizer.from_pretrained(source).save_pretrained(str(folder))
    return folder


def chats(split: str) -> Iterator[str]:
    """Yield the tickets of a split as lines of a training file."""
    lines = (ROOT / "fixtures" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    for ticket in map(json.loads, lines):
        if ticket["split"] == split:
            messages = [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": ticket["prompt"]},
                {"role": "assistant", "content": ticket["expected"]},
            ]
            yield json.dumps({"messages": messages}) + "\n"


@pytest.fixture
def tickets() -> Callable[[str], list[str]]:
    """The tickets of a split, as lines of a training file."""
    return lambda split: list(chats(split))


@pytest.fixture
def prepared(tmp_path: Path, tickets: Callable[[str], list[str]]) -> Callable[..., Path]:
    """Write a job's folder, whose spec has these values, and return the spec's path."""

    def made(base: Path, name: str = "job", **values: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        lines = tickets("train")
        (folder / "training.jsonl").write_text("".join(lines[12:]))
        (folder / "validation.jsonl").write_text("".join(lines[:12]))
        spec = {"base": str(base), "validation": "validation.jsonl", **values}
        (folder / "spec.json").write_text(json.dumps(spec))
        return folder / "spec.json"

    return made
