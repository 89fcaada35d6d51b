"""A benchmark file in the app: dropped or named, looked at, and then imported or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.imports.benchmark import Import
from store.records import CaseDraft
from tui.screens.import_preview import ImportPreview

TABLE = "id,question,target,owner\na,Who built [it]?,Ann,me\nb,Why?,,me\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "my quiz.csv"
    path.write_text(TABLE)
    return path


def prompts(person) -> list[str]:
    return [case.prompt for case in person.stored]


def names(person) -> list[str]:
    return [document.name for document in person.bench.desk.documents]


@pytest.mark.parametrize("size", [(110, 30), (80, 24)])
async def test_a_dropped_benchmark_is_shown_and_imported(open_bench, table, size):
    async with open_bench("one", size=size) as person:
        await person.paste(str(table))
        await person.until_seen(
            "my quiz.csv: CSV or TSV, 2 cases (2 test, 0 train)",
            "1 to label by hand",
            "question → prompt, target → expected",
            "Not used: owner",
            "Who built [it]?",
            "enter imports · d takes it as a document",
        )
        assert prompts(person) == ["one"]
        await person.press("enter")
        await person.until_said("my quiz.csv: 2 cases imported.")
        await person.until_on("a")
        assert prompts(person) == ["one", "Who built [it]?", "Why?"]
        assert names(person) == []


async def test_a_long_preview_leaves_the_keys_in_sight(open_bench, tmp_path):
    path = tmp_path / "long.csv"
    columns = ",".join(f"a column without a use {number}" for number in range(60))
    path.write_text(f"prompt,{columns}\nWhy?\n")
    async with open_bench("one", size=(80, 24)) as person:
        await person.paste(str(path))
        await person.until_seen("long.csv: CSV", "enter imports · d takes it", "esc leaves")


async def test_a_dropped_benchmark_can_be_a_document(open_bench, table):
    async with open_bench("one") as person:
        await person.paste(str(table))
        await person.until_seen("d takes it as a document")
        await person.press("d")
        await person.until(lambda: names(person) == ["my quiz.csv"])
        assert prompts(person) == ["one"]


async def test_leaving_takes_it_as_nothing(open_bench, table):
    async with open_bench("one") as person:
        await person.paste(str(table))
        await person.until_seen("esc leaves")
        await person.press("escape")
        await person.until(lambda: person.app.screen is person.bench)
        assert (prompts(person), names(person), person.box.text) == (["one"], [], "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prices.csv", "article,price\nrope,3\n"),
        ("notes.json", '{"title": "No benchmark"}'),
        ("cut.jsonl", '{"prompt": "q"}\n{"prompt": '),
        ("other.yaml", "colour: red\n"),
    ],
)
async def test_what_is_no_benchmark_is_read_as_a_document(open_bench, tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    async with open_bench("one") as person:
        await person.paste(str(path))
        await person.until(lambda: names(person) == [name])
        assert prompts(person) == ["one"]


async def test_a_named_file_is_mapped_and_imported(open_bench, tmp_path):
    path = tmp_path / "news.csv"
    path.write_text('"3","Potatoes up","Their price rose."\n"4","A","Another."\n')
    async with open_bench("one") as person:
        await person.press("b")
        await person.until_seen("Import a benchmark")
        await person.paste(str(path))
        await person.press("enter")
        await person.until_seen("no column is named prompt", "m maps columns")
        assert "enter imports" not in person.text
        await person.press("m")
        await person.until_seen("Which column is what")
        await person.type("9=prompt")
        await person.press("enter")
        await person.until_seen("has no column “9”")
        await person.press("m")
        await person.until_seen("Which column is what")
        await person.press(*["backspace"] * 8)
        await person.type("1=expected,3=prompt")
        await person.press("enter")
        await person.until_seen("Their price rose.", "enter imports")
        await person.press("enter")
        await person.until(lambda: prompts(person) == ["one", "Their price rose.", "Another."])


async def test_the_palette_has_it_and_the_format_can_be_named(open_bench, tmp_path):
    path = tmp_path / "evals.txt"
    path.write_text('{"input": "Who?", "target": "Ann"}\n')
    async with open_bench("one") as person:
        await person.press("ctrl+p")
        await person.until_seen("Search for commands")
        await person.type("import a bench")
        await person.until_seen("Read cases from a file")
        await person.press("enter")
        await person.until_seen("Import a benchmark: its file")
        await person.paste(str(path))
        await person.press("enter")
        await person.until_seen("enter imports")
        await person.press("f")
        await person.until_seen("The format:")
        await person.type("inspect")
        await person.press("enter")
        await person.until_seen("evals.txt: Inspect", "enter imports")
        await person.press("enter")
        await person.until(lambda: prompts(person) == ["one", "Who?"])


async def test_ids_that_are_there_are_revised(open_bench, table):
    old = CaseDraft("Who?", "a", tags=("kept",))
    async with open_bench(old) as person:
        await person.paste(str(table))
        await person.until_seen("1 of their ids are there already", "0 unchanged, 1 revised, 1 new")
        await person.press("enter")
        await person.until_said("0 unchanged, 1 revised, 1 new")
        assert [(case.key, case.number) for case in person.stored] == [("a", 2), ("b", 1)]


@pytest.mark.parametrize("stage", ["Reading", "Comparing", "Storing"])
async def test_a_long_import_tells_how_far_it_is_and_stops(
    open_bench, tmp_path, monkeypatch, stage
):
    path = tmp_path / "big.jsonl"
    rows = (json.dumps({"id": str(number), "prompt": "Who?"}) for number in range(4000))
    path.write_text("\n".join(rows))
    tell = Import._tell

    def held(job: Import, done: int, of: int) -> None:
        tell(job, done, of)
        if job.stage == stage:
            job._stopped.wait(60)  # until the person has seen it and stops it
            tell(job, done, of)

    monkeypatch.setattr(Import, "_tell", held)
    async with open_bench("one") as person:
        await person.paste(str(path))
        if stage == "Storing":
            await person.until_seen("enter imports")
            await person.press("enter")
        await person.until_seen(f"{stage} ", "of about 4,00", "esc stops")
        await person.press("escape")
        await person.until(lambda: not isinstance(person.app.screen, ImportPreview))
        await person.until_said("Stopped; nothing of big.jsonl was imported.")
        assert (prompts(person), names(person)) == (["one"], [])
