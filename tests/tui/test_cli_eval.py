"""`litmus docs eval`, `litmus oracle`, and `litmus bench set` where it sets evidence."""

from __future__ import annotations

import json
import shutil

import pytest

from fixtures.server import running

HARBOUR = (
    "The harbour master keeps a log of every ship. Ships with timber berth at the north quay, "
    "and the fee for a night is nine crowns.\n\nThe lighthouse was lit for the first time in "
    "1874. Its keeper climbs one hundred and six steps."
)
MARKET = "The market opens on Thursdays. Cheese is sold under the arches, and fish beside the well."


def squad() -> str:
    def asked(key: str, question: str, context: str, answer: str) -> dict[str, object]:
        answers = [{"text": answer, "answer_start": context.index(answer)}]
        return {"id": key, "question": question, "answers": answers, "is_impossible": False}

    lighthouse = asked("steps", "How many steps does the keeper climb?", HARBOUR, "one hundred")
    fee = asked("fee", "What is the fee for a night?", HARBOUR, "nine crowns")
    cheese = asked("cheese", "Where is cheese sold?", MARKET, "under the arches")
    open_ended = {"id": "toll", "question": "Who pays?", "answers": [], "is_impossible": True}
    paragraphs = [
        {"context": HARBOUR, "qas": [lighthouse, fee, open_ended]},
        {"context": MARKET, "qas": [cheese]},
    ]
    return json.dumps({"version": "2", "data": [{"title": "Town", "paragraphs": paragraphs}]})


@pytest.fixture(scope="module")
def promoted(tmp_path_factory, used):
    """A home whose session has a SQuAD file in its store; with the server and the options."""
    with running() as server:
        store = ("--embedder", "custom", "--embedding-url", server.base_url)
        store += ("--embedding-model", "embed", "--chunk-tokens", "24")
        litmus = type(used)(tmp_path_factory.mktemp("promoted"))
        litmus.env["LITMUS_API_KEY"] = "a-key"
        litmus("new", "town")
        assert litmus("bench", "import", litmus.file("town.json", squad())).status == 0
        done = litmus("docs", "promote", *store)
        assert done.status == 0, done.err
        yield litmus, store, server


@pytest.fixture
def stored(litmus, promoted):
    """A copy of that home, to be changed."""
    original, store, server = promoted
    shutil.copytree(original.home, litmus.home)
    litmus.env["LITMUS_API_KEY"] = "a-key"
    server.reply = None
    return litmus, store, server


def test_a_store_is_measured_right_after_import_and_promote(promoted):
    litmus, _, _ = promoted
    told = litmus("docs", "eval", "--json").data
    assert told["n"] == 3
    assert [mode["mode"] for mode in told["modes"]] == ["vector", "keyword", "hybrid"]
    for mode in told["modes"]:
        measured = [mode[f"recall@{depth}"] for depth in (1, 5, 10)]
        assert measured == sorted(measured)
        assert measured[-1] == 1.0  # there are fewer chunks than ten
        assert 0 < mode["mrr"] <= 1
        assert mode["intervals"]["recall@10"] == pytest.approx([0.4385, 1.0], abs=1e-4)
    keyword = told["modes"][1]
    assert (keyword["recall@1"], keyword["hit@1"], keyword["mrr"]) == (1.0, 1.0, 1.0)
    assert (told["unplaced"], told["without_evidence"]) == ([], 1)
    assert told["collections"][0]["chunk_tokens"] == 24

    shown = litmus("docs", "eval", "-k", "1", "2")
    assert "3 cases with evidence" in shown.out
    assert "recall@1" in shown.out and "recall@2" in shown.out and "recall@5" not in shown.out
    assert "keyword  100 (44–100)  100 (44–100)" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "1 case names no evidence." in shown.err
    assert "24/0" in litmus("docs", "eval", "--chunk-tokens", "99").refused()


def test_evidence_is_set_by_quote_and_by_offsets(stored, no_controls):
    litmus, _, _ = stored
    told = litmus("bench", "set", "toll", "--quote", "keeps  a log").out
    assert told == "toll: Saved as revision 2.\n"
    at = HARBOUR.index("berth")
    more = litmus("bench", "set", "toll", "steps", "--evidence", f"Town 1:{at}-{at + 5}")
    assert more.status == 0
    assert litmus("bench", "set", "steps", "--no-evidence").status == 0
    exported = litmus("bench", "export", "-", "--format", "jsonl").out.splitlines()
    evidence = {case["id"]: case.get("evidence") for case in map(json.loads, exported)}
    assert not evidence["steps"]
    assert [(item["quote"], item["start"]) for item in evidence["toll"]] == [
        ("keeps a log", HARBOUR.index("keeps a log")),
        ("berth", at),
    ]
    for given, says in (
        (("--quote", "\x1b[2Jnowhere"), "does not stand in any document"),
        (("--evidence", "Town 1:5"), "write it as"),
        (("--evidence", "Nowhere:1-2"), "No document is called"),
    ):
        refused = litmus("bench", "set", "toll", *given)
        assert says in refused.refused()
        no_controls(refused)


def test_what_cannot_be_placed_is_named_and_left_out(stored, no_controls):
    litmus, _, _ = stored
    lost = {
        "id": "lost",
        "prompt": "Which gate?",
        "evidence": [{"document": "Town 2", "quote": "the \x1b[2Jeast gate"}],
    }
    litmus("bench", "import", litmus.file("lost.jsonl", json.dumps(lost) + "\n"))
    shown = litmus("docs", "eval")
    assert "3 cases with evidence" in shown.out
    assert "lost: The quoted evidence does not stand in “Town 2”." in shown.out
    no_controls(shown)


def test_without_a_store_or_a_run_it_says_what_to_do(used):
    assert "litmus docs promote" in used("docs", "eval").refused()
    assert "litmus run --rung rag" in used("oracle").refused()


def test_the_oracle_tells_what_was_not_retrieved(stored):
    litmus, store, server = stored
    ask = ("--base-url", server.base_url, "--model", "fixture-large")
    server.reply = lambda body: body["messages"][0]["content"]
    litmus("bench", "set", "cheese", "--split", "train")
    # Keywords find the steps; the fee is asked for in words that its chunk lacks.
    fee = {"id": "price", "prompt": "How much would the keeper pay for one overnight stay?"}
    fee |= {"assert": [{"type": "contains", "value": "nine crowns"}]}
    fee |= {"evidence": [{"document": "Town 1", "quote": "nine crowns"}]}
    steps = {"id": "climb", "prompt": "How many steps?", "evidence": []}
    steps |= {"assert": [{"type": "contains", "value": "two hundred"}]}
    rows = "\n".join(json.dumps(row) for row in (fee, steps))
    assert litmus("bench", "import", litmus.file("more.jsonl", rows)).status == 0
    ran = litmus("run", "--rung", "rag", *ask, *store, "--mode", "keyword", "-k", "1")
    assert ran.status == 0, ran.err
    before = litmus("ladder", "--json").data["rungs"]

    told = litmus("oracle", "--json").data
    by_id = {item["id"]: item for item in told["failures"]}
    assert {key: item["why"] for key, item in by_id.items()} == {
        "price": "not_retrieved",
        "climb": "no_evidence",
    }
    assert (by_id["price"]["evidence_sent"], by_id["price"]["oracle"]) == (0.0, "pass")
    assert (told["not_retrieved"], told["still_wrong"], told["no_evidence"]) == (1, 0, 1)
    assert told["ceiling"]["rate"] > told["rate"]["rate"]
    assert litmus("ladder", "--json").data["rungs"] == before

    sent = len(server.chats)
    shown = litmus("oracle").out
    assert len(server.chats) == sent
    assert "1  not retrieved: right once the evidence is pasted in\n        price\n" in shown
    assert "With perfect retrieval at best" in shown
