"""Several variants answer one case side by side."""

from __future__ import annotations

import pytest

from tui.screens.model_picker import ModelPicker


@pytest.fixture
def said(server):
    """Each model names itself in what it says."""
    server.models = ("alpha", "beta", "gamma", "delta", "epsilon")
    server.reply = lambda body: " ".join(f"{body['model']}-{number}" for number in range(40))
    return server


async def add(person, model: str) -> None:
    await person.press("plus")
    await person.until(lambda: isinstance(person.app.screen, ModelPicker))
    await person.choose(model, at="#models")
    await person.until(lambda: person.app.screen is person.bench)


async def test_with_nothing_to_compare_the_key_that_adds_is_named(open_bench):
    async with open_bench("one") as person:
        await person.press("v")
        await person.until_said("+ adds a model")


async def test_four_answers_stream_side_by_side(open_bench, said):
    said.chunk_delay, said.held = 0.03, True
    async with open_bench("one", model="alpha", size=(160, 48)) as person:
        for model in ("beta", "gamma", "delta"):
            await add(person, model)
        await person.until_seen("alpha", "beta", "gamma", "delta")
        await person.press("enter")
        await person.until(lambda: said.live == 4)
        await person.until_seen("alpha-2", "beta-2", "gamma-2", "delta-2")
        said.held = False
        await person.until(lambda: said.live == 0)
        await person.until_seen("alpha-39", "beta-39", "gamma-39", "delta-39")
        heads = next(row for row in person.rows if "beta ●" in row)
        assert heads.index("alpha ●") < heads.index("beta ●") < heads.index("delta ●")
        await person.press("plus")
        await person.until_said("the most")


async def test_enter_asks_those_that_have_not_answered_and_then_all(open_bench, said):
    async with open_bench("one", model="alpha") as person:
        await person.press("enter")
        await person.until_glyphs("●")
        await add(person, "beta")
        await person.until_seen("Not asked yet")
        await person.press("enter")
        await person.until_seen("beta-39")
        assert [chat["model"] for chat in said.chats] == ["alpha", "beta"]
        await person.press("enter")
        await person.until(lambda: len(said.chats) == 4)


async def test_the_focus_decides_which_answer_is_labelled(open_bench, said):
    async with open_bench("one", "two", model="alpha") as person:
        await add(person, "beta")
        await person.press("r")
        await person.until_glyphs("●●")
        await person.until_seen("▸ alpha ●", "beta ●")
        await person.press("tab", "tab")
        await person.until_seen("▸ beta ●")
        await person.press("n")
        await person.until_on("2")
        await person.until_seen("▸ beta ●")
        await person.press("y")
        labels = "SELECT v.model, l.verdict FROM standing_labels AS l JOIN answers AS a ON"
        labels += " a.revision_id = l.revision_id AND a.answer_hash = l.answer_hash"
        labels += " JOIN variants AS v ON v.id = a.variant_id ORDER BY a.revision_id"
        await person.until(lambda: person.rows_of(labels) == [("beta", "fail"), ("beta", "pass")])
        # The list is that of the variant that is asked; its answers wait still.
        assert person.glyphs == "●●"
        await person.press("shift+tab", "shift+tab", "home")
        await person.until_on("1")
        await person.until_seen("▸ alpha ●", "beta ✗")


async def test_leaving_the_panes_keeps_the_choice(open_bench, said):
    async with open_bench("one", model="alpha") as person:
        await add(person, "beta")
        await person.press("enter")
        await person.until_seen("alpha-39", "beta-39")
        await person.press("tab", "tab", "slash", "escape")
        await person.until_seen("▸ beta")
        await person.press("n")
        await person.until_seen("beta ✗", "alpha ●")


async def test_blind_hides_who_gave_which_answer(open_bench, said):
    said.reply = lambda body: f"Answer of {len(body['model'])} letters"
    async with open_bench("one", model="alpha", size=(160, 48)) as person:
        await add(person, "beta")
        await person.press("enter")
        await person.until_seen("5 letters", "4 letters", "tok")
        await person.press("h")
        await person.until_gone("beta")
        heads = next(row for row in person.rows if "▸ A ●" in row)
        assert "B ●" in heads and "alpha" not in heads and "tok" not in heads
        await person.press("h")
        await person.until_seen("alpha ●", "beta ●", "tok")


async def test_v_goes_back_to_one_answer_and_again_to_both(open_bench, said):
    async with open_bench("one", model="alpha") as person:
        await add(person, "beta")
        await person.press("enter")
        await person.until_seen("alpha-39", "beta-39")
        await person.press("v")
        await person.until_gone("beta-39")
        await person.until_seen("alpha-39")
        await person.press("v")
        await person.until_seen("beta-39")


async def test_with_documents_the_other_rung_is_what_is_compared(open_bench, said, tmp_path):
    (tmp_path / "notes.md").write_text("The code is 7.")
    async with open_bench("one", model="alpha") as person:
        await person.paste(str(tmp_path / "notes.md"))
        await person.until_seen("context · alpha")
        await person.press("v", "enter")
        await person.until_seen("② context", "① bare")
        await person.until(lambda: len(said.chats) == 2)
        assert sorted("The code is 7." in str(chat["messages"]) for chat in said.chats) == [
            *(False, True)
        ]
