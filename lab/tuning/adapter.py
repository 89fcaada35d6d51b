"""The adapters that local training made, and the names that tell their models from the base.

A tuned model is called like its base with eight hex digits behind a plus,
`SmolLM2-135M-Instruct+ab12cd34`. They are of the base file's and the adapter's hashes
together, so the name stands for exactly these two files, and no base model has such a name.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from store.errors import PlainError

FOLDER = "tuning"
RECORD = "adapter.json"
GGUF = "adapter.gguf"
PEFT = "adapter"
"""The folder of an adapter as peft reads it, in its job's."""
PEFT_WEIGHTS = "adapter_model.safetensors"
_DIGITS = 8


class AdapterProblem(PlainError):
    """An adapter cannot be served; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A trained adapter. `model` is what its tuned model is called; hashes are SHA-256.

    `folder` is the job's, `identity` the hash of both files' hashes, `base_file` where the base
    lay when it was trained. `right` of `of` validation examples were answered right at `step`,
    whose weights these are.
    """

    folder: Path
    model: str
    base_model: str
    base_sha256: str
    adapter_sha256: str
    identity: str
    base_file: str = ""
    step: int = 0
    right: int = 0
    of: int = 0

    @property
    def base(self) -> Path | None:
        """The base's file where it still is, else None: it may be the embedded model's."""
        path = Path(self.base_file)
        return path if self.base_file and path.is_file() else None

    @property
    def gguf(self) -> Path:
        """The adapter as llama.cpp reads it."""
        return self.folder / GGUF

    def to_json(self) -> dict[str, Any]:
        """Return what is written beside it; where it lies is not part of that."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}


def identified(
    folder: Path,
    *,
    base_model: str,
    base_sha256: str,
    adapter_sha256: str,
    base_file: str = "",
    step: int = 0,
    right: int = 0,
    of: int = 0,
) -> Adapter:
    """Return the record of an adapter, named after what it is made of."""
    identity = hashlib.sha256(f"{base_sha256}\n{adapter_sha256}\n".encode()).hexdigest()
    return Adapter(
        folder,
        f"{base_model}+{identity[:_DIGITS]}",
        base_model,
        base_sha256,
        adapter_sha256,
        identity,
        base_file,
        step,
        right,
        of,
    )


def keep(adapter: Adapter) -> None:
    """Write an adapter's record into its folder, whole or not at all. Raises OSError."""
    draft = adapter.folder / f"{RECORD}.part"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(adapter.to_json(), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(adapter.folder / RECORD)


def jobs_folder(home: Path) -> Path:
    """Return the folder in which local training jobs have theirs."""
    return home / FOLDER


def known(home: Path) -> list[Adapter]:
    """Return the adapters that can be served, the newest job first; what is torn is left out."""
    found = [read(path.parent) for path in jobs_folder(home).glob(f"*/{RECORD}")]
    whole = [each for each in found if each is not None]
    return sorted(whole, key=lambda each: (_number(each.folder), each.folder.name), reverse=True)


def read(folder: Path) -> Adapter | None:
    """Return the adapter that a job's folder holds, None where it has none to be served."""
    try:
        value: Any = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        found = Adapter(folder=folder, **cast(dict[str, Any], value))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.gguf.is_file() else None


def find(home: Path, model: str) -> Adapter | None:
    """Return the adapter of a tuned model, by its name; None where none has it."""
    if "+" not in model:
        return None
    return next((each for each in known(home) if each.model == model), None)


def base_named(home: Path, model: str) -> Path | None:
    """Return the file of a model that was trained from, by its name; None where none has it."""
    return next((each.base for each in known(home) if each.base_model == model), None)


def refuse_changed(adapter: Adapter, base: Path) -> None:
    """Raise AdapterProblem where a file is no longer what the name stands for.

    Reads both files; about a second for each GB.
    """
    for path, sha256, what in (
        (adapter.gguf, adapter.adapter_sha256, "The adapter"),
        (base, adapter.base_sha256, "The base model"),
    ):
        if sha256_of(path) != sha256:
            raise AdapterProblem(
                f"{what} of {adapter.model} is another file now ({path}), so its answers would "
                "not be that model's: put the file back, or train anew."
            )


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hex. Raises AdapterProblem where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AdapterProblem(f"{path} cannot be read: {error.strerror or error}.") from error


def _number(folder: Path) -> int:
    return int(folder.name) if folder.name.isdecimal() else -1
