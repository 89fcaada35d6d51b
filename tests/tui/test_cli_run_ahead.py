"""What `litmus run` says of its price: beforehand, by a pilot, at the cap, and when unknown."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from fixtures.server import FixtureServer, running

# US dollars 0.15 and 0.6 for a million tokens in and out, of Azure at any address.
PRICED = "gpt-4o-mini"
IN, OUT = 0.15e-6, 0.6e-6


@pytest.fixture
def server() -> Iterator[FixtureServer]:
    with running() as running_server:
        yield running_server


@pytest.fixture
def ask(litmus, server):
    """Run the bare rung on a model whose price is known, over cases as long as they say."""
    litmus.env["AZURE_OPENAI_API_KEY"] = "hunter2-0123456789"
    server.reply = lambda body: " ".join(["word"] * int(body["messages"][-1]["content"].split()[0]))
    assert litmus("new", "one").status == 0

    def run(*arguments, where=("--provider", "azure", "--model", PRICED), rung=("--rung", "bare")):
        return litmus("run", *rung, *where, "--base-url", server.base_url, *arguments)

    return run


@pytest.fixture
def ask_unknown(ask):
    """Run it on a server whose prices nobody knows."""
    return lambda *arguments: ask(*arguments, where=("--model", PRICED))


def cases(litmus, *prompts: str) -> None:
    rows = "\n".join(
        f'{{"prompt": "{prompt}", "expected": "contains: word"}}' for prompt in prompts
    )
    assert litmus("bench", "import", litmus.file("cases.jsonl", rows)).status == 0


def stored(litmus, query: str):
    with closing(sqlite3.connect(litmus.home / "litmus.db")) as connection:
        return connection.execute(query).fetchall()


# -- which options --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("run",), "--rung bare, context, rag or tuned"),
        (("run", "--pilot"), "--rung bare, context, rag or tuned"),
        (("run", "--rung", "bare", "--pilot", "--dry-run"), "leave one of them out"),
        (("run", "--rung", "bare", "--stop-early", "--fresh"), "leave one of them out"),
        (("run", "--again", "--rung", "bare"), "leave out --rung"),
        (("run", "--again", "--max-tokens", "9"), "leave out --max-tokens"),
        (("run", "--again", "--stop-early"), "leave out --stop-early"),
    ],
)
def test_options_that_do_not_go_together(litmus, given, said):
    litmus.session()
    assert said in litmus(*given).refused()


# -- a dry run ------------------------------------------------------------------------------


def test_a_dry_run_is_priced_from_the_prompts_and_asks_nothing(litmus, server, ask):
    cases(litmus, "1 two three", "2 two three")
    planned = ask("--dry-run", "--json").data
    assert planned["to_ask"] == 2
    assert planned["price_low_usd"] == pytest.approx(2 * (3 * IN + OUT))
    assert planned["price_high_usd"] == pytest.approx(2 * (3 * IN + 500 * OUT))
    text = ask("--dry-run").out
    assert re.search(r"price: (up to )?\$[\d.–]+\.$", text), text
    assert "the cap leaves room for none of them" in ask("--dry-run", "--budget", "0").out
    bounded = ask("--dry-run", "--json", "--max-tokens", "10").data
    assert bounded["price_high_usd"] == pytest.approx(2 * (3 * IN + 10 * OUT))
    assert server.requests == []


def test_a_dry_run_goes_by_what_answers_cost_so_far(litmus, server, ask):
    cases(litmus, "100 a", "200 a b", "200 c d", "300 a b c")
    assert ask("--pilot").status == 0
    planned = ask("--dry-run", "--json").data
    assert planned["to_ask"] == 1
    assert planned["price_low_usd"] == pytest.approx(100 * OUT, rel=0.01)
    assert planned["price_high_usd"] == pytest.approx(300 * OUT, rel=0.01)
    assert ask().status == 0
    nothing = ask("--dry-run")
    assert "0 questions; 4 answers are there already.\n" in nothing.out


# -- a pilot --------------------------------------------------------------------------------


def test_a_pilot_asks_three_and_prices_the_rest(litmus, server, ask):
    cases(litmus, "100 a", "200 a b", "300 a b c", *(f"200 a {n}" for n in range(7)))
    found = ask("--pilot", "--json").data
    asked = sorted(body["messages"][-1]["content"] for body in server.chats)
    assert len(asked) == found["answered"] == 3
    assert asked[0] == "100 a" and asked[-1] == "300 a b c"  # the shortest and the longest
    assert found["outcome"] == "finished"
    pilot = found["pilot"]
    assert pilot.keys() == {"left", "low_usd", "expected_usd", "high_usd", "seconds"}
    assert pilot["left"] == 7 and pilot["seconds"] > 0
    assert pilot["low_usd"] == pytest.approx(7 * 100 * OUT, rel=0.01)
    assert pilot["expected_usd"] == pytest.approx(7 * 200 * OUT, rel=0.01)
    assert pilot["high_usd"] == pytest.approx(7 * 300 * OUT, rel=0.01)
    # The pilot's answers are kept: the run asks the others only.
    rest = ask("--json").data
    assert rest["answered"] == 7 and "pilot" not in rest
    done = ask("--pilot")
    assert (done.status, done.out.splitlines()[-1]) == (0, "Nothing is left to ask.")


def test_the_sentence_of_a_pilot(litmus, server, ask):
    cases(litmus, *(f"{n}00 a" for n in range(1, 10)))
    last = ask("--pilot").out.splitlines()[-1]
    assert re.fullmatch(
        r"The other 6 answers will cost \$0\.\d{4}–0\.\d{4} and take about 1 s\. "
        r"`litmus run` without --pilot asks them\.",
        last,
    )


def test_a_pilot_of_further_epochs_asks_each_case_once(litmus, server, ask):
    cases(litmus, *(f"{n} a" for n in range(1, 6)))
    assert ask().status == 0
    found = ask("--pilot", "--epochs", "3", "--json").data
    assert (found["answered"], found["pilot"]["left"]) == (3, 7)
    assert stored(litmus, "SELECT count(*) FROM answers WHERE epoch = 2") == [(3,)]


# -- while it runs --------------------------------------------------------------------------


def test_a_run_notes_what_the_rest_will_cost(litmus, server, ask):
    cases(litmus, *(f"{n}00 a" for n in range(1, 10)))
    ran = ask("--concurrency", "1")
    assert ran.status == 0
    [note] = ran.err.splitlines()
    assert note.startswith("The other 6 answers will cost $0.0003–0.0011 and take about ")


def test_what_is_free_needs_no_note(litmus, server, ask):
    cases(litmus, *(f"{n} a" for n in range(1, 7)))
    where = ("--provider", "ollama", "--model", "llama3")
    planned = ask("--dry-run", where=where)
    assert "price: free." in planned.out
    assert ask("--dry-run", "--json", where=where).data["price_high_usd"] == 0.0
    ran = ask(where=where)
    assert (ran.status, ran.err) == (0, "") and "cost free" in ran.out
    assert ask("--fresh", "--pilot", "--json", where=where).data["pilot"]["high_usd"] == 0.0


# -- the cap --------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", ["1", "8"])
@pytest.mark.parametrize("how", ["budget", "cap"])
def test_a_run_stops_before_the_cap_keeps_all_and_goes_on_with_more(
    litmus, server, ask, at_once, how
):
    """Each answer costs 0.0018, though less was reckoned with."""
    cases(litmus, *(f"3000 case {n}" for n in range(12)))
    budget = ("--budget", "0.01")
    if how == "cap":
        with closing(sqlite3.connect(litmus.home / "litmus.db")) as connection, connection:
            connection.execute("UPDATE sessions SET cap_usd = 0.01")
        budget = ()
    ran = ask(*budget, "--concurrency", at_once)
    assert ran.status == 1
    assert "before the next call could pass the cap" in ran.err.splitlines()[-1]
    [(spent, unpriced)] = stored(litmus, "SELECT sum(cost_usd), sum(unpriced) FROM runs")
    assert 0.009 < spent <= 0.01 and unpriced == 0
    [(kept,)] = stored(litmus, "SELECT count(*) FROM answers WHERE status = 'done'")
    assert kept == 5 and "5 answers in" in ran.out
    # At the cap nothing more is asked, and that is no error of usage.
    asked = len(server.chats)
    again = ask(*budget, "--concurrency", at_once, "--json")
    assert again.status == 1 and len(server.chats) == asked
    rest = ask("--budget", "1", "--concurrency", at_once, "--json").data
    assert (rest["answered"], rest["outcome"]) == (7, "finished")


def test_an_answer_that_could_pass_the_cap_alone_is_ended_and_told(litmus, server, ask):
    cases(litmus, "9000 long")
    ran = ask("--budget", "0.002")
    assert (ran.status, "0 answers" in ran.out) == (1, True)
    assert "before the next call could pass the cap" in ran.err
    [(status, cost)] = stored(litmus, "SELECT status, cost_usd FROM answers")
    assert status == "stopped" and 0.0018 < cost <= 0.002


# -- a price that nobody knows --------------------------------------------------------------


def test_an_unknown_price_is_unknown_everywhere(litmus, ask_unknown):
    cases(litmus, *(f"{n} a" for n in range(1, 7)))
    planned = ask_unknown("--dry-run")
    assert "price: unknown." in planned.out
    data = ask_unknown("--dry-run", "--json").data
    assert (data["price_low_usd"], data["price_high_usd"]) == (None, None)

    piloted = ask_unknown("--pilot")
    assert "cost unknown." in piloted.out
    assert f"will cost is unknown: no price is known for {PRICED}." in piloted.out
    pilot = ask_unknown("--pilot", "--fresh", "--json").data["pilot"]
    assert pilot["left"] == 6 and pilot["seconds"] is not None
    assert [pilot[key] for key in ("low_usd", "expected_usd", "high_usd")] == [None] * 3

    ran = ask_unknown("--fresh", "--concurrency", "1")
    assert ran.err == (
        f"What the other 3 answers will cost is unknown: no price is known for {PRICED}.\n"
    )
    assert "cost unknown." in ran.out
    assert ask_unknown("--json").data["cost_usd"] is None

    rung = litmus("ladder", "--json").data["rungs"][0]
    assert (rung["cost_usd"], rung["cost_per_answer_usd"]) == (None, None)
    head, row = litmus("ladder").out.splitlines()[:2]
    assert "$/answer" in head and row.count("unknown") == 2 and "$0" not in row
    assert "unknown" in litmus("sessions").out.splitlines()[1]
    assert litmus("sessions", "--json").data["sessions"][0]["cost_usd"] is None
    shown = [planned, piloted, ran, litmus("ladder"), litmus("sessions"), litmus("doctor")]
    assert not [each.out for each in shown if re.search(r"\$0(\.0+)?\b", each.out + each.err)]
