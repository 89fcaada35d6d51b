"""`litmus docs add`: a line for each file, new versions, and an end when it is asked for."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests import good_files
from tests.hostile_files import make_files


def test_a_changed_file_is_a_new_version(litmus):
    litmus("new", "one")
    other = litmus.file("other.md", "Another note.")
    note = litmus.file("note.md", "It leaves at nine.")
    litmus("docs", "add", note, other)
    note.write_text("It leaves at ten.")
    assert litmus("docs", "add", note).out.startswith("note.md: version 2, about ")
    rows = litmus("docs", "list", "--json").data["documents"]
    assert [(row["name"], row["state"]) for row in rows] == [
        ("note.md", "context"),
        ("other.md", "context"),
    ]
    note.write_text("It leaves at nine.")
    assert litmus("docs", "add", note).out.startswith("note.md: version 1 again, about ")
    copy = litmus.file("copy.md", "It leaves at nine.")
    assert litmus("docs", "add", copy).out.startswith("copy.md: the same as note.md, about ")
    assert len(litmus("docs", "list", "--json").data["documents"]) == 2


def test_office_files_are_read_with_their_pages(litmus):
    litmus("new", "one")
    paths = [
        litmus.file(name, good_files.FILES[name])
        for name in ("a.docx", "a.xlsx", "a.pptx", "a.epub")
    ]
    rows = litmus("docs", "add", *paths, "--json").data["documents"]
    assert [row["pages"] for row in rows] == [1, 1, 2, 2]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
def test_a_hostile_folder_takes_one_line_for_each_file(litmus, no_controls):
    litmus("new", "one")
    folder = litmus.folder / "papers"
    made = make_files(folder, 14, seed=2)
    text = litmus("docs", "add", folder)
    no_controls(text)
    assert text.status == 1
    assert text.out.count("\n") + text.err.count("\n") == len(made)
    again = litmus("docs", "add", folder, "--json")
    rows = json.loads(again.out)["documents"]
    assert again.status == 1
    assert {row["state"] for row in rows} == {"context", "failed"}
    assert len(rows) == len(made)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_ends_it_and_keeps_what_was_read(litmus):
    litmus("new", "one")
    folder = litmus.folder / "papers"
    folder.mkdir()
    for number in range(3000):
        (folder / f"{number:04}.txt").write_text(f"Note {number}.")
    with litmus.start("docs", "add", folder) as process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"0000.txt: ")
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"litmus: Stopped; what has come is kept.\n")
    kept = litmus("docs", "list", "--json").data["documents"]
    assert 1 <= len(kept) < 3000
