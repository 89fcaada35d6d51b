"""`python -m lab.tuning.trainer.merger JOB FOLDER`: base and adapter as one model.

What serves no adapters, such as `transformers serve`, serves this folder. A process of its own,
since it loads the training libraries. Prints one JSON object: nothing in it, or an `error`.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from lab.tuning import adapter
from lab.tuning.trainer import base_weights, training_events
from lab.tuning.trainer.heavy import library
from lab.tuning.trainer.training_spec import SPEC, read
from store.errors import PlainError


def main() -> None:
    """Merge what the command line names."""
    if len(sys.argv) != 3:
        sys.exit("Usage: python -m lab.tuning.trainer.merger JOB FOLDER")
    job, folder = Path(sys.argv[1]), Path(sys.argv[2])
    out = training_events.real_stdout()
    error = ""
    try:
        merge(job, folder)
    except PlainError as problem:
        error = str(problem)
    except OSError as problem:
        traceback.print_exc()
        full = problem.errno == errno.ENOSPC
        why = "the disk is full" if full else problem.strerror or str(problem)
        error = f"The merged model cannot be written to {folder}: {why}."
    except MemoryError:
        error = "There is too little memory to merge this model: close other programs."
    out.write(json.dumps({"error": error} if error else {}) + "\n")
    out.close()
    sys.exit(bool(error))


def merge(job: Path, folder: Path) -> None:
    """Write a job's adapter and base as one model, in the base's own precision, whole or not.

    Raises SpecProblem, and OSError.
    """
    torch, transformers, peft = library("torch"), library("transformers"), library("peft")
    base = base_weights.prepared(read(job / SPEC).base)
    model, tokenizer = base_weights.load(base, torch.float32)
    own = transformers.AutoConfig.from_pretrained(base.source).dtype or torch.float32
    merged = peft.PeftModel.from_pretrained(model, str(job / adapter.PEFT)).merge_and_unload()
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
    try:
        merged.to(own).save_pretrained(str(draft))
        tokenizer.save_pretrained(str(draft))
        draft.chmod(0o777 & ~_umask())
        draft.replace(folder)
    finally:
        with suppress(OSError):
            shutil.rmtree(draft, ignore_errors=True)


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


if __name__ == "__main__":
    main()
