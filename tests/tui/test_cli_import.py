"""`litmus bench import` and `export`: the preview, what is told, and how it says no."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

TABLE = "id,body,kind,owner\n1,Who?,Ann,me\n2,Why?,,me\n"
MAP = ("--map", "body=prompt,kind=expected")


def cases(litmus):
    return litmus("bench", "list", "--json").data["cases"]


@pytest.fixture
def table(litmus):
    litmus("new", "one")
    return litmus.file("table.csv", TABLE)


def test_a_dry_run_shows_what_would_come_and_stores_nothing(litmus, table):
    shown = litmus("bench", "import", table, *MAP, "--dry-run")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.splitlines() == [
        "table.csv: CSV or TSV, 2 cases (2 test, 0 train)",
        "1 to label by hand: the machine can check nothing in them",
        "Read as: body → prompt, kind → expected",
        "Not used: owner",
        "id  prompt  expected",
        "1   Who?    Ann",
        "2   Why?    by hand",
    ]
    data = litmus("bench", "import", table, *MAP, "--dry-run", "--json").data
    assert data == {
        "format": "csv",
        "imported": 2,
        "test": 2,
        "train": 0,
        "by_hand": 1,
        "columns": {"prompt": "body", "expected": "kind", "id": "id"},
        "unknown": ["owner"],
        "notes": [],
        "documents": [],
    }
    assert cases(litmus) == []


def test_what_was_not_understood_is_told_where_nobody_can_be_asked(litmus, table):
    read = litmus("bench", "import", table, "--map", "body=prompt", "--map", "kind=expected")
    assert read.out == "Imported 2 cases into one: 2 test, 0 train.\n"
    assert "Not used: owner" in read.err
    assert [case["expected"] for case in cases(litmus)] == ["Ann", ""]


def test_strict_refuses_what_is_not_understood(litmus, table):
    assert "owner" in litmus("bench", "import", table, *MAP, "--strict").refused()
    assert cases(litmus) == []


def test_a_table_without_a_header_says_what_to_type(litmus):
    litmus("new", "one")
    news = litmus.file("news.csv", '"3","Potatoes up","Their price rose."\n"4","A","Another."\n')
    refused = litmus("bench", "import", news).refused()
    assert "“3”, “Potatoes up”" in refused
    assert refused.endswith("--map 1=expected,3=prompt.")
    assert litmus("bench", "import", news, "--map", "1=expected,3=prompt").status == 0
    assert [case["prompt"] for case in cases(litmus)] == ["Their price rose.", "Another."]


def test_ids_that_are_there_are_refused_or_revised(litmus, table):
    litmus("bench", "import", table, *MAP)
    assert "--replace" in litmus("bench", "import", table, *MAP).refused()
    table.write_text(TABLE.replace("Ann", "Bob") + "3,New?,x,me\n")
    told = litmus("bench", "import", table, *MAP, "--replace")
    assert told.out == "Imported into one: 1 unchanged, 1 revised, 1 new.\n"
    assert [(case["id"], case["revision"], case["expected"]) for case in cases(litmus)] == [
        ("1", 2, "Bob"),
        ("2", 1, ""),
        ("3", 1, "x"),
    ]
    again = litmus("bench", "import", table, *MAP, "--replace", "--json").data
    assert [again[key] for key in ("unchanged", "revised", "new")] == [3, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--map", "body"), "“body” maps nothing"),
        (("--map", "body=text"), "“text” is no field"),
        (("--map", "nobody=prompt"), "no column “nobody”"),
        (("--format", "xml"), "xml"),
    ],
)
def test_what_cannot_be_done_is_refused(litmus, table, arguments, says):
    assert says in litmus("bench", "import", table, *arguments).refused()


@pytest.mark.parametrize("format", ["jsonl", "csv", "promptfoo", "openai-evals", "inspect"])
def test_every_format_goes_out_and_comes_in_again(litmus, format):
    litmus.session()
    before = cases(litmus)
    name = {"csv": "out.csv", "promptfoo": "out.yaml"}.get(format, "out.jsonl")
    wrote = litmus("bench", "export", litmus.folder / name, "--format", format)
    assert (wrote.status, wrote.out) == (0, "")
    assert wrote.err.startswith("Wrote 4 cases as ")
    litmus("new", "two")
    read = litmus("bench", "import", litmus.folder / name, "--json")
    assert (read.data["format"], read.data["imported"]) == (format, 4)
    assert cases(litmus) == before


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, litmus, *arguments):
        self.side, other = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui.cli", *map(str, arguments)],
            cwd=litmus.folder,
            env=litmus.env,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self.seen = ""

    def until(self, text):
        last = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < last, self.seen
            self.seen += os.read(self.side, 65536).decode()

    def type(self, text):
        os.write(self.side, text.encode())

    def end(self):
        """Read to the end, and return the exit status."""
        try:
            while piece := os.read(self.side, 65536):
                self.seen += piece.decode()
        except OSError:  # how Linux says that the other side is closed
            pass
        os.close(self.side)
        return self.process.wait(60)


@pytest.mark.parametrize(("answer", "status", "count"), [("\n", 0, 2), ("n\n", 1, 0)])
def test_at_a_terminal_it_asks_first(litmus, table, answer, status, count):
    terminal = Terminal(litmus, "bench", "import", table, *MAP)
    terminal.until("[Y/n] ")
    assert "Not used: owner" in terminal.seen and "Who?" in terminal.seen
    terminal.type(answer)
    assert terminal.end() == status
    assert len(cases(litmus)) == count


def test_yes_asks_nothing(litmus, table):
    terminal = Terminal(litmus, "bench", "import", table, *MAP, "--yes")
    assert terminal.end() == 0
    assert "[Y/n]" not in terminal.seen
    assert len(cases(litmus)) == 2


def test_a_long_import_shows_progress_and_can_be_stopped(litmus):
    litmus("new", "one")
    rows = (json.dumps({"id": str(number), "prompt": "Who?"}) for number in range(150_000))
    file = litmus.file("big.jsonl", "\n".join(rows))
    terminal = Terminal(litmus, "bench", "import", file)
    terminal.until("of about 150,000 cases")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Stopped; nothing of big.jsonl was imported." in terminal.seen
    assert cases(litmus) == []
