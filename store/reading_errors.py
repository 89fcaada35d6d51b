"""What can keep a file from being read, each as one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

from store.errors import StoreError

MAX_MEMORY = 2 << 30
MAX_FILES = 10_000

SENTENCES = {
    "missing": "{name} is not there; check the path {path}.",
    "folder": "{name} is a folder, not a file; choose the files in it.",
    "special": "{name} is not a regular file; save what it gives into a file first.",
    "permission": "{name} may not be read by you; change its permissions.",
    "unreadable": "{name} cannot be read ({detail}); copy it to another place and try again.",
    "large": "{name} is larger than {max_bytes:,} bytes; split it or take out what is not needed.",
    "long": "{name} has more than {max_chars:,} characters of text; split it.",
    "empty": "{name} is empty; choose a file that has text in it.",
    "blank": "{name} has no text in it; choose a file that has.",
    "binary": "{name} is not text; save it as text, Markdown or PDF.",
    "format": "{name} is {detail}.",
    "encrypted": "{name} is encrypted; give its password.",
    "password": "{name} does not open with this password; give another.",
    "locked": "{name} is encrypted; save it without a password.",
    "crypto": "{name} is encrypted in a way that needs the Python package cryptography; "
    "install it, or save the PDF without a password.",
    "scan": "{name} has {detail} and no text, as scans have; run text recognition (OCR) on it.",
    "damaged": "{name} is a damaged {detail}; get it again, or save it anew where it was made.",
    "page": "{name} is damaged on page {detail}; get it again, or save it anew from a PDF viewer.",
    "bomb": "{name} unpacks to more than is safe to read; save it anew where it was made.",
    "entities": "{name} defines XML entities, which is not safe to read; save it anew as text.",
    "nested": "{name} is nested deeper than is safe to read; save it in another format.",
    "memory": "{name} needs more than {max_memory:,} bytes of memory to read; split it.",
    "slow": "{name} took longer than {timeout_s:g} s to read; split it, or allow more time.",
    "stopped": "{name} was not read, because reading was stopped; read it again.",
    "died": "{name} made its reader stop ({detail}); save it anew in another format.",
    "start": "{name} was not read: no worker process could start ({detail}); close other programs.",
    "many": "{name} holds more than {max_files:,} files; choose a smaller folder.",
}
_PICTURES = {**{code: chr(0x2400 + code) for code in range(0x20)}, 0x7F: "␡"}


class ReadingError(StoreError):
    """A file that was not read. Its str is one sentence that says what to do.

    `reason` is a key of `SENTENCES`; `encrypted` and `password` ask for a password.
    """

    def __init__(self, path: Path, reason: str, detail: str = "", **limits: float) -> None:
        name = path.name or str(path)
        values = {"max_files": MAX_FILES, "max_memory": MAX_MEMORY, **limits}
        super().__init__(
            SENTENCES[reason].format(name=_shown(name), path=_shown(path), detail=detail, **values)
        )
        self.path = path
        self.reason = reason


def _shown(name: Path | str) -> str:
    """Return a name fit for one line of a message, with what is not printable made visible."""
    pictured = str(name).translate(_PICTURES)
    return "".join(char if char.isprintable() else "\ufffd" for char in pictured)
