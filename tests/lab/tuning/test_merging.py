"""A trained adapter merged into its base: one folder that computes what both did."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.desk import Desk
from lab.tuning.jobs import TuningError
from lab.tuning.local import merging
from lab.tuning.trainer import base_weights, training_data
from lab.tuning.trainer.heavy import all_installed, library
from store import jobs
from store.jobs import Job, JobDraft
from tests.lab.tuning.test_gguf import write_lora


@pytest.fixture
async def job(desk: Desk, tmp_path: Path) -> Job:
    """A local job that succeeded, whose folder has an adapter's."""
    folder = tmp_path / "job"
    (folder / "adapter").mkdir(parents=True)
    job = await desk.database.write(
        jobs.create, desk.session.id, JobDraft("local", "embedded", "m", "{}\n")
    )
    return await desk.database.write(jobs.update, job.id, state="succeeded", folder=str(folder))


def logits(model: Any, tokenizer: Any, chat: training_data.Chat) -> Any:
    """Return what a model makes of each next token of a chat."""
    torch = library("torch")
    tokens = training_data.tokenised(chat, tokenizer, None).prompt
    with torch.no_grad():
        return model(input_ids=torch.tensor([tokens])).logits


@pytest.mark.tune
async def test_a_merged_model_computes_what_base_and_adapter_do(
    job: Job, tiny: Path, tmp_path: Path, tickets: Callable[[str], list[str]]
) -> None:
    torch = library("torch")
    (tmp_path / "job" / "spec.json").write_text(json.dumps({"base": str(tiny)}))
    base, tokenizer = base_weights.load(base_weights.Base(str(tiny)), torch.float32)
    tuned = write_lora(tmp_path / "job" / "adapter", base, r=4, lora_alpha=12)
    lines = tmp_path / "chats.jsonl"
    lines.write_text(tickets("test")[0])
    [chat] = training_data.read_chats(lines)
    expected = logits(tuned, tokenizer, chat)
    with tuned.disable_adapter():
        untuned = logits(tuned, tokenizer, chat)

    folder = tmp_path / "merged"
    await merging.merge(job, folder)
    found = logits(*base_weights.load(base_weights.prepared(str(folder)), torch.float32), chat)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, untuned, atol=1e-5)
    assert not (folder / "adapter_config.json").exists()
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []

    (tmp_path / "job" / "spec.json").write_text(json.dumps({"base": str(tmp_path / "gone.gguf")}))
    with pytest.raises(TuningError, match=r"gone\.gguf is not there; name a GGUF file"):
        await merging.merge(job, tmp_path / "again")
    assert not (tmp_path / "again").exists()


async def test_what_cannot_be_merged_is_told(job: Job, tmp_path: Path) -> None:
    hosted = replace(job, backend="hosted", provider="openai")
    with pytest.raises(TuningError, match="Job 1 trained at openai, which keeps the weights"):
        merging.refuse(hosted, tmp_path / "m")
    with pytest.raises(TuningError, match="no adapter to merge; it is cancelled"):
        merging.refuse(replace(job, state="cancelled"), tmp_path / "m")
    if not all_installed():
        with pytest.raises(TuningError, match="needs an extra that is not installed"):
            merging.refuse(job, tmp_path / "m")
        return
    with pytest.raises(TuningError, match="is there already; name a folder that is not"):
        merging.refuse(job, tmp_path)
    with pytest.raises(TuningError, match="no is no folder; make it first"):
        merging.refuse(job, tmp_path / "no" / "m")
    (tmp_path / "empty").mkdir()
    merging.refuse(job, tmp_path / "empty")
