"""The screen of all branches, driven by keys."""

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.tui.write_help import Writing, writing
from tui.screens.branches import IN_FILE, NOT_JOINED, BranchesScreen


async def branches(desk: Writing) -> BranchesScreen:
    await desk.press("alt+g")
    await desk.until(lambda: isinstance(desk.pilot.app.screen, BranchesScreen), "the branches")
    screen = desk.pilot.app.screen
    assert isinstance(screen, BranchesScreen)
    return screen


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_what_can_not_be_joined_is_said_above_the_line_of_keys_until_another_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, models=(), size=size) as desk:
        await desk.type("one")
        await desk.press("ctrl+z")
        await desk.type("two")
        await desk.press("alt+g")
        await desk.until(lambda: isinstance(desk.pilot.app.screen, BranchesScreen))
        screen = desk.pilot.app.screen
        said, keys = screen.query_one("#branch-said", Static), screen.query_one("#branch-keys")
        assert not said.display
        await desk.press("m")
        await desk.until(lambda: said.display and said.region.bottom <= keys.region.y)
        assert str(said.render()) == NOT_JOINED and not screen.query("Toast")
        await desk.press("up")
        await desk.until(lambda: not said.display)


async def test_a_line_is_joined_with_the_one_above_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        for text in ("one ", "two "):
            desk.screen.editor.type_text(text)
        await desk.press("alt+shift+b")  # pins it: a line of its own
        for text in ("three ", "four ", "five"):
            desk.screen.editor.type_text(text)
        screen = await branches(desk)
        assert [each.steps for each in screen._shown] == [1, 2, 3]
        await desk.press("m")
        assert [(each.steps, each.text) for each in screen._shown[1:]] == [(2, "one two three four five")]
        await desk.press("m")
        assert str(screen.query_one("#branch-said", Static).render()) == NOT_JOINED
        await desk.press("escape", "ctrl+z")
        assert desk.text == "one "


async def test_the_step_that_the_file_holds_is_not_joined_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one ")
    async with writing(tmp_path, monkeypatch, models=(), document=path) as desk:
        await desk.until(lambda: desk.screen.file_name())
        desk.screen.editor.type_text("two ")
        await desk.press("f9")
        await desk.until(lambda: not desk.screen.unsaved())
        await desk.press("alt+shift+b")
        desk.screen.editor.type_text("three ")
        screen = await branches(desk)
        await desk.press("m")
        assert str(screen.query_one("#branch-said", Static).render()) == IN_FILE
        assert desk.screen.editor.manuscript.history.nodes[desk.screen.saved_step()].said == "two "
