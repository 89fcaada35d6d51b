from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.drop import MAX_BYTES, MAX_PATHS, is_candidate, parse

CWD = Path("/papers")


def disk(*names: str) -> Callable[[Path], bool]:
    """Return an `exists` for a disk that has these files only."""
    return lambda path: path in {Path(name) for name in names}


AB, C, TICK = "/a b/x y.pdf", "/c.md", "/it's.md"

DROPS = {
    "bare": ("/c.md", [C]),
    "bare with spaces": ("/a b/x y.pdf", [AB]),
    "trailing space": ("/c.md ", [C]),
    "trailing newline": ("'/a b/x y.pdf'\r\n", [AB]),
    "single quotes": ("'/a b/x y.pdf'", [AB]),
    "double quotes": ('"/a b/x y.pdf"', [AB]),
    "backslashes": (r"/a\ b/x\ y.pdf", [AB]),
    "shell's quote in quotes": (r"'/it'\''s.md'", [TICK]),
    "bare apostrophe": ("/it's.md", [TICK]),
    "bare apostrophe and another": ("/it's.md /c.md", [TICK, C]),
    "url": ("file:///a%20b/x%20y.pdf", [AB]),
    "url with localhost": ("file://localhost/c.md", [C]),
    "url with one slash": ("FILE:/c.md", [C]),
    "url with an apostrophe": ("file:///it's.md", [TICK]),
    "urls on lines": ("file:///a%20b/x%20y.pdf\r\nfile:///c.md\r\n", [AB, C]),
    "urls on one line": ("file:///c.md file:///it%27s.md", [C, TICK]),
    "bare with spaces on lines": ("/a b/x y.pdf\n\n/c.md\n", [AB, C]),
    "carriage returns, as terminals paste": ("/a b/x y.pdf\r/it's.md", [AB, TICK]),
    "several bare": ("/c.md /a b/x y.pdf", [C, AB]),
    "several bare, spaces first": ("/a b/x y.pdf /c.md", [AB, C]),
    "several quoted": (r"'/a b/x y.pdf' '/it'\''s.md'", [AB, TICK]),
    "mixed": (r"""'/a b/x y.pdf' /a\ b/x\ y.pdf "/c.md" file:///c.md""", [AB, AB, C, C]),
    "mixed with bare spaces": ("/a b/x y.pdf '/a b/x y.pdf' file:///c.md", [AB, AB, C]),
    "mixed on lines": ("'/a b/x y.pdf'\n/it's.md\nfile:///c.md", [AB, TICK, C]),
    "relative with a separator": ("docs/r.md", ["/papers/docs/r.md"]),
    "relative, several": ("./docs/r.md docs/r.md", ["/papers/docs/r.md"] * 2),
    "folder": ("/folder/", ["/folder"]),
    "drive": (r"C:\My Docs\x.pdf", [r"C:\My Docs\x.pdf"]),
    "drives": (r"C:\d\x.pdf C:\My Docs\x.pdf", [r"C:\d\x.pdf", r"C:\My Docs\x.pdf"]),
    "drives in quotes": (r'"C:\My Docs\x.pdf" "C:\d\x.pdf"', [r"C:\My Docs\x.pdf", r"C:\d\x.pdf"]),
    "share": (r"\\server\docs\x.pdf", [r"\\server\docs\x.pdf"]),
    "share in quotes": (r'"\\server\docs\x.pdf"', [r"\\server\docs\x.pdf"]),
}
EXISTING = disk(
    *(AB, C, TICK, "/papers/docs/r.md", "/papers/README.md", "/papers/notes", "/", "/folder", ".."),
    *(r"C:\d\x.pdf", r"C:\My Docs\x.pdf", r"\\server\docs\x.pdf", "C:\\", "/papers", "/root", "/a"),
)


@pytest.mark.parametrize(("text", "paths"), DROPS.values(), ids=DROPS)
def test_drops(text: str, paths: list[str]) -> None:
    assert parse(text, cwd=CWD, exists=EXISTING) == [Path(path) for path in paths]
    assert is_candidate(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " \n", "/", "//", ".", "..", "./", "../", "~", "~/", "'/'", "file:///", "C:\\"),
        *("README.md", "notes", "'README.md'", "Read /c.md and answer.", "/c.md is the file."),
        *("/c.md /nope.md", "/c.md\n/nope.md", "/c.md\nand some words", "file:///nope"),
        *("file://elsewhere/c.md", "'/c.md", "/c.md '", "file:///c.md%00", "/c.md\0"),
        *("def f(x):\n    return x / 2\n", "# Title\n\n- one\n- two\n"),
    ],
)
def test_text_stays_text(text: str) -> None:
    assert parse(text, cwd=CWD, exists=EXISTING) is None


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "a b.md").touch()
    assert parse("~/a b.md") == parse(r"~/a\ b.md ") == [tmp_path / "a b.md"]
    assert parse("~/no.md") is None


def test_default_is_the_real_disk_and_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "f.md").touch()
    monkeypatch.chdir(tmp_path)
    assert parse("sub/f.md") == [tmp_path / "sub" / "f.md"]
    assert parse("sub") is None


def test_huge_pastes_are_text() -> None:
    def everything(_: Path) -> bool:
        return True

    at_most = "\n".join(f"/f {n}" for n in range(MAX_PATHS))
    assert len(parse(at_most, exists=everything) or []) == MAX_PATHS
    assert parse(at_most + "\n/f", exists=everything) is None
    assert (
        parse(" ".join(["/f"] * (MAX_PATHS + 1)), cwd=CWD, exists=lambda p: p == Path("/f")) is None
    )
    assert parse("/" + "x" * (MAX_BYTES - 1), exists=everything) is not None
    assert parse("/" + "x" * MAX_BYTES, exists=everything) is None
    assert parse("/" + "é" * (MAX_BYTES // 2), exists=everything) is None


def test_each_path_is_looked_up_once_and_none_for_prose() -> None:
    asked: list[Path] = []

    def note(path: Path) -> bool:
        asked.append(path)
        return False

    assert parse("What does the handbook say about travel?", exists=note) is None
    assert asked == []
    assert parse("/x.md", exists=note) is None
    assert asked == [Path("/x.md")]


@pytest.mark.parametrize("error", [OSError("no"), ValueError("no"), PermissionError("no")])
def test_a_lookup_that_fails_means_no(error: Exception) -> None:
    def fail(_: Path) -> bool:
        raise error

    assert parse("/c.md", exists=fail) is None


@pytest.mark.parametrize(
    "piece", [" ", "' ", '" ', "\\", "~ ", "'a' ", "/a ", "~a", "a\tb ", "C:\\", "'/", "\n/"]
)
def test_adversarial_text_is_quick(piece: str) -> None:
    text = "/" + (piece * MAX_BYTES)[: MAX_BYTES - 2] + "b"
    started = time.process_time()
    parse(text, exists=lambda _: False)
    assert time.process_time() - started < 2


names = st.lists(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
        lambda name: name not in (".", "..")
    ),
    min_size=1,
    max_size=3,
).map(lambda parts: Path("/", *parts))


@given(st.lists(names, min_size=1, max_size=4))
def test_what_a_shell_quotes_comes_back(paths: list[Path]) -> None:
    text = " ".join(shlex.quote(str(path)) for path in paths)
    assert parse(text, exists=lambda path: path in paths) == paths


@given(st.lists(names, min_size=1, max_size=4), st.sampled_from([" ", "\n", "\r\n"]))
def test_file_urls_come_back(paths: list[Path], between: str) -> None:
    text = between.join(path.as_uri() for path in paths)
    assert parse(text, exists=lambda path: path in paths) == paths


nasty = st.text(st.characters() | st.sampled_from("/\\'\"~ \n\r\t\0%:.\ud800")) | st.text(
    st.sampled_from("/\\'\"~ \nC:a%"), max_size=300
)


@given(nasty)
def test_no_text_raises(text: str) -> None:
    assert parse(text) is None or is_candidate(text)


def test_a_name_that_is_too_long_does_not_raise() -> None:
    assert parse("/" + "x" * 5000) is None
    assert parse("~" + "x" * 300 + "/y") is None


words = st.from_regex(r"[A-Za-z,.;!?()'\-]{1,12}", fullmatch=True)


@given(st.lists(words, min_size=1, max_size=40).map(" ".join))
def test_prose_is_never_a_drop(prose: str) -> None:
    assert parse(prose, exists=lambda _: True) is None
    assert not is_candidate(prose)
