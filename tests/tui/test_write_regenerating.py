"""The list of what was written again: what it says, and where one goes from it."""

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.tui.test_write_ghost import line, suggested
from tests.tui.write_help import Writing, writing
from tui.screens.regenerate import RegenerateScreen


async def asked(desk: Writing) -> RegenerateScreen:
    await desk.press("alt+shift+g")
    await desk.until(lambda: isinstance(desk.pilot.app.screen, RegenerateScreen), "the list")
    screen = desk.pilot.app.screen
    assert isinstance(screen, RegenerateScreen)
    await desk.until(lambda: screen.finished, "the end")
    return screen


def says(screen: RegenerateScreen) -> str:
    return str(screen.query_one("#take-summary", Static).render())


async def test_where_no_model_has_written_there_is_nothing_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("so long")
        assert says(await asked(desk)) == "No model has written anything here."
        await desk.press("enter", "escape", "!")
        assert desk.text == "so long!"


async def test_enter_goes_to_the_branch_that_a_take_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("tab")
        await suggested(desk)
        await desk.press("down", "tab", "ctrl+z")
        await desk.type("long")
        screen = await asked(desk)
        assert says(screen) == "2 of 2 come out letter for letter the same."
        assert [outcome.take.text for outcome in screen.outcomes] == [line(1), line(2)]
        assert (desk.requests("takes")[-1]["takes"], desk.requests("takes")[-1]["seed"]) == (1, 2)
        await desk.press("down", "enter")
        assert desk.text == "so " + line(2)


async def test_what_was_chosen_from_a_list_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.until(lambda: desk.first_token == " !")
        await desk.press("alt+t", "down", "enter")
        screen = await asked(desk)
        assert says(screen) == "1 chosen from a list."
        why = str(screen.query_one("#take-why", Static).render())
        assert why == "There is nothing to write again. bard, chosen from its list."
        await desk.press("escape", "escape", "tab")
        await suggested(desk)
        await desk.press("tab")
        assert says(await asked(desk)) == "1 of 1 come out letter for letter the same, 1 chosen from a list."


async def test_an_engine_that_does_not_start_is_told_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("tab")
        await suggested(desk)
        await desk.press("tab")
        await desk.screen.link.close()
        assert says(await asked(desk)) == "The engine is closed."
