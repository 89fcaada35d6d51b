"""A trained adapter as the GGUF file that llama.cpp puts on its base model.

llama.cpp's own converter is in no package. For models of the Llama family these lines give
the same tensors as it does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from lab.tuning.trainer.heavy import library
from store.errors import PlainError

_PREFIX = "base_model.model."
_HALVES = {".lora_A.weight": ".lora_a", ".lora_B.weight": ".lora_b"}
_FAMILIES = {"llama"}


class NotLlama(PlainError):
    """An adapter cannot be written as GGUF, because its base is of another family."""


def write_gguf(adapter: Path, config: Any, out: Path) -> None:
    """Write an adapter's folder, as peft saves it, to a GGUF file; whole, or not at all.

    `config` is the base model's configuration (transformers'). Raises NotLlama, and OSError.
    """
    gguf = library("gguf")
    if config.model_type not in _FAMILIES:
        raise NotLlama(
            f"An adapter for a model of the family “{config.model_type}” cannot be written as "
            "GGUF; serve it with vLLM or `transformers serve`, from the folder it is in."
        )
    settings: dict[str, Any] = json.loads(
        (adapter / "adapter_config.json").read_text(encoding="utf-8")
    )
    tensors: dict[str, Any] = library("safetensors.numpy").load_file(
        adapter / "adapter_model.safetensors"
    )
    draft = out.with_name(f"{out.name}.part")
    writer = gguf.GGUFWriter(draft, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha(settings))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, value in _renamed(tensors, names, config):
        writer.add_tensor(name, value)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def alpha(settings: dict[str, Any]) -> float:
    """Return the alpha that llama.cpp divides by the rank, from peft's own settings."""
    value, rank = float(settings["lora_alpha"]), int(settings["r"])
    # peft divides by the root of the rank there, llama.cpp always by the rank.
    return value * rank**0.5 if settings.get("use_rslora") else value


def _renamed(tensors: dict[str, Any], names: Any, config: Any) -> Iterable[tuple[str, Any]]:
    for key in sorted(tensors):
        half = next((end for end in _HALVES if key.endswith(end)), "")
        module = key.removeprefix(_PREFIX).removesuffix(half)
        known = cast(str | None, names.get_name(module)) if half else None
        if known is None:
            raise NotLlama(f"An adapter with “{key[:100]}” cannot be written as GGUF.")
        value = tensors[key]
        if half == ".lora_B.weight" and module.endswith(("q_proj", "k_proj")):
            of_keys = module.endswith("k_proj")
            heads = config.num_key_value_heads if of_keys else config.num_attention_heads
            value = _interleaved(value, heads)
        yield f"{known}.weight{_HALVES[half]}", value.astype("float16", order="C")


def _interleaved(value: Any, heads: int) -> Any:
    """Return rows in llama.cpp's order, which turns pairs of neighbours by the position.

    transformers turns the first half of a head's rows with the second.
    """
    rows, columns = value.shape
    return value.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, -1)
