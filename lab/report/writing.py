"""A report on its way into a file: all of it or nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from lab.report.whole import Report
from store.errors import StoreError

ENDINGS = (".html", ".htm", ".md", ".markdown")


def refuse_ending(path: Path) -> None:
    """Raise StoreError unless a report can be written to a file of that name."""
    if path.suffix.lower() not in ENDINGS:
        raise StoreError(
            f"A report is HTML or Markdown: name a file that ends in .html or .md, not "
            f"“{path.name}”."
        )


def report_text(report: Report, path: Path) -> str:
    """Return the report in the format that the file's ending asks for."""
    if path.suffix.lower() in (".html", ".htm"):
        from lab.report.html import html_report

        return html_report(report)
    from lab.report.markdown import markdown_report

    return markdown_report(report)


def write_whole(path: Path, text: str) -> None:
    """Put a text into a file in place of what it held, all at once. Raises StoreError."""
    # A link stays one, and what it leads to is replaced.
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}")
    try:
        if target.is_dir():
            raise IsADirectoryError(21, "is a folder")
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StoreError(f"Cannot write {path} ({reason}); name another file.") from error
