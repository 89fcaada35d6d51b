"""Sessions and settings: made, listed by use, and found as they were left."""

from __future__ import annotations

import pytest

from store import runs, sessions
from store.records import DEFAULT_CAP_USD


def test_a_session_is_made_once(home, refused, hostile):
    made = home.write(sessions.create, hostile, hostile, None)
    assert home.read(sessions.named, hostile) == home.read(sessions.get, made.id) == made
    assert (made.name, made.task, made.cap_usd, made.state) == (hostile, hostile, None, {})
    assert home.session.cap_usd == DEFAULT_CAP_USD
    assert "There is a session “one” already" in refused(home.write, sessions.create, "one")


def test_what_is_not_there_is_said(home, refused):
    assert refused(home.read, sessions.named, "none") == (
        "There is no session “none”; `litmus sessions` lists what there is."
    )
    refused(home.read, sessions.get, 99)


def test_the_last_used_comes_first(home):
    for name in ("two", "three"):
        home.write(sessions.create, name)
    home.write(sessions.touch, home.session.id)
    assert [item.name for item in home.read(sessions.page)] == ["one", "three", "two"]
    assert [item.name for item in home.read(sessions.page, 1, 1)] == ["three"]
    assert home.read(sessions.last).name == "one"


def test_state_cap_and_settings_are_kept(home):
    state = {"case": 7, "draft": "half a character \ud83d, NUL \0, é", "pinned": {"bare": "ab"}}
    home.write(sessions.save_state, home.session.id, state)
    home.write(sessions.set_cap, home.session.id, 0.25)
    found = home.read(sessions.named, "one")
    assert (found.state, found.cap_usd) == (state, 0.25)
    assert home.read(sessions.setting, "setup") is None
    for value in ({"model": "a"}, {"model": "b"}):
        home.write(sessions.save_setting, "setup", value)
        assert home.read(sessions.setting, "setup") == value


@pytest.mark.parametrize(
    ("ending", "unpriced"),
    [
        ({"status": "done", "text": ""}, 1),
        ({"status": "cut", "text": "half an ans"}, 1),
        ({"status": "stopped", "text": "", "reasoning": "Let me think"}, 1),
        ({"status": "failed", "text": "", "error": "no such model"}, 0),
        ({"status": "done", "text": "free", "cost_usd": 0.0}, 0),
    ],
)
def test_what_was_spent_and_what_has_no_known_price(home, ending, unpriced):
    (case,) = home.cases("a prompt")
    home.answer(case, cost_usd=0.25)
    home.answer(case, status="cut", cost_usd=0.5)
    home.answer(case, **ending)
    other = home.write(sessions.create, "other")
    home.write(runs.start, other.id, home.variant().id, "benchmark")
    assert home.read(sessions.spent, home.session.id) == (0.75, unpriced)
    assert home.read(sessions.spent, other.id) == (0.0, 0)
