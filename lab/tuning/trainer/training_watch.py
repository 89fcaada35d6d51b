"""What looks on while a model is trained: it tells, tests, stops early, keeps the best.

This runs in the trainer's process, as a callback of transformers' Trainer.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lab.tuning.adapter import PEFT
from lab.tuning.trainer.heavy import library
from lab.tuning.trainer.training_data import Tokens, is_right
from lab.tuning.trainer.training_spec import Spec
from store.records import Expectation

_BEST = "best-"
_PROGRESS = "progress.json"
_GENERATED_AT_ONCE = 16
_LONGEST_ANSWER = 2.0


@dataclass(frozen=True, slots=True)
class Best:
    """How far a training has come: the best look so far and the looks since then."""

    step: int = 0
    right: int = -1
    of: int = 0
    since: int = 0

    def after(self, step: int, right: int, of: int) -> Best:
        """Return it after one more look at the validation examples."""
        if right > self.right:
            return Best(step, right, of)
        # Until something is right at all there is no plateau, only a start.
        return replace(self, since=self.since + 1) if self.right > 0 else self

    def folder(self, job: Path) -> Path:
        """Return the folder with the adapter of the best look, in a job's folder."""
        return job / f"{_BEST}{self.step}"

    def is_enough(self, spec: Spec) -> bool:
        """Return whether training can stop here, however long it may go on."""
        reached = self.of > 0 and self.right >= spec.target * self.of
        return reached or (self.of > 0 and self.since >= spec.patience)


def best_of(folder: Path) -> Best:
    """Return how far the training in a folder has come; nothing yet where it has no record."""
    try:
        value: Any = json.loads((folder / _PROGRESS).read_text(encoding="utf-8"))
        best = Best(**value)
    except (FileNotFoundError, ValueError, TypeError):
        return Best()
    there = best.folder(folder).is_dir() or (folder / PEFT).is_dir()
    return best if there else Best()


def watching(
    spec: Spec,
    folder: Path,
    *,
    tell: Callable[..., None],
    tokenizer: Any,
    heldout: Sequence[tuple[Tokens, Expectation]],
    cancelled: Callable[[], bool],
    best: Best,
    spent_s: float = 0.0,
) -> Any:
    """Return the callback.

    `best` is what a resumed training had reached, in `spent_s` seconds of training.
    """
    callback: Any = library("transformers").TrainerCallback

    class Watch(callback):
        def __init__(self) -> None:
            self.best = best
            self.enough = False
            self._began = time.monotonic()
            self._took = 0.0
            self._spent_s = spent_s

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            tell("status", state="running", start=state.global_step, total=state.max_steps)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                tell(
                    "metrics",
                    state.global_step,
                    loss=float(logs["loss"]),
                    lr=float(logs.get("learning_rate", 0.0)),
                    s_per_step=round(self._took, 3),
                    steps=state.max_steps,
                )

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._began = time.monotonic()

        def on_step_end(
            self, args: Any, state: Any, control: Any, model: Any = None, **_: Any
        ) -> None:
            self._took = time.monotonic() - self._began
            self._spent_s += self._took
            stop = _anywhere(cancelled())
            late = _anywhere(is_over(spec, self._spent_s))
            last = late or state.global_step >= state.max_steps
            if not stop and (last or state.global_step % spec.every == 0):
                control.should_save = True
                self._look(state, model)
                stop = _anywhere(late or self.enough or cancelled())
                if late and not self.enough and state.is_world_process_zero:
                    tell("message", text=_over(spec, state))
            if stop:
                control.should_save = control.should_training_stop = True

        def _look(self, state: Any, model: Any) -> None:
            if not state.is_world_process_zero:
                return
            of, step, began = len(heldout), state.global_step, time.monotonic()
            right = right_answers(model, tokenizer, heldout, spec.answer_tokens)
            took = time.monotonic() - began
            self._spent_s += took
            if of:
                tell("heldout", step, right=right, of=of, seconds=round(took, 3))
            before, self.best = self.best, self.best.after(step, right, of)
            # Without validation the last weights are the ones to keep.
            if self.best.step == step or not of:
                self.best = self.best if of else Best(step, 0, 0)
                _keep(folder, self.best, model)
            elif self.best != before:
                _note(folder, self.best)
            self.enough = self.best.is_enough(spec)

    return Watch()


def is_over(spec: Spec, spent_s: float) -> bool:
    """Return whether a training has had the time that it may take."""
    return bool(spec.max_minutes) and spent_s >= 60 * spec.max_minutes


def _over(spec: Spec, state: Any) -> str:
    one = spec.max_minutes == 1
    time = (
        "The minute that it may train is"
        if one
        else (f"The {spec.max_minutes:g} minutes that it may train are")
    )
    return (
        f"{time} over, at step {state.global_step} of {state.max_steps}; it keeps its best so far."
    )


def right_answers(
    model: Any, tokenizer: Any, heldout: Sequence[tuple[Tokens, Expectation]], most: int
) -> int:
    """Return how many prompts a model answers right, with the likeliest token each time."""
    answers = generated(model, tokenizer, [tokens for tokens, _ in heldout], most)
    pairs = zip(answers, heldout, strict=True)
    return sum(is_right(answer, wanted) for answer, (_, wanted) in pairs)


def generated(model: Any, tokenizer: Any, prompts: Sequence[Tokens], most: int) -> list[str]:
    """Return a model's answers of at most `most` tokens, always the likeliest."""
    torch = library("torch")
    training, pad = model.training, tokenizer.pad_token_id
    said: list[str] = []
    model.eval()
    try:
        for start in range(0, len(prompts), _GENERATED_AT_ONCE):
            some = prompts[start : start + _GENERATED_AT_ONCE]
            longest = max(len(each.prompt) for each in some)
            rows = [[pad] * (longest - len(each.prompt)) + each.prompt for each in some]
            masks = [[0] * (longest - len(each.prompt)) + [1] * len(each.prompt) for each in some]
            # A model that rambles is wrong already; it need not be heard to the end.
            enough = max(8, round(_LONGEST_ANSWER * max(len(each.answer) for each in some)))
            with torch.no_grad():
                out = model.generate(
                    input_ids=torch.tensor(rows, device=model.device),
                    attention_mask=torch.tensor(masks, device=model.device),
                    max_new_tokens=min(most, enough),
                    do_sample=False,
                    pad_token_id=pad,
                )
            said += tokenizer.batch_decode(out[:, longest:], skip_special_tokens=True)
    finally:
        model.train(training)
    return said


def _anywhere(flag: bool) -> bool:
    """Return whether a flag is up in any process of this training."""
    torch = library("torch")
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return flag
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    raised = torch.tensor([int(flag)], device=device)
    distributed.all_reduce(raised, op=distributed.ReduceOp.MAX)
    return bool(raised.item())


def _keep(folder: Path, best: Best, model: Any) -> None:
    """Keep a model's adapter in place of the one before, without a moment that has neither."""
    kept, draft = best.folder(folder), folder / "best.part"
    for left in (draft, kept):
        shutil.rmtree(left, ignore_errors=True)
    model.save_pretrained(str(draft), save_embedding_layers=False)
    draft.replace(kept)
    _note(folder, best)
    for old in folder.glob(f"{_BEST}*"):
        if old != kept:
            shutil.rmtree(old, ignore_errors=True)


def _note(folder: Path, best: Best) -> None:
    draft = folder / f"{_PROGRESS}.part"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(best), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _PROGRESS)
