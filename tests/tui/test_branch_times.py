"""The list of branches: when each was made, and why one can't be joined."""

from datetime import datetime

import pytest
from textual.app import App
from textual.containers import Vertical

from tui.manuscript.history import History
from tui.screens.branches import BranchesScreen, when_made

NOW = datetime(2026, 3, 2, 9, 30)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (datetime(2026, 3, 2, 0, 5), "00:05"),
        (datetime(2026, 3, 1, 23, 59), "1 Mar 23:59"),
        (datetime(2025, 3, 2, 9, 30), "2 Mar 2025"),
    ],
)
def test_the_day_is_told_where_it_is_not_today_and_the_year_where_it_is_another(made: datetime, told: str) -> None:
    assert when_made(made.timestamp(), NOW) == told


async def test_why_a_branch_can_not_be_joined_is_told_on_the_frame_and_covers_no_branch() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        screen = BranchesScreen(History())
        await app.push_screen(screen)
        await pilot.press("m")
        frame = screen.query_one(Vertical)
        assert str(frame.border_subtitle) == "Only a branch whose parent has no other can be joined with it."
        await pilot.press("p")
        assert not frame.border_subtitle
