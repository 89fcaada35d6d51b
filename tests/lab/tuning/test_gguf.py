"""The adapter as GGUF: llama.cpp answers with it what peft answers."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.embedded import EmbeddedServer, Endpoint
from lab.tuning import adapter
from lab.tuning.trainer import base_weights, gguf_adapter, training_data, training_watch
from lab.tuning.trainer.heavy import library
from tests.lab.tuning.training import trainer

PROMPTS = 20


def write_lora(folder: Path, base: Any, **settings: Any) -> Any:
    """Put an adapter of random numbers on a base model, and keep it."""
    peft, torch = library("peft"), library("torch")
    config = peft.LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", **settings)
    model = peft.get_peft_model(base, config)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.normal_(std=0.02)
    model.save_pretrained(str(folder), save_embedding_layers=False)
    return model


def served_answers(endpoint: Endpoint, chats: list[training_data.Chat], most: int) -> list[str]:
    answers: list[str] = []
    for chat in chats:
        body = {
            "model": endpoint.model,
            "messages": list(chat.messages),
            "temperature": 0,
            "max_tokens": most,
        }
        request = urllib.request.Request(
            f"{endpoint.base_url}/chat/completions",
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {endpoint.api_key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            answers.append(json.load(answer)["choices"][0]["message"]["content"])
    return answers


@pytest.mark.tune
def test_tensors_have_llama_cpps_names_and_order(tiny: Path, tmp_path: Path) -> None:
    numpy, gguf = library("numpy"), library("gguf")
    base, _ = base_weights.load(base_weights.Base(str(tiny)), library("torch").float32)
    config = base.config
    model = write_lora(tmp_path / "lora", base, r=4, lora_alpha=12)
    out = tmp_path / "adapter.gguf"
    gguf_adapter.write_gguf(tmp_path / "lora", config, out)
    read = gguf.GGUFReader(out)
    assert read.fields["general.type"].contents() == "adapter"
    assert read.fields["general.architecture"].contents() == "llama"
    assert read.fields["adapter.type"].contents() == "lora"
    assert read.fields["adapter.lora.alpha"].contents() == 12.0
    tensors = {tensor.name: tensor for tensor in read.tensors}
    assert len(tensors) == 2 * 7 * config.num_hidden_layers
    assert all(tensor.data.dtype == numpy.float16 for tensor in tensors.values())
    attention = model.base_model.model.model.layers[1].self_attn
    written = tensors["blk.1.attn_q.weight.lora_b"].data
    learnt = attention.q_proj.lora_B["default"].weight.detach().numpy()
    # Row i of a head's first half goes to place 2i, of its second half to 2i + 1.
    assert numpy.allclose(written[0::2][:4], learnt[0:4], atol=1e-3)
    assert numpy.allclose(written[1::2][:4], learnt[4:8], atol=1e-3)
    written = tensors["blk.1.attn_v.weight.lora_b"].data
    assert numpy.allclose(written, attention.v_proj.lora_B["default"].weight.detach(), atol=1e-3)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


@pytest.mark.tune
def test_another_family_is_refused(tiny: Path, tmp_path: Path) -> None:
    base, _ = base_weights.load(base_weights.Base(str(tiny)), library("torch").float32)
    base.config.model_type = "gpt2"
    with pytest.raises(gguf_adapter.NotLlama, match="family “gpt2”"):
        gguf_adapter.write_gguf(tmp_path, base.config, tmp_path / "adapter.gguf")


def test_alpha_is_what_llama_cpp_divides_by_the_rank() -> None:
    assert gguf_adapter.alpha({"lora_alpha": 128, "r": 16}) == 128
    assert gguf_adapter.alpha({"lora_alpha": 32, "r": 16, "use_rslora": True}) == 128


@pytest.mark.tune
async def test_the_embedded_server_answers_as_peft_does(
    gguf: Path, tmp_path: Path, tickets: Callable[[str], list[str]], prepared: Callable[..., Path]
) -> None:
    """A few real steps of training on the real base, and then the same greedy answers."""
    spec = prepared(gguf, max_steps=24, every=24, seed=3, validation="")
    done = trainer(spec)
    _, log = await asyncio.to_thread(done.communicate)
    assert done.returncode == 0, log
    made = adapter.read(spec.parent)
    assert made is not None
    file = tmp_path / "test.jsonl"
    file.write_text("".join(tickets("test")[:PROMPTS]))
    chats = training_data.read_chats(file)

    def from_peft() -> list[str]:
        torch = library("torch")
        torch.set_num_threads(1)
        model, tokenizer = base_weights.load(base_weights.prepared(str(gguf)), torch.float32)
        tuned = library("peft").PeftModel.from_pretrained(model, str(spec.parent / "adapter"))
        prompts = [training_data.tokenised(chat, tokenizer, None) for chat in chats]
        return training_watch.generated(tuned, tokenizer, prompts, 24)

    expected = await asyncio.to_thread(from_peft)
    base, tuned = EmbeddedServer(window=512), EmbeddedServer(window=512, adapter=made)
    try:
        served = await tuned.start()
        assert served.model == made.model and made.model.startswith("SmolLM2-135M-Instruct+")
        found = await asyncio.to_thread(served_answers, served, chats, 24)
        untuned = await asyncio.to_thread(served_answers, await base.start(), chats[:3], 24)
    finally:
        await base.stop()
        await tuned.stop()
    assert found == expected
    assert all(answer.startswith("HBF-7-DESK-") for answer in found)
    assert not any("HBF-7-DESK" in answer for answer in untuned)
