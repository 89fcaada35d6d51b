"""Reports of what was really asked: its documents and address are named, its key is not."""

from __future__ import annotations

import json

from lab.judge.trust import label
from lab.report.as_json import receipt_json
from lab.report.html import html_report
from lab.report.markdown import markdown_report
from lab.report.receipt import make_receipt
from lab.report.whole import make_report
from store import runs
from store.records import Verdict

KEY = "hunter2-0123456789"


async def grade(desk, event, verdicts: str) -> None:
    """Label a run's answers, a letter each."""
    names: dict[str, Verdict] = {"y": "pass", "p": "partial", "n": "fail"}
    answers = await desk.database.read(runs.answers_of_run, event.run_id)
    for answer, letter in zip(answers, verdicts, strict=True):
        await desk.database.write(
            label,
            desk.session.id,
            answer.revision_id,
            answer.answer_hash,
            names[letter],
        )


async def climbed(desk, server, add, read, run, variant):
    """Ask two rungs, the second with a document, and label all answers."""
    server.reply = lambda body: f"{body['model']} on {body['messages'][-1]['content']}"
    document = await read("notes <b>.md", "All that is known.")
    await desk.attach(document.id, True)
    cases = await add("one", "two", "three", "four")
    first, *_ = await run(cases, "fixture-large")
    await grade(desk, first, "nnny")
    asking = await desk.ask(cases, variant(rung="context", model="fixture-small"))
    second, *_ = [event async for event in asking.events()]
    await grade(desk, second, "ypny")
    return document


async def test_what_was_asked_is_named_and_the_key_is_not(desk, server, add, read, run, variant):
    document = await climbed(desk, server, add, read, run, variant)
    report = await make_report(desk, "9.9")
    page, text = html_report(report), markdown_report(report)
    receipt = await make_receipt(desk, "bare", "context", "9.9")
    data = json.dumps(receipt_json(receipt))
    for whole in (page, text, data):
        assert document.sha256 in whole
        assert "127.0.0.1" in whole and "9.9" in whole
        assert KEY not in whole and KEY[:7] not in whole
    assert "notes &lt;b&gt;.md" in page and "notes &lt;b&gt;.md" in text
    assert "litmus docs add --session test" in page


async def test_partly_right_answers_are_told_apart(desk, server, add, read, run, variant):
    await climbed(desk, server, add, read, run, variant)
    report = await make_report(desk, "9.9")
    [receipt] = report.receipts
    found = receipt.step.comparison.difference
    assert found is not None and (found.n, found.gained, found.lost) == (4, 2, 0)
    assert [shown.flip.after for shown in receipt.flips] == [1.0, 0.5]
    assert "◐ context" in html_report(report) and "◐ context" in markdown_report(report)


async def test_every_page_is_made_of_the_same_step(desk, server, add, read, run, variant):
    await climbed(desk, server, add, read, run, variant)
    report = await make_report(desk, "9.9")
    receipt = await make_receipt(desk, "bare", "context", "9.9")
    assert receipt.step == report.receipts[0].step
    assert receipt.sides == report.sides
    assert receipt.flips == report.receipts[0].flips
