"""The list of branches: when each was made, and why one can't be joined."""

from datetime import datetime

import pytest

from tui.screens.branches import when_made

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
