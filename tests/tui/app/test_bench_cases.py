"""Cases on the bench: edited in the form and outside, filtered, restored, checked."""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from store.records import Assertion, CaseDraft, Evidence, Expectation
from tui.screens.ask_line import AskLine
from tui.screens.bench_check import BenchCheckScreen
from tui.screens.case_editor import CaseEditor
from tui.screens.revisions import RevisionsScreen
from tui.widgets.case_list import CaseList
from tui.widgets.split_box import SplitBox
from tui.widgets.text_box import TextBox

WHOLE = CaseDraft(
    "one",
    expectation=Expectation("Paris", (Assertion("contains", "Par"),)),
    messages=({"role": "user", "content": "before"},),
    evidence=(Evidence("notes.md", 3, quote="It is Paris."),),
    tags=("a", "b"),
    metadata={"kept": 1},
)


async def form(person, key: str = "e") -> CaseEditor:
    await person.press(key)
    await person.until(lambda: isinstance(person.app.screen, CaseEditor))
    return person.app.screen


async def filtered(person, line: str) -> None:
    await person.press("f")
    await person.until(lambda: isinstance(person.app.screen, AskLine))
    person.app.screen.query_one(Input).value = line
    await person.press("enter")


def with_editor(person, monkeypatch, tmp_path: Path, script: str) -> None:
    """Make a Python script the editor, and let the terminal be given away without one."""
    program = tmp_path / "editor.py"
    program.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{script}\n")
    monkeypatch.setenv("VISUAL", f"'{sys.executable}' '{program}'")
    monkeypatch.setattr(person.app, "suspend", nullcontext)


# -- The form -----------------------------------------------------------------------


async def test_a_whole_case_is_edited_in_the_form(open_bench):
    async with open_bench(WHOLE) as person:
        screen = await form(person)
        await person.until_seen("Earlier messages", "--- user ---", "notes.md, page 3")
        screen.query_one("#prompt", TextBox).text = "two"
        screen.query_one("#expected", TextBox).text = "Lyon"
        screen.query_one("#turns", TextBox).text = "--- assistant ---\nafter"
        screen.query_one(Input).value = "c, b"
        screen.query_one(SplitBox).focus()
        await person.press("space")
        await person.until_seen("‹ train ›")
        await person.press("ctrl+s")
        await person.until_said("Saved as revision 2.")
        [case] = person.stored
        assert case.draft == replace(
            WHOLE,
            prompt="two",
            key=case.key,
            expectation=Expectation("Lyon"),
            messages=({"role": "assistant", "content": "after"},),
            tags=("c", "b"),
            split="train",
        )


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_the_form_fits_small_terminals(open_bench, size):
    async with open_bench(WHOLE, size=size) as person:
        await form(person)
        await person.until_seen("Prompt", "Expected", "Tags", "Split")


async def test_saving_an_untouched_form_changes_nothing(open_bench):
    odd = replace(WHOLE, prompt="a\r\nb \n", tags=("x, y",))
    async with open_bench(odd) as person:
        await form(person)
        await person.press("ctrl+j")
        await person.until_said("Nothing was changed.")
        [case] = person.stored
        assert (case.number, case.prompt, case.draft.tags) == (1, "a\r\nb \n", ("x, y",))


async def test_leaving_the_form_asks_only_where_something_was_typed(open_bench):
    async with open_bench("one") as person:
        await form(person)
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
        screen = await form(person)
        screen.query_one("#prompt", TextBox).text = "two"
        await person.press("escape")
        await person.until_seen("Keep the changes?")
        await person.press("escape")
        await person.until(lambda: person.app.screen is screen)
        assert screen.query_one("#prompt", TextBox).text == "two"
        await person.press("escape")
        await person.until_seen("Keep the changes?")
        await person.press("y")
        await person.until_said("Saved as revision 2.")
        assert [case.prompt for case in person.stored] == ["two"]


async def test_what_a_change_did_to_past_answers_is_said(open_bench):
    async with open_bench("one", "two") as person:
        await person.press("r")
        await person.until_glyphs("●●")
        screen = await form(person)
        screen.query_one("#prompt", TextBox).text = "changed"
        await person.press("ctrl+j")
        await person.until_said("1 answer now stands on an older revision")
        await person.until_seen("1 left out: cases edited")
        await person.press("r")
        await person.until_glyphs("●●")
        await person.until_gone("left out: cases edited")


# -- The person's own editor --------------------------------------------------------


async def test_a_case_is_edited_outside(open_bench, monkeypatch, tmp_path):
    async with open_bench("one") as person:
        script = "path.write_text(path.read_text().replace('\\none\\n', '\\ntwo\\n'))"
        with_editor(person, monkeypatch, tmp_path, script)
        await person.press("E")
        await person.until_said("Saved as revision 2.")
        assert [case.prompt for case in person.stored] == ["two"]
        assert not person.app.away


async def test_the_form_goes_on_in_the_editor_with_what_was_typed(
    open_bench, monkeypatch, tmp_path
):
    async with open_bench(WHOLE) as person:
        script = "path.write_text(path.read_text().replace('typed', 'typed and more'))"
        with_editor(person, monkeypatch, tmp_path, script)
        screen = await form(person)
        screen.query_one("#prompt", TextBox).text = "typed"
        await person.press("ctrl+o")
        await person.until(lambda: screen.query_one("#prompt", TextBox).text == "typed and more")
        assert [case.prompt for case in person.stored] == ["one"]
        await person.press("ctrl+j")
        await person.until_said("Saved as revision 2.")
        assert [case.draft.tags for case in person.stored] == [("a", "b")]


async def test_an_editor_that_fails_is_told_and_gives_the_terminal_back(
    open_bench, monkeypatch, tmp_path
):
    async with open_bench("one") as person:
        with_editor(person, monkeypatch, tmp_path, "sys.exit(4)")
        await person.press("E")
        await person.until_said("ended with status 4")
        monkeypatch.delenv("VISUAL")
        monkeypatch.delenv("EDITOR", raising=False)
        await person.press("E")
        await person.until_said("No editor is named")
        assert (person.app.away, person.stored[0].number) == (False, 1)


# -- Revisions ----------------------------------------------------------------------


async def test_an_older_revision_is_seen_and_restored(open_bench):
    async with open_bench("who is the cook?") as person:
        screen = await form(person)
        screen.query_one("#prompt", TextBox).text = "who is the mate?"
        await person.press("ctrl+j")
        await person.until_said("Saved as revision 2.")
        await person.press("H")
        await person.until(lambda: isinstance(person.app.screen, RevisionsScreen))
        await person.until_seen("From 1 to 2", "− who is the cook?", "+ who is the mate?")
        await person.press("enter")
        await person.until_said("how the case is now")
        await person.press("down")
        await person.until_seen("As it was made")
        await person.press("enter")
        await person.until_said("As in revision 1 again. Saved as revision 3.")
        await person.until_seen("who is the cook?")
        assert [(case.number, case.prompt) for case in person.stored] == [(3, "who is the cook?")]


# -- The filter ---------------------------------------------------------------------


async def test_the_list_shows_only_what_a_filter_names(open_bench):
    tagged = CaseDraft("three", tags=("wet",))
    async with open_bench("one", "two", tagged) as person:
        await filtered(person, "tag:wet")
        await person.until_seen("Only tag:wet · 1 of 3 cases")
        await person.until_on("3")
        assert person.cases.count == 1
        await filtered(person, "nothing like it")
        await person.until_seen("No case is like that")
        await person.press("escape")
        await person.until(lambda: person.cases.count == 3)
        await person.until_gone("Only nothing")


async def test_a_filter_that_cannot_be_is_told_and_can_be_mended(open_bench):
    async with open_bench("one", CaseDraft("two", split="train")) as person:
        await filtered(person, "split:both")
        await person.until_said("split:both is unknown")
        await person.until(lambda: isinstance(person.app.screen, AskLine))
        person.app.screen.query_one(Input).value = "split:train"
        await person.press("enter")
        await person.until_on("2")


async def test_labels_go_through_the_filtered_cases_only(open_bench):
    prompts = [CaseDraft(f"case {n}", tags=("odd",) if n % 2 else ()) for n in range(6)]
    async with open_bench(*prompts) as person:
        await person.press("r")
        await person.until_glyphs("●" * 6)
        await filtered(person, "tag:odd is:unlabelled")
        await person.until(lambda: person.cases.count == 3)
        await person.until_on("2")
        await person.press("y", "n", "y")
        await person.until_glyphs("✓✗✓")
        await person.press("u")
        await person.until_glyphs("✓✗●")
        await person.press("escape")
        await person.until_glyphs("●✓●✗●●")


async def test_a_new_case_is_seen_in_spite_of_a_filter(open_bench):
    async with open_bench("one", CaseDraft("two", tags=("wet",))) as person:
        await filtered(person, "tag:wet")
        await person.until_on("2")
        await person.send("three")
        await person.until_on("3")
        assert person.cases.count == 3


# -- The check ----------------------------------------------------------------------


async def check(person) -> BenchCheckScreen:
    await person.press("B")
    await person.until(lambda: isinstance(person.app.screen, BenchCheckScreen))
    return person.app.screen


async def to(person, screen: BenchCheckScreen, text: str) -> None:
    """Put the cursor on the row that holds a text."""
    rows = screen.query_one(CaseList)
    await person.until_seen(text)
    found = [place for place in range(rows.count) if text in rows.row(place).text]
    rows.move_to(found[0])
    await person.pilot.pause()


async def test_findings_are_repaired_where_they_stand(open_bench):
    cases = [
        CaseDraft("Which city?", expectation=Expectation("Lyon")),
        CaseDraft("Which city?", expectation=Expectation("Nice"), key="second"),
        CaseDraft("Say Margaret aloud", expectation=Expectation("Margaret")),
    ]
    async with open_bench(*cases, size=(80, 24)) as person:
        screen = await check(person)
        await person.until_seen("ask the same and expect different answers", "to repair")
        await person.press("x")
        await person.until_said("It names no case.")
        await to(person, screen, "second · ")
        await person.until_seen("case second: Which city?", "x takes it out")
        await person.press("x")
        await person.until_said("“second” is out of the benchmark")
        await person.until_gone("expect different answers")
        await person.press("u")
        await person.until_seen("expect different answers")
        await to(person, screen, "stands in the prompt")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, CaseEditor))
        person.app.screen.query_one("#prompt", TextBox).text = "Say the name aloud"
        await person.press("ctrl+j")
        await person.until_gone("stands in the prompt")
        await to(person, screen, "second · ")
        await person.press("t")
        await person.until_said("“second” is in train now.")
        await person.until_seen("second · train")
        await person.press("o")
        await person.until(lambda: person.app.screen is person.bench)
        await person.until_on("second")
        assert [case.draft.split for case in person.stored] == ["test", "train", "test"]


async def test_a_check_can_be_stopped_and_begun_again(open_bench, monkeypatch):
    """The checking thread stands at its first step until it is stopped there."""
    from lab.checking import check as checking

    whole, begun, go_on = checking.check, threading.Event(), threading.Event()

    def slow(benchmark, progress, **settings):
        def step(done: int, of: int) -> None:
            begun.set()
            assert go_on.wait(60)
            progress(done, of)

        return whole(benchmark, step, **settings)

    monkeypatch.setattr(checking, "check", slow)
    async with open_bench("one") as person:
        await check(person)
        await person.until(begun.is_set)
        await person.press("escape")
        go_on.set()
        await person.until_seen("Stopped; r checks again.")
        await person.press("r")
        await person.until_seen("1 case: ")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
