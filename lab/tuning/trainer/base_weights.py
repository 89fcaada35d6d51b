"""The weights that training starts from, as the training libraries load them.

A GGUF file is turned into a folder of theirs once, and kept in the cache. This runs in the
trainer's process.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.tuning.trainer.heavy import library
from lab.tuning.trainer.training_spec import SpecProblem
from lab.weights import cache_folder

_BLOCK = 1 << 20
_BASES = "bases"
_GGUF = b"GGUF"


@dataclass(frozen=True, slots=True)
class Base:
    """What a training starts from.

    `source` is a folder or an id on Hugging Face, for `from_pretrained`. `gguf` is the file
    that it was made from, None where it was none; `sha256` is that file's.
    """

    source: str
    gguf: Path | None = None
    sha256: str = ""


def is_gguf(path: Path) -> bool:
    """Return whether a file is in GGUF. Raises OSError."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_GGUF)) == _GGUF


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hex; about a second for each GB. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def prepared(base: str) -> Base:
    """Return where to load a base model from, turning a GGUF file into a folder first.

    That takes about twenty seconds and twice the GGUF file's parameters in bytes, once.
    Raises SpecProblem, and OSError where the disk does not do.
    """
    path = Path(base).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise SpecProblem(f"{path} is no model's folder: it has no config.json.")
        return Base(str(path))
    if not path.is_file():
        if path.suffix.lower() == ".gguf" or path.is_absolute():
            raise SpecProblem(f"{path} is not there; name a GGUF file or a model's folder.")
        return Base(base)
    if not is_gguf(path):
        raise SpecProblem(f"{path} is no GGUF file; name one, or a model's folder.")
    digest = sha256_of(path)
    return Base(str(_folder_of(path, digest)), path, digest)


def load(base: Base, dtype: Any) -> tuple[Any, Any]:
    """Return a base model and its tokenizer. Raises SpecProblem where they cannot be had."""
    transformers = library("transformers")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(base.source)
        model = transformers.AutoModelForCausalLM.from_pretrained(base.source, dtype=dtype)
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.ENOMEM):
            raise
        what = str(error).strip().splitlines()
        raise SpecProblem(
            f"The base model {base.source} could not be loaded "
            f"({(what[0] if what else type(error).__name__)[:200]}): name a GGUF file or a "
            "model's folder, or go online for a model of Hugging Face."
        ) from error
    if not tokenizer.chat_template:
        raise SpecProblem(
            f"The base model {base.source} has no chat template, so it was not made to be "
            "asked in chats; choose its instruction-tuned sibling."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _folder_of(gguf: Path, digest: str) -> Path:
    import filelock

    bases = cache_folder() / _BASES
    folder = bases / digest[:32]
    bases.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(bases / f"{folder.name}.lock"):
        if not folder.is_dir():  # it gets its name when it is whole
            _convert(gguf, folder)
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    torch, transformers = library("torch"), library("transformers")
    prefix = f"{folder.name}.part-"
    for left in folder.parent.glob(f"{prefix}*"):  # from a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    named = {"gguf_file": gguf.name}
    # Else it stays in blocks of a few bits that cannot be saved as anything else.
    plain = transformers.GgufConfig(dequantize=True)
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            str(gguf.parent), quantization_config=plain, dtype=torch.bfloat16, **named
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(gguf.parent), **named)
        model.save_pretrained(str(draft))
        tokenizer.save_pretrained(str(draft))
        for file in draft.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        draft.replace(folder)
    except (ValueError, KeyError, NotImplementedError) as error:
        raise SpecProblem(
            f"{gguf.name} cannot be trained on ({str(error)[:200]}): the training libraries "
            "do not read this kind of GGUF; name the model's own folder."
        ) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(draft, ignore_errors=True)
