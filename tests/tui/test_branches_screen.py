"""The screen of all branches, driven by keys."""

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.tui.write_help import writing
from tui.screens.branches import NOT_JOINED, BranchesScreen


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
