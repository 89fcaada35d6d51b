"""`litmus receipt` and `litmus report`, whole: what they print, write, and refuse."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lab.ladder.rungs import RungFacts
from lab.ladder.standing import Standing
from lab.report.inputs import commands
from lab.report.receipt import Side
from lab.visible import one_line, visible
from store.library_records import Retrieval
from store.records import Session, Variant
from tests.report_files import HOSTILE, KEYS, SYSTEM, rows, write
from tui import __version__
from tui.verbs.parser import parse


@pytest.fixture(scope="module")
def climbed(tmp_path_factory):
    """A session with three rungs on hostile cases, of one of which the price is unknown."""
    from tests.tui.conftest import Litmus

    litmus = Litmus(tmp_path_factory.mktemp("report"))
    litmus("new", "a <b>session</b>", "--task", HOSTILE["image"])
    removed = KEYS[-1]
    for rung, wrong, cost, keys in (
        ("bare", range(28), 0.001, KEYS),
        ("context", (30, 31), 0.02, KEYS),
        ("rag", (0, 1, 2, 33), None, KEYS[:-1]),
    ):
        if rung == "rag":
            litmus("bench", "remove", removed)
        path = write(litmus.folder / f"{rung}.jsonl", rows(rung, wrong, cost=cost, keys=keys))
        done = litmus("answers", "import", path, "--rung", rung, "--model", "gpt-<i>best</i>")
        assert done.status == 0, done.err
    return litmus


class Page(HTMLParser):
    """What a browser makes of a page: its elements, and its text without the style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data


def written(litmus, name: str) -> str:
    done = litmus("report", name)
    assert (done.status, done.out) == (0, f"Wrote {name}.\n"), done.err
    return (Path(litmus.folder) / name).read_text("utf-8")


def test_a_receipt_names_all_that_the_verdict_rests_on(climbed, no_controls):
    told = climbed("receipt", "bare", "context")
    assert told.status == 0, told.err
    no_controls(told)
    [step, _] = climbed("ladder", "--json").data["steps"]
    lines = told.out.splitlines()
    assert lines[0] == step["sentence"] and step["verdict"] == "CLIMB"
    for part in (
        "Cases compared",
        "Gained, lost, as before  ",
        "p, two-sided",
        "e-value",
        "It must exceed",
        "Variants tried",
        "A right answer is worth  $1.00  (assumed)",
        "Extra cost of an answer",
        "Chance that it pays",
        "39 by a person",
        step["from_variant"],
        step["to_variant"],
        "gpt-<i>best</i>-2026",
        f"Litmus     {__version__}",
        "litmus receipt --session 'a <b>session</b>'",
        "Newcombe (1998)",
    ):
        assert part in told.out, part
    assert all(line in [each.strip() for each in lines] for line in SYSTEM.split("\n"))


def test_a_receipt_shows_what_was_lost_first(climbed):
    told = climbed("receipt", "context", "rag")
    lost, gained = told.out.find("\nLost ("), told.out.find("\nGained (")
    assert 0 < lost < gained
    assert "✗ rag  rag says no to" in told.out and "✓ context  context says yes to" in told.out
    assert "unknown" in told.out


def test_a_receipt_as_json(climbed):
    found = climbed("receipt", "bare", "context", "--json").data
    [step, _] = climbed("ladder", "--json").data["steps"]
    assert found["step"] == step
    assert [side["rung"] for side in found["sides"]] == ["bare", "context"]
    assert found["sides"][0]["variant_content"]["system"] == SYSTEM
    assert found["sides"][0]["verdicts_by"] == {"label": 39, "judge": 0, "checks": 0}
    assert len(found["flips"]) == step["gained"] + step["lost"]
    assert found["flips_not_shown"] == {"lost": 0, "gained": 0}
    [flip] = [each for each in found["flips"] if each["case"] == "terminal"]
    assert HOSTILE["terminal"] in flip["prompt"] and (flip["before"], flip["after"]) == (0, 1)
    assert found["judge"] is None and found["litmus_version"] == __version__

    by_hash = climbed("receipt", step["from_variant"][:6], step["to_variant"], "--json").data
    assert {**by_hash, "made_at": ""} == {**found, "made_at": ""}


def test_what_cannot_be_told_is_one_sentence(climbed):
    assert "No rung or variant “tuned” was run" in climbed("receipt", "bare", "tuned").refused()
    assert "the same variant" in climbed("receipt", "bare", "bare").refused()
    assert "ends in .html or .md" in climbed("report", "out.pdf").refused()
    assert "Cannot write none/out.html" in climbed("report", "none/out.html").refused()
    assert "There is no session yet" in climbed("report", "o.md", "--home", "empty").refused()


def test_the_page_holds_hostile_text_as_text(climbed):
    raw = written(climbed, "out.html")
    page = Page(raw)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "base", "form", "a"}
    assert tags <= {
        *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
        *("h1", "h2", "h3", "p", "span", "b", "bdi", "dl", "dt", "dd", "div", "pre", "article"),
        *("details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
        *("svg", "line", "text", "circle", "rect", "path"),
    }
    attributes = {name for _, given in page.elements for name in given}
    assert not {name for name in attributes if name.startswith("on")}
    assert not attributes & {"src", "href", "xlink:href", "style", "srcset", "action"}
    assert not re.search(r"url\(|@import|expression\(", raw[: raw.index("</style>")])
    for name, text in HOSTILE.items():
        assert visible(text).strip() in page.text, name
    assert not {c for c in raw if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f"}
    assert not set(raw) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    [policy] = [given for tag, given in page.elements if given.get("http-equiv")]
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_both_reports_say_what_the_ladder_says(climbed):
    page = " ".join(Page(written(climbed, "out.html")).text.split())
    text = " ".join(written(climbed, "out.md").split())
    ladder = climbed("ladder", "--json").data
    for step in ladder["steps"]:
        head, _, rest = step["sentence"].partition(":")
        assert head in page and rest in page
        assert rest.replace("$", "\\$") in text
    for rung in ladder["rungs"]:
        told = f"{rung['rate']:.0%} ({rung['low']:.0%} to {rung['high']:.0%}), n {rung['n']}"
        assert told in page and told in text
        assert rung["variant"] in page and rung["variant"] in text
    assert ladder["benchmark_revision"] in page and ladder["benchmark_revision"] in text
    for part in (
        "Cost against quality",
        "Over the benchmark’s revisions",
        "Why rag fails",
        "Who judged",
        "Economics",
        "To repeat it",
        "Only assumed so far",
        "Fagerland",
    ):
        assert part in page and part in text, part
    assert "Price unknown, so not drawn: rag" in page
    assert re.search(r"\| rag \| unknown \| .* price unknown", text)


def test_the_markdown_holds_hostile_text_as_text(climbed):
    from markdown_it import MarkdownIt

    html = MarkdownIt("gfm-like", {"html": True}).render(written(climbed, "out.md"))
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        *("h1", "h2", "h3", "h4", "p", "pre", "code", "ul", "li", "strong"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    for name in ("image", "svg", "template", "terminal", "bidi", "link", "entity", "emoji"):
        assert one_line(HOSTILE[name]) in page.text, name
    assert "\x1b" not in html and "\u202e" not in html


def test_a_file_that_is_there_is_replaced(climbed):
    path = climbed.file("again.html", "what was there before")
    told = climbed("report", path, "--json").data
    raw = path.read_bytes()
    assert raw.startswith(b"<!doctype html>") and told["bytes"] == len(raw)
    assert (told["file"], told["verdict"]) == (
        str(path),
        climbed("ladder", "--json").data["verdict"]["state"],
    )
    assert not [each for each in path.parent.iterdir() if each.name.startswith(".again")]


def test_a_report_of_next_to_nothing(litmus):
    litmus("new", "empty")
    assert "No rung has been run yet" in written(litmus, "out.html")
    assert "No rung has been run yet" in written(litmus, "out.md")
    path = write(litmus.folder / "bare.jsonl", rows("bare", (0,), keys=KEYS[:4]))
    litmus("answers", "import", path, "--rung", "bare", "--model", "m")
    assert "Only bare has been run" in written(litmus, "out.html")
    assert "The steps" not in written(litmus, "out.md")


def test_sides_that_share_no_case_have_a_receipt_too(litmus):
    litmus("new", "apart")
    for rung, keys in (("bare", KEYS[-4:-2]), ("rag", KEYS[-2:])):
        path = write(litmus.folder / "part.jsonl", rows(rung, (), keys=keys))
        litmus("answers", "import", path, "--rung", rung, "--model", "m")
    told = litmus("receipt", "bare", "rag")
    assert told.status == 0 and told.out.startswith("No verdict")
    assert re.search(r"Cases compared +none +\(4 cases answered on one side only\)", told.out)
    assert "No verdict" in written(litmus, "out.html")


def test_other_variants_are_compared_and_told_apart(litmus):
    litmus("new", "several")
    for model, wrong in (("first", range(30)), ("second", (39,))):
        path = write(litmus.folder / "part.jsonl", rows(f"{model} bare", wrong, keys=KEYS[-12:]))
        litmus("answers", "import", path, "--rung", "bare", "--model", model)
    [rung] = litmus("ladder", "--json").data["rungs"]
    [other] = rung["others"]
    told = litmus("receipt", other["variant"][:8], rung["variant"][:8])
    assert f"✗ bare {other['variant'][:6]}  first bare says no" in told.out
    page = Page(written(litmus, "out.html")).text
    assert "Other variants tried" in page and other["variant"] in page


def test_nothing_heavy_is_loaded(climbed):
    script = (
        "import json, sys\nfrom tui.cli import main\nmain(['report', 'light.html'])\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=climbed.folder,
        env=climbed.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    heavy = {"openai", "chromadb", "scipy", "numpy", "textual", "pypdf", "genai_prices"}
    assert "jinja2" in loaded and not loaded & heavy


def test_every_command_is_one_that_litmus_takes():
    base = Variant("bare", "openai", "m", "http://x/v1", "Be brief.", {"temperature": 0.5})
    documents = (("a.md", "f" * 64, "2-3"), ("b.md", "e" * 64))
    variants = (
        base,
        replace(base, rung="context", documents=documents),
        replace(base, rung="rag", documents=documents[1:], retrieval=Retrieval()),
        Variant("tuned", "imported", "t"),
    )
    empty = (0, None, None, None, None, (), None, "", None, None, ())
    sides = [
        Side(RungFacts(Standing(variant, None, 0, None, 0.0), *empty), {}, 2)
        for variant in variants
    ]
    session = Session(1, "one", "", 0.0, 0.0, None, {})
    script = commands(session, sides) + "\n" + commands(session, sides, "aa", "bb")
    lines = [line for line in script.split("\n") if line.startswith("litmus")]
    taken = {parse(shlex.split(line)[1:]).call for line in lines}
    assert taken == {
        *("benchmark:export", "labels:export", "running:run", "answers:read", "adding:add"),
        *("context:attach", "context:order", "promoting:promote"),
        *("laddering:show", "reporting:receipt"),
    }
