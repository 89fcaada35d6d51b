"""What a report makes of texts that are not ours: escaped, quoted, and without a secret."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lab.ladder.rungs import RungFacts
from lab.ladder.standing import Standing
from lab.report import svg
from lab.report.facts import Table, p_value
from lab.report.inputs import commands, safe_parameters, safe_url, variant_facts
from lab.report.markdown import plain, table
from lab.report.receipt import Side
from lab.report.writing import refuse_ending, write_whole
from lab.visible import one_line, visible
from store.errors import StoreError
from store.library_records import Indexing, Retrieval
from store.records import Session, Variant
from tests.report_files import HOSTILE

SESSION = Session(1, "it's; $(mine)", "", 0.0, 0.0, None, {})
MARKDOWN = MarkdownIt("gfm-like", {"html": True})

anything = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    st.sampled_from("a1 \n\t\x1b\x85\u202e[]()<>|`*_~#&;:/.!-+=\\$@{}w'\"")
)
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def shown(html: str) -> str:
    """Return what a reader sees of a paragraph."""
    return unescape(re.sub(r"</?(p|td)>", "", html)).strip()


@given(anything)
@example("1. a")
@example("- a")
@example("---")
@example("1")
@example("a\n# b")
@example("www.evil.example")
@example("http://a.b ftp://c.d x@y.example &lt; &#60; <b>")
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    line = " ".join(one_line(text).split())
    html = MARKDOWN.render(plain(text)).strip()
    assert set(re.findall(r"<[^>]*>", html)) <= {"<p>", "</p>"}
    assert shown(html) == line


@hostile
def test_markdown_cells_hold_what_they_are_given(text: str) -> None:
    lines = table(Table(("a|b", "c"), ((text, "x"), ("y", text))))
    html = MARKDOWN.render("\n".join(lines))
    cells = [shown(cell) for cell in re.findall(r"<td>(.*?)</td>", html)]
    line = one_line(text, 4000)
    assert cells == [line, "x", "y", line]
    assert not re.search(r"<(a|img|script|style|svg)\b", html)


@given(anything)
def test_a_drawing_holds_text_as_text(text: str) -> None:
    drawing = svg.drawing(text, 10, svg.label(0, 1, text), svg.marker(50, 5, text, text))
    root = ElementTree.fromstring(drawing)
    assert {each.tag for each in root.iter()} <= {"svg", "title", "text", "circle"}
    assert [each.text or "" for each in root.iter("text")] == [one_line(text, 200)]


def side(variant: Variant, epochs: int = 1) -> Side:
    standing = Standing(variant, None, 0, None, 0.0)
    empty = (0, None, None, None, None, ("served",), None, "0123", 0.0, 86_400.0, ())
    return Side(RungFacts(standing, *empty), {}, epochs)


def heard(line: str) -> list[str]:
    """Return the arguments that bash gives to the command in a line."""
    script = f"litmus() {{ printf '%s\\0' \"$@\"; }}; {line}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, env={"LC_ALL": "C.UTF-8"})
    return done.stdout.decode().split("\0")[:-1]


@settings(max_examples=40)
@given(anything)
@example("it's\nmine \\n $(rm) `x` \x1b[0m1 \u202ea \x9b31 \r\n")
@example("\n".join(HOSTILE.values()))
def test_a_shell_reads_a_command_as_it_was_meant(text: str) -> None:
    text = text.replace("\0", "")
    variant = Variant("bare", "custom", f"m{text}", "http://127.0.0.1:1/v1", system=f"s{text}")
    [line] = [
        line for line in commands(SESSION, [side(variant, 3)]).split("\n") if "litmus run" in line
    ]
    assert line == visible(line)
    assert heard(line) == [
        "run",
        "--session",
        SESSION.name,
        *("--rung", "bare", "--base-url", "http://127.0.0.1:1/v1", "--model", f"m{text}"),
        *("--system", f"s{text}", "--epochs", "3"),
    ]


def test_what_was_given_is_given_again() -> None:
    how = Indexing(200, 20, "openai", "text-embedding-3-small", "https://me:pw@host/v1?key=k")
    bare = Variant(
        "bare", "openai", "m", parameters={"temperature": 0.0, "max_tokens": 9, "seed": 4}
    )
    context = replace(
        bare, rung="context", documents=(("a b.pdf", "f" * 64, "2-3"), ("c.md", "e" * 64))
    )
    rag = replace(
        bare,
        rung="rag",
        parameters={},
        documents=(("c.md", "e" * 64),),
        retrieval=Retrieval(how, "vector", 7, 300),
    )
    lines = commands(SESSION, [side(each) for each in (bare, context, rag)], "aa", "bb").split("\n")
    name = """'it'"'"'s; $(mine)'"""
    end = "--temperature 0.0 --max-tokens 9"
    index = (
        "--chunk-tokens 200 --overlap 20 --embedder openai "
        "--embedding-model text-embedding-3-small --embedding-url https://host/v1"
    )
    assert [line for line in lines if line.startswith("litmus")] == [
        f"litmus bench export --session {name} cases.jsonl",
        f"litmus label export --session {name} labels.csv",
        f"litmus run --session {name} --rung bare --provider openai --model m {end}",
        f"litmus docs add --session {name} 'a b.pdf' c.md",
        f"litmus docs attach --session {name} 'a b.pdf' --pages 2-3",
        f"litmus docs order --session {name} 'a b.pdf' c.md",
        f"litmus run --session {name} --rung context --provider openai --model m {end}",
        f"litmus docs add --session {name} c.md",
        f"litmus docs promote --session {name} c.md {index}",
        f"litmus run --session {name} --rung rag --provider openai --model m -k 7 --mode vector "
        f"--whole-tokens 300 {index}",
        f"litmus receipt --session {name} aa bb",
    ]
    assert "# No option sets seed; set it in the app." in lines
    told = {fact.label: f"{fact.value} {fact.note}" for fact in variant_facts(side(rag))}
    assert told["Document"] == f"c.md SHA-256 {'e' * 64}"
    assert "me:pw" not in told["Retrieval"] and "https://host/v1" in told["Retrieval"]
    assert told["Dates"].startswith("1970-01-01 00:00 UTC to 1970-01-02 00:00 UTC")
    [paged, _] = [fact for fact in variant_facts(side(context)) if fact.label == "Document"]
    assert paged.value == "a b.pdf, pages 2-3"


SECRET = "sk-live0123456789"


@pytest.mark.parametrize(
    "parameters",
    [
        {"api_key": SECRET},
        {"apiKey": SECRET},
        {"extra_headers": {"Authorization": f"Bearer {SECRET}"}},
        {"config": {"deep": [{"password": SECRET}, f"use {SECRET}"]}},
        {"note": f"with Bearer {SECRET}"},
        {"access_token": SECRET},
    ],
)
def test_a_key_is_never_shown(parameters: dict[str, object]) -> None:
    variant = Variant(
        "bare", "custom", "m", f"https://u:{SECRET}@host/v1?k={SECRET}", "", parameters
    )
    page = repr(variant_facts(side(variant))) + commands(SESSION, [side(variant)])
    assert SECRET not in page and SECRET not in repr(safe_parameters(parameters))
    assert "https://host/v1" in page


def test_what_is_no_key_stays() -> None:
    harmless = {"max_tokens": 5, "max_completion_tokens": 7, "monkey": "see", "top_p": 0.5}
    assert safe_parameters(harmless) == harmless
    assert safe_url("http://127.0.0.1:8080/v1") == "http://127.0.0.1:8080/v1"
    assert "x" not in safe_url("http://[x")


def test_small_numbers() -> None:
    told = [p_value(p) for p in (None, 1.0, 0.0304, 0.00042, 1e-9)]
    assert told == ["–", "1", "0.03", "0.0004", "under 0.0001"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path) -> None:
    path = tmp_path / "out.md"
    write_whole(path, "first")
    write_whole(path, "second\n")
    link = tmp_path / "link.md"
    link.symlink_to(path)
    write_whole(link, "third\n")
    assert path.read_text() == "third\n" and link.is_symlink()
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "fourth \ud800")
    (tmp_path / "folder.md").mkdir()
    for bad in (tmp_path / "none" / "out.md", tmp_path / "folder.md"):
        with pytest.raises(StoreError, match=r"^Cannot write .*; name another file\.$"):
            write_whole(bad, "text")
    assert path.read_text() == "third\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.md", "link.md", "out.md"]


def test_other_endings_are_refused(tmp_path) -> None:
    for name in ("out.pdf", "out", ".html", "html"):
        with pytest.raises(StoreError, match=r"ends in \.html or \.md"):
            refuse_ending(tmp_path / name)
    for name in ("a.HTML", "a.md", "a.b.htm"):
        refuse_ending(tmp_path / name)
