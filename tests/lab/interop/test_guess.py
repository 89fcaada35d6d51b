"""Every small file in `files/` is guessed as the format that its name begins with.

The part of a file's name before the first underscore is the format.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.interop import formats
from lab.interop.files import ImportProblem

FILES = sorted(Path(__file__).with_name("files").iterdir())
JSON = [path for path in FILES if path.suffix in (".json", ".jsonl")]


def format_of(path: Path) -> str:
    return path.name.partition("_")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_format_of_a_file_is_guessed(path: Path) -> None:
    assert formats.read(path).format == format_of(path)


@pytest.mark.parametrize("path", JSON, ids=lambda path: path.name)
def test_a_file_that_breaks_off_is_refused_with_its_line(path: Path, tmp_path: Path) -> None:
    whole = path.read_text().rstrip()
    broken = tmp_path / path.name
    broken.write_text(whole[:-1])
    with pytest.raises(ImportProblem, match=rf"^Line \d+ of {path.name}: .*(JSON|broken off)"):
        formats.read(broken, format_of(path))
