"""`python -m lab.tuning.trainer spec.json`: train an adapter, and tell how it goes.

It is a process of its own, which outlives the Litmus that started it. What it tells stands in
`events.jsonl` beside the spec, and on standard output; see
`lab.tuning.trainer.training_events`. Run again it goes on from its last checkpoint. SIGTERM and
SIGINT save one and end it.

The learning is transformers' Trainer with peft: it keeps and finds again the optimiser, the
schedule, the random numbers and the place in the data, and runs on several GPUs under
`accelerate launch`. trl's SFTTrainer is the same with a `datasets` pipeline before it, of
which a few thousand short chats need nothing. Exits 0 when it ended well or was told to stop,
1 when it failed.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.tuning import adapter
from lab.tuning.trainer import base_weights, running, training_data, training_events, training_watch
from lab.tuning.trainer.checkpoints import drop_checkpoints, drop_torn, last_checkpoint
from lab.tuning.trainer.gguf_adapter import NotLlama, write_gguf
from lab.tuning.trainer.heavy import library
from lab.tuning.trainer.training_spec import Spec, SpecProblem, read
from store.errors import PlainError

_NO_ROOM = ("no space left", "os error 28", "enforce fail at inline_container")
_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")

Tell = Callable[..., None]


def main() -> None:
    """Train as the spec that the command line names says."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m lab.tuning.trainer spec.json")
    path = Path(sys.argv[1]).absolute()
    stop = _Stop(path.parent)
    pipe = training_events.real_stdout()
    tell: Tell = _silent
    if _is_first():
        if not running.claim(path.parent):
            sys.exit(f"{path.parent} is being trained in by another process.")
        drop_torn(path.parent)  # one that was killed left it
        tell = training_events.Teller(path.parent, pipe)
    try:
        _train(path, tell, stop)
    except PlainError as error:
        _failed(tell, str(error))
    except MemoryError:
        _failed(tell, _too_little_memory())
    except (OSError, RuntimeError, ValueError, ImportError, *_foreign()) as error:
        traceback.print_exc()
        _failed(tell, _plainly(error, path.parent))
    finally:
        if isinstance(tell, training_events.Teller):
            tell.close()
            drop_torn(path.parent)


class _Stop:
    """Whether the process was told to end, by a signal or by a file in the job's folder."""

    def __init__(self, folder: Path) -> None:
        self.asked = False
        self._file = folder / running.STOP
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._hear)

    def __call__(self) -> bool:
        return self.asked or self._file.exists()

    def _hear(self, *_: object) -> None:
        self.asked = True


def _foreign() -> tuple[type[Exception], ...]:
    """Return the libraries' own errors that are no kind of Python's, of those that are loaded."""
    safetensors: Any = sys.modules.get("safetensors")
    return () if safetensors is None else (safetensors.SafetensorError,)


def _is_first() -> bool:
    """Return whether this is the process that speaks, of several of one training."""
    return os.environ.get("RANK", "0") == "0"


def _silent(*_: Any, **__: Any) -> None:
    return None


def _failed(tell: Tell, sentence: str) -> None:
    tell("result", state="failed", error=sentence)
    sys.exit(1)


def _train(path: Path, tell: Tell, stop: _Stop) -> None:
    tell("status", state="loading")
    spec, folder = read(path), path.parent
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if Path(spec.base).expanduser().exists():  # then there is nothing to be fetched
        os.environ["HF_HUB_OFFLINE"] = "1"
    if "RANK" not in os.environ:  # several GPUs are the launcher's to share out
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    # What is amiss with the files is told before the libraries are loaded.
    chats = training_data.read_chats(folder / spec.training, spec.system)
    if not chats:
        raise SpecProblem("There is no example to train on.")
    base = base_weights.prepared(spec.base)
    torch = library("torch")
    torch.set_num_threads(spec.threads)
    library("transformers").set_seed(spec.seed)
    on_gpu = torch.cuda.is_available()
    short = on_gpu and torch.cuda.is_bf16_supported()
    model, tokenizer = base_weights.load(base, torch.bfloat16 if short else torch.float32)
    if stop():
        tell("status", state="cancelled")
        return
    tell("status", state="ready", device="gpu" if on_gpu else "cpu", base=base.source)
    config = model.config
    watch = _learn(spec, folder, chats, model, tokenizer, tell, stop)
    if stop():
        tell("status", watch.best.step or None, state="cancelled")
    elif _is_first():
        made = _finish(folder, base, config, watch.best)
        tell("status", state="saved")
        tell("result", state="succeeded", **made)
        drop_checkpoints(folder)


def _learn(
    spec: Spec,
    folder: Path,
    chats: list[training_data.Chat],
    model: Any,
    tokenizer: Any,
    tell: Tell,
    stop: _Stop,
) -> Any:
    """Train until it is enough, or until it is told to stop; return the callback."""
    peft, transformers = library("peft"), library("transformers")
    window = getattr(model.config, "max_position_embeddings", None)
    examples = [training_data.tokenised(chat, tokenizer, window) for chat in chats]
    heldout = _heldout(spec, folder, tokenizer, window)
    lora = peft.LoraConfig(
        task_type=peft.TaskType.CAUSAL_LM,
        r=spec.rank,
        lora_alpha=spec.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
    )
    learning = peft.get_peft_model(model, lora)
    schedule = "constant_with_warmup" if spec.schedule == "constant" else spec.schedule
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=spec.max_steps,
        per_device_train_batch_size=spec.batch,
        learning_rate=spec.learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=spec.warmup_steps,
        weight_decay=0.0,
        seed=spec.seed,
        data_seed=spec.seed,
        logging_steps=1,
        save_strategy="no",  # the watcher says when
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        bf16=str(model.dtype) == "torch.bfloat16",
    )
    watch = training_watch.watching(
        spec,
        folder,
        tell=tell,
        tokenizer=tokenizer,
        heldout=heldout,
        cancelled=stop,
        best=training_watch.best_of(folder),
        spent_s=training_events.spent_s(folder),
    )

    def collated(some: list[training_data.Tokens]) -> dict[str, Any]:
        return training_data.batched(some, tokenizer.pad_token_id)

    trainer = transformers.Trainer(
        model=learning,
        args=arguments,
        train_dataset=examples,
        data_collator=collated,
        callbacks=[watch],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    last = last_checkpoint(folder)
    if last is None or not _has_ended(spec, folder, last[0]):
        trainer.train(resume_from_checkpoint=str(last[1]) if last else None)
    return watch


def _heldout(spec: Spec, folder: Path, tokenizer: Any, window: int | None) -> list[Any]:
    if not spec.validation:
        return []
    chats = training_data.read_chats(folder / spec.validation, spec.system)
    wanted = training_data.expectations(chats, spec.assertions)
    pairs = zip(chats, wanted, strict=True)
    some = list(pairs)[: spec.validation_most]
    return [(training_data.tokenised(chat, tokenizer, window), each) for chat, each in some]


def _has_ended(spec: Spec, folder: Path, step: int) -> bool:
    """Return whether nothing is left to train: it was killed between that and its result."""
    best = training_watch.best_of(folder)
    over = training_watch.is_over(spec, training_events.spent_s(folder)) and best.step > 0
    return over or step >= spec.max_steps or best.is_enough(spec)


def _finish(
    folder: Path, base: base_weights.Base, config: Any, best: training_watch.Best
) -> dict[str, Any]:
    """Put the best adapter in its place, also as GGUF; return its record."""
    kept = folder / adapter.PEFT
    if not kept.exists():
        best.folder(folder).replace(kept)
    told: dict[str, Any] = {"adapter": kept.name, "step": best.step, "of": best.of}
    told["right"] = max(0, best.right)
    if base.gguf is None:
        return {**told, "model": "", "servable": False}
    try:
        write_gguf(kept, config, folder / adapter.GGUF)
    except NotLlama as error:
        return {**told, "model": "", "servable": False, "why_not": str(error)}
    from lab.embedded import model_name

    made = adapter.identified(
        folder,
        base_model=model_name(base.gguf),
        base_sha256=base.sha256,
        adapter_sha256=base_weights.sha256_of(folder / adapter.GGUF),
        base_file=str(base.gguf.absolute()),
        step=best.step,
        right=told["right"],
        of=best.of,
    )
    adapter.keep(made)
    return {**told, **made.to_json(), "servable": True}


def _plainly(error: Exception, folder: Path) -> str:
    """Return what happened, and what to do, of an error of the system's or a library's."""
    said = str(error).strip()
    low = said.lower()
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    if full or any(sign in low for sign in _NO_ROOM):
        return (
            f"The disk is full: free some space for {folder} (or the cache) and resume the "
            "training; what its last checkpoint holds is kept."
        )
    if any(sign in low for sign in _NO_MEMORY):
        return _too_little_memory()
    if isinstance(error, ImportError):
        return f"The libraries for local training do not load ({said[:200]}); install them anew."
    last = said.splitlines()[-1][:300].strip(" .") if said else type(error).__name__
    return f"The training ended with an error ({last}); trainer.log in {folder} has all of it."


def _too_little_memory() -> str:
    return (
        "There is too little memory for this training: close other programs and resume it, or "
        "start another with a smaller batch or a smaller base model."
    )


if __name__ == "__main__":
    main()
