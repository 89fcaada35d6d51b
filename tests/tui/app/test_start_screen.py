"""The first start: nothing is there yet, and everything is one key away."""

from __future__ import annotations

from textual.widgets import OptionList, ProgressBar

from store import sessions
from tui.screens.bench.screen import BenchScreen
from tui.screens.download import DownloadScreen
from tui.screens.model_picker import ModelPicker
from tui.screens.new_session import NewSession
from tui.screens.sessions import SessionsScreen


async def test_the_first_start_says_what_can_be_asked_and_which_key_does_it(start):
    async with start(size=(80, 24)) as person:
        await person.until_seen("the demo", "Another address", "OpenAI", "needs OPENAI_API_KEY")
        assert "Traceback" not in person.text


async def test_a_key_in_the_environment_is_found(start, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "gsk-very-secret")
    async with start() as person:
        await person.until_seen("● Groq", "key in GROQ_API_KEY")
        assert "very-secret" not in person.text


async def test_n_makes_a_session_and_the_bench_opens(start, engine):
    async with start() as person:
        await person.press("n")
        await person.until(lambda: isinstance(person.app.screen, NewSession))
        await person.type("mine")
        await person.press("enter", "enter")
        await person.until(lambda: isinstance(person.app.screen, BenchScreen))
        await person.until_seen("Litmus · mine", "No cases yet")
        assert person.box.has_focus
        await person.press("f6")
        await person.until(lambda: isinstance(person.app.screen, SessionsScreen))
        await person.until_seen("mine")


async def test_leaving_the_new_session_makes_none(start, engine):
    async with start() as person:
        await person.press("n")
        await person.until(lambda: isinstance(person.app.screen, NewSession))
        await person.type("mine")
        await person.press("escape")
        await person.until_seen("Who can be asked")
        assert engine.database.read_now(sessions.last) is None


async def test_a_choice_leads_through_the_model_to_a_session_that_asks_it(start, server):
    async with start() as person:
        await person.until_seen("Another address")
        options = person.app.screen.query_one(OptionList)
        labels = [str(option.prompt) for option in options.options]
        number = next(i for i, label in enumerate(labels, 1) if "Another address" in label)
        await person.press(str(number))
        await person.until(lambda: isinstance(person.app.screen, ModelPicker))
        await person.choose_model(server.base_url, "fixture-small")
        await person.until(lambda: isinstance(person.app.screen, NewSession))
        await person.type("mine")
        await person.press("enter", "enter")
        await person.until_seen("bare · fixture-small")
        await person.send("Hello?")
        await person.until_seen("You asked: Hello?")


async def test_the_demo_without_its_extra_or_weights_says_what_to_do(start, monkeypatch):
    monkeypatch.setattr("lab.embedded.extra_installed", lambda: False)
    async with start() as person:
        await person.press("d")
        await person.until_said("pip install 'litmus-bench[embedded]'")


async def test_a_download_that_fails_says_why_and_can_be_left(start, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr("lab.embedded.extra_installed", lambda: True)
    async with start() as person:
        await person.press("d")
        await person.until(lambda: isinstance(person.app.screen, DownloadScreen))
        await person.until(lambda: not person.app.screen.query_one(ProgressBar).display)
        await person.until_seen("esc stops", "could not be downloaded")
        await person.press("escape")
        await person.until_seen("Who can be asked")
