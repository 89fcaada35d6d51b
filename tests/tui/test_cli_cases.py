"""The command line on single cases, and the check of the benchmark."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAULTY = """\
{"id": "lyon", "prompt": "Which city?", "expected": "Lyon"}
{"id": "nice", "prompt": "Which city?", "expected": "Nice"}
{"id": "by\\u001b[2Jhand", "prompt": "What else?"}
"""


def editor(litmus, script: str) -> None:
    """Make a Python script the editor; `path` is the file that it is given."""
    body = f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{script}\n"
    program = litmus.file("editor.py", body)
    litmus.env["EDITOR"] = f"'{sys.executable}' '{program}'"


def replacing(*pairs: tuple[str, str]) -> str:
    calls = "".join(f".replace({old!r}, {new!r})" for old, new in pairs)
    return f"path.write_text(path.read_text(){calls})"


def case(litmus, key: str) -> dict[str, object]:
    cases = litmus("bench", "list", "--json").data["cases"]
    return next(item for item in cases if item["id"] == key)


# -- The check ----------------------------------------------------------------------


def test_the_demos_benchmark_has_nothing_that_must_be_repaired(litmus):
    litmus("new", "one")
    litmus("bench", "import", ROOT / "fixtures" / "benchmark.jsonl")
    told = litmus("bench", "check", "--json").data
    assert told.keys() == {"session", "benchmark_revision", "cases", "findings", "ok"}
    assert (told["session"], told["cases"], told["ok"]) == ("one", 36, True)
    [finding] = told["findings"]
    assert finding.keys() == {"kind", "severity", "sentence", "cases", "repair"}
    assert (finding["kind"], finding["severity"], finding["repair"]) == (
        "too_small",
        "should",
        "add",
    )
    assert litmus("bench", "check", "--gain", "40").out == "Nothing is wrong with the 36 cases.\n"
    assert "1 to 90" in litmus("bench", "check", "--gain", "0").refused()


def test_a_faulty_benchmark_says_no(litmus, no_controls):
    litmus("new", "one")
    litmus("bench", "import", litmus.file("faulty.jsonl", FAULTY))
    told = litmus("bench", "check")
    assert told.status == 1
    no_controls(told)
    assert "✗ “lyon” and “nice” ask the same and expect different answers." in told.out
    assert "litmus bench edit ID" in told.err
    data = json.loads(litmus("bench", "check", "--json").out)
    assert data["ok"] is False
    assert {item["kind"]: item["cases"] for item in data["findings"]} == {
        "too_small": [],
        "contradiction": ["lyon", "nice"],
        "no_expectation": ["by\x1b[2Jhand"],
    }


# -- The editor ---------------------------------------------------------------------


def test_a_case_is_edited_in_the_persons_editor(litmus):
    litmus.session()
    changes = [("Which river?", "Which stream?"), ("water", "a, b"), ("\ntest\n", "\ntrain\n")]
    editor(litmus, replacing(*changes))
    assert litmus("bench", "edit", "river").out == "river: Saved as revision 2.\n"
    assert case(litmus, "river") == {
        "id": "river",
        "revision": 2,
        "split": "train",
        "prompt": "Which stream?",
        "expected": "contains: Seine",
        "tags": ["a", "b"],
        "documents": [],
    }
    editor(litmus, "")
    assert litmus("bench", "edit", "river", "--json").data == {"session": "one", "changed": []}


def test_visual_goes_before_editor(litmus):
    litmus.session()
    editor(litmus, replacing(("Which river?", "changed")))
    litmus.env["VISUAL"], litmus.env["EDITOR"] = litmus.env["EDITOR"], "no-such-editor"
    assert litmus("bench", "edit", "river").status == 0
    assert case(litmus, "river")["prompt"] == "changed"


def test_what_makes_no_case_is_shown_again_with_the_reason(litmus):
    """The second time the editor finds the reason in the first line, and mends the split."""
    litmus.session()
    editor(
        litmus,
        "text = path.read_text()\n"
        "again = text.startswith('#! The split is “both”')\n"
        "old, new = ('both', 'train') if again else ('\\ntest\\n', '\\nboth\\n')\n"
        "path.write_text(text.replace(old, new))",
    )
    assert litmus("bench", "edit", "river").status == 0
    assert case(litmus, "river")["split"] == "train"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sys.exit(3)", "ended with status 3; the case is as it was."),
        (replacing(("\ntest\n", "\nboth\n")), "The split is “both”"),
        ("path.unlink()", "The file is gone"),
        ("path.write_bytes(b'\\xff\\xfe')", "no UTF-8"),
    ],
)
def test_an_editor_that_fails_changes_nothing(litmus, script, says):
    litmus.session()
    editor(litmus, script)
    litmus.env["TMPDIR"] = str(litmus.folder)
    sentence = litmus("bench", "edit", "river").refused()
    assert says in sentence
    assert case(litmus, "river")["revision"] == 1
    kept = list(litmus.folder.glob("litmus-*/case.txt"))
    assert len(kept) == ("What you typed is in" in sentence)
    assert all(str(path) in sentence for path in kept)


def test_what_was_typed_before_an_editor_failed_is_kept(litmus):
    litmus.session()
    editor(litmus, replacing(("Which river?", "half a thought")) + "\nsys.exit(1)")
    litmus.env["TMPDIR"] = str(litmus.folder)
    assert "What you typed is in" in litmus("bench", "edit", "river").refused()
    [kept] = litmus.folder.glob("litmus-*/case.txt")
    assert "half a thought" in kept.read_text()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "No editor is named"),
        ("no-such-editor", "“no-such-editor” cannot be started"),
        ("'open", "EDITOR cannot be read as a command"),
    ],
)
def test_without_an_editor_one_sentence_says_so(litmus, command, says):
    litmus.session()
    litmus.env["EDITOR"] = command
    assert says in litmus("bench", "edit", "river").refused()


# -- Tags, split, taking out --------------------------------------------------------


def test_tags_and_split_of_several_cases(litmus):
    litmus.session()
    done = litmus("bench", "set", "river", "tower", "--add-tags", "x, y", "--split", "train")
    assert done.out == "river: Saved as revision 2.\ntower: Saved as revision 2.\n"
    assert (case(litmus, "river")["tags"], case(litmus, "tower")["tags"]) == (
        ["water", "x", "y"],
        ["x", "y"],
    )
    assert litmus("bench", "set", "river", "--tags", "z", "--json").data["changed"] == [
        {
            "id": "river",
            "revision": 3,
            "answers_on_older_revision": 0,
            "labels_on_older_revision": 0,
            "answers_again": 0,
        }
    ]
    assert litmus("bench", "set", "river", "--remove-tags", "q").out == "Nothing was changed.\n"
    assert "Say what to set" in litmus("bench", "set", "river").refused()
    assert "“nobody”" in litmus("bench", "set", "tower", "nobody", "--tags", "no").refused()
    assert case(litmus, "tower")["tags"] == ["x", "y"]


def test_cases_are_taken_out_and_brought_back(litmus):
    litmus.session()
    assert "litmus bench restore river" in litmus("bench", "remove", "river").out
    assert "“river”" in litmus("bench", "edit", "river").refused()
    assert litmus("bench", "restore", "river", "--json").data["restored"] == ["river"]
    assert [item["id"] for item in litmus("bench", "list", "--json").data["cases"]] == [
        *("capital", "river", "tower", "lesson")
    ]
    assert "was removed" in litmus("bench", "restore", "river").refused()


def test_the_list_can_be_filtered(litmus):
    litmus.session()
    found = litmus("bench", "list", "--filter", "tag:water", "--json").data["cases"]
    assert [item["id"] for item in found] == ["river"]
    assert litmus("bench", "list", "--filter", "nothing").out == "No case is like that.\n"
    assert "is:odd is unknown" in litmus("bench", "list", "--filter", "is:odd").refused()


# -- Revisions ----------------------------------------------------------------------


def test_the_history_of_a_case(litmus):
    litmus.session()
    litmus("bench", "set", "river", "--tags", "wet")
    text = litmus("bench", "history", "river").out
    assert "revision 2" in text and "  − water\n  + wet\n" in text
    told = litmus("bench", "history", "river", "--json").data
    assert [item["revision"] for item in told["revisions"]] == [2, 1]
    assert told["revisions"][0]["changed"] == {"tags": ["-water", "+wet"]}
    assert told["revisions"][1]["changed"]["prompt"] == ["+Which river?"]
    assert litmus("bench", "history", "river", "--restore", "1").status == 0
    assert (case(litmus, "river")["tags"], case(litmus, "river")["revision"]) == (["water"], 3)
    assert "no revision 9" in litmus("bench", "history", "river", "--restore", "9").refused()


def test_the_ladder_says_what_it_leaves_out(litmus):
    litmus.session()
    answers = litmus.file("answers.jsonl", '{"id": "river", "answer": "The Seine."}\n')
    imported = litmus("answers", "import", answers, "--rung", "bare", "--model", "some-model")
    assert imported.status == 0, imported.err
    assert "older revision" not in litmus("ladder").err
    editor(litmus, replacing(("Which river?", "Which stream?")))
    done = litmus("bench", "edit", "river").out
    assert done == (
        "river: Saved as revision 2. 1 answer now stands on an older revision, "
        "and out of the rates.\n"
    )
    assert litmus("ladder").err == (
        "1 answer stands on an older revision of a case, and out of the rates.\n"
    )
    with sqlite3.connect(litmus.home / "litmus.db") as database:
        assert database.execute("SELECT count(*) FROM answers").fetchone() == (1,)
