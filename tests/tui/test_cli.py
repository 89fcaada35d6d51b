"""The command line without a model: what each verb prints, and how it says no."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tui import __version__

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / "fixtures" / "documents" / "notes.md"
ESCAPES = "a\x1b]0;x\x07b\u202ec\x9b31m"


def test_version(litmus):
    assert litmus("--version").out == f"litmus {__version__}\n"
    assert not litmus.home.exists()


def test_sessions_are_made_and_listed(litmus):
    made = litmus("new", "invoices", "--task", "Read invoices", "--cap", "2.50", "--json")
    assert made.data == {"session": "invoices", "task": "Read invoices", "cap_usd": 2.5}
    assert "litmus bench import FILE" in litmus("new", "second").out

    listed = litmus("sessions", "--json").data["sessions"]
    assert [item["name"] for item in listed] == ["second", "invoices"]
    assert listed[1].keys() == {"name", "task", "cases", "cost_usd", "opened_at"}
    assert (listed[1]["task"], listed[1]["cases"]) == ("Read invoices", 0)
    assert [line.split()[0] for line in litmus("sessions").out.splitlines()] == [
        "session",
        "second",
        "invoices",
    ]


def test_a_benchmark_goes_in_and_comes_out_as_it_was(litmus):
    litmus("new", "one")
    read = litmus("bench", "import", litmus.benchmark(), "--json")
    assert read.data["session"] == "one"
    assert [read.data[key] for key in ("imported", "test", "train", "unknown")] == [4, 3, 1, []]
    cases = litmus("bench", "list", "--json").data["cases"]
    assert cases[1] == {
        "id": "river",
        "revision": 1,
        "split": "test",
        "prompt": "Which river?",
        "expected": "contains: Seine",
        "tags": ["water"],
        "documents": [],
    }
    assert "Which river?" in litmus("bench", "list").out

    exported = litmus.folder / "out.jsonl"
    assert litmus("bench", "export", exported).err == "Wrote 4 cases as JSONL.\n"
    assert litmus("bench", "export", "-").out == exported.read_text()
    litmus("new", "two")
    assert litmus("bench", "import", exported).status == 0
    assert litmus("bench", "list", "--json").data["cases"] == cases


def test_a_table_with_columns_that_have_no_use(litmus):
    litmus("new", "one")
    table = litmus.file("cases.csv", "id,prompt,expected,owner\n1,Who?,Ann,me\n")
    read = litmus("bench", "import", table)
    assert read.out == "Imported 1 case into one: 1 test, 0 train.\n"
    assert read.err == "Not used: owner\n"


def test_documents_are_read_and_put_into_the_context(litmus):
    litmus("new", "one")
    first = litmus.file("first.txt", "The first document.")
    added = litmus("docs", "add", first, NOTES, "--json").data["documents"]
    assert [row["name"] for row in added] == ["first.txt", "notes.md"]
    keys = {"id", "name", "pages", "chosen", "chars", "tokens", "state", "error"}
    assert added[0].keys() == keys
    assert [row["state"] for row in added] == ["context", "context"]
    assert litmus("docs", "list", "--json").data["documents"] == added

    assert litmus("docs", "detach", "first.txt", "--json").data["context"] == ["notes.md"]
    assert litmus("docs", "attach", "first.txt").out == "In the context: notes.md; first.txt.\n"
    rows = litmus("docs", "list").out.splitlines()
    assert [row.split()[0] for row in rows] == ["document", "notes.md", "first.txt"]

    later = litmus.file("later.txt", "Read only.")
    assert litmus("docs", "add", later, "--no-context").out.endswith(" tokens, read\n")


def test_a_folder_with_a_file_that_cannot_be_read(litmus):
    litmus("new", "one")
    folder = litmus.folder / "papers"
    folder.mkdir()
    (folder / "good.txt").write_text("Some text.")
    (folder / "noise.bin").write_bytes(bytes(range(256)) * 40)
    some = litmus("docs", "add", folder, "--json")
    assert some.status == 1
    rows = json.loads(some.out)["documents"]
    assert [row["state"] for row in rows] == ["context", "failed"]
    assert some.err == f"litmus: {rows[1]['error']}\n"

    (folder / "good.txt").unlink()
    (folder / "empty.txt").touch()
    none = litmus("docs", "add", folder)
    assert (none.status, none.out, none.err.count("\n")) == (2, "", 2)


def test_an_encrypted_document_asks_for_its_password(litmus):
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(ROOT / "fixtures" / "documents" / "handbook.pdf"))
    writer.encrypt("sesame", algorithm="AES-256")
    secret = litmus.folder / "secret.pdf"
    writer.write(secret)
    litmus("new", "one")
    assert litmus("docs", "add", secret).refused().endswith("give its password with --password.")
    assert "another" in litmus("docs", "add", secret, "--password", "wrong").refused()
    read = litmus("docs", "add", secret, "--password", "sesame", "--json").data["documents"]
    assert read[0]["pages"] == 19


def test_labels_go_in_all_or_none(litmus):
    litmus.session()
    good = litmus.file("labels.csv", "case,answer,label\ncapital,Paris,y\nriver,Rhine,n\n")
    bad = litmus.file("bad.csv", "case,answer,label\ncapital,Lyon,n\nnobody,x,y\n")
    assert "no case “nobody”" in litmus("label", "import", bad).refused()
    read = litmus("label", "import", good, "--json")
    assert read.data == {"session": "one", "read": 2, "imported": 2}
    assert "0 are new" in litmus("label", "import", good).out
    assert litmus("label", "export", "-").out.startswith("case,answer,label,")


def test_the_ladder_and_the_doctor(litmus):
    litmus("new", "one")
    found = litmus("ladder", "--json").data
    assert (found["session"], found["rungs"], found["steps"]) == ("one", [], [])
    assert (found["verdict"]["state"], found["judge"]) == (None, None)
    assert "litmus run --rung bare" in litmus("ladder").out
    checks = {row["name"]: row for row in litmus("doctor", "--json").data["checks"]}
    assert checks["database"] == {
        "name": "database",
        "ok": True,
        "detail": str(litmus.home / "litmus.db"),
    }
    assert checks["keys"]["ok"] is False
    assert str(litmus.home) in litmus("doctor").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--home", "{}", "--session", "one", "bench", "list"),
        ("bench", "--home", "{}", "--session", "one", "list"),
        ("bench", "list", "--home", "{}", "--session", "one"),
        ("--session", "one", "bench", "list", "--home={}"),
    ],
)
def test_home_and_session_stand_before_the_verb_or_after_it(litmus, arguments):
    other = litmus.folder / "other"
    litmus("--home", other, "new", "one")
    litmus("--home", other, "new", "two")
    found = litmus(*(part.format(other) for part in arguments), "--json")
    assert found.data == {"session": "one", "cases": []}
    assert not litmus.home.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("frobnicate",), "frobnicate"),
        (("bench",), "VERB"),
        (("run",), "--rung"),
        (("run", "--rung", "moon"), "moon"),
        (("run", "--rung", "bare", "--epochs", "0"), "whole number"),
        (("run", "--rung", "bare", "--epochs", "9" * 5000), "whole number"),
        (("run", "--rung", "bare", "--concurrency", "many"), "whole number"),
        (("run", "--rung", "bare", "--temperature", "nan"), "from 0 up"),
        (("run", "--rung", "bare", "--budget", "-1"), "US dollars"),
        (("new", "x", "--cap", "nan"), "US dollars"),
        (("new", "one"), "already"),
        (("new", " "), "needs a name"),
        (("new", "a\nb"), "needs a name"),
        (("--session", "", "bench", "list"), "empty"),
        (("--home", "", "sessions"), "empty"),
        (("bench", "list", "--sess", "one"), "--sess"),
        (("bench", "list", "--session", "nobody"), "no session “nobody”"),
        (("bench", "list", "--session", "\udcff"), "not text"),
        (("bench", "import", "absent.jsonl"), "absent.jsonl"),
        (("bench", "import", "."), "cannot be read"),
        (("bench", "import", "~nobody-of-this-name/x.csv"), "cannot be read"),
        (("bench", "import", "cases.jsonl"), "“capital” already"),
        (("bench", "export", "absent/out.jsonl"), "name another file"),
        (("label", "import", "absent.csv"), "absent.csv"),
        (("label", "import", "cases.jsonl"), "there is no case"),
        (("label", "export", "."), "name another file"),
        (("docs", "add", "absent.pdf"), "absent.pdf is not there"),
        (("docs", "attach", "absent.pdf"), "litmus docs list"),
        (("docs", "list", ESCAPES), "unrecognized"),
    ],
)
def test_bad_input_is_refused_in_one_line(used, no_controls, arguments, says):
    refused = used(*arguments)
    assert says in refused.refused()
    no_controls(refused)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("bin.jsonl", b"\x00\xff\xfe\x01" * 50, "text"),
        ("cut.csv", "id,prompt\n1,é, è and é".encode()[:-1], "Line 2"),
        ("half.jsonl", b'{"id": "a", "prompt": "x"}\n{"id": "b", "pro', "Line 2"),
        ("empty.csv", b"", "is empty"),
        ("other.csv", b"a,b\n1,2\n", "prompt"),
    ],
)
def test_a_benchmark_that_cannot_be_used(used, name, content, says):
    assert says in used("bench", "import", used.file(name, content)).refused()
    assert len(used("bench", "list", "--json").data["cases"]) == 4


def test_without_a_session_the_way_to_one_is_named(litmus):
    assert "litmus new NAME" in litmus("bench", "list").refused()
    assert "litmus new NAME" in litmus("sessions").out


def test_a_home_that_cannot_be_written(litmus):
    file = litmus.file("file", "not a folder")
    assert "--home or LITMUS_HOME" in litmus("--home", file / "home", "sessions").refused()
    (litmus.folder / "odd" / "litmus.db").mkdir(parents=True)
    assert "--home" in litmus("--home", litmus.folder / "odd", "sessions").refused()


@pytest.mark.parametrize("spoil", ["newer", "garbage", "foreign"])
def test_a_database_that_is_not_ours_to_open(litmus, spoil):
    path = litmus.home / "litmus.db"
    if spoil == "newer":
        litmus("new", "one")
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 999")
        connection.close()
    else:
        litmus.home.mkdir()
        path.write_bytes(b"no database at all, " * 500)
        if spoil == "foreign":
            path.unlink()
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE theirs (x)")
            connection.close()
    before = path.read_bytes()
    says = {"newer": "newer Litmus", "garbage": "damaged", "foreign": "another program's"}
    assert says[spoil] in litmus("sessions").refused()
    assert path.read_bytes() == before


@pytest.mark.parametrize("arguments", [("sessions",), ("sessions", "--json"), ("--help",)])
def test_a_reader_that_went_away_is_no_failure(used, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    outcome = used(*arguments, stdout=writing)
    os.close(writing)
    assert (outcome.status, outcome.err) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("sessions",), ("bench", "export", "-")])
def test_output_that_has_no_room_is_told(used, arguments):
    with Path("/dev/full").open("wb") as full:
        assert "no space left" in used(*arguments, stdout=full).refused()


@pytest.mark.skipif(os.name != "posix", reason="closes file descriptors as a shell does")
def test_closed_streams_do_no_harm(used):
    # The shell closes them, as `litmus sessions >&- 2>&-` does.
    command = ["/bin/sh", "-c", '"$0" -m tui.cli sessions >&- 2>&-', sys.executable]
    assert subprocess.run(command, env=used.env, cwd=used.folder, timeout=60).returncode == 0


def test_what_others_wrote_cannot_steer_the_terminal(litmus, no_controls):
    litmus("new", "one", "--task", ESCAPES)
    case = {"id": f"1{ESCAPES}", "prompt": f"[INST]{ESCAPES}", "expected": ESCAPES, "x\x1b": 1}
    read = litmus("bench", "import", litmus.file("cases.jsonl", json.dumps(case)))
    document = litmus.file(f"notes{ESCAPES}\n.txt", "Text.")
    shown = [
        read,
        litmus("docs", "add", document),
        litmus("sessions"),
        litmus("bench", "list"),
        litmus("docs", "list"),
        litmus("docs", "detach", document.name),
        litmus("docs", "attach", ESCAPES),
        litmus("docs", "add", document.with_name(f"absent{ESCAPES}")),
        litmus("bench", "import", litmus.file(f"bad{ESCAPES}.csv", "a,b\n")),
        litmus("run", "--rung", "bare", "--provider", ESCAPES, "--model", "m"),
        litmus(ESCAPES),
    ]
    for outcome in shown:
        assert outcome.out or outcome.err
        no_controls(outcome)
    assert "␛]0;x␇b‹U+202E›c" in shown[2].out and "[INST]a␛" in shown[3].out

    assert litmus("sessions", "--json").data["sessions"][0]["task"] == ESCAPES
    assert litmus("bench", "list", "--json").data["cases"][0]["prompt"] == f"[INST]{ESCAPES}"
    assert json.loads(litmus("bench", "export", "-").out)["prompt"] == f"[INST]{ESCAPES}"
