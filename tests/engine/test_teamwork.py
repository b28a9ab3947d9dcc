"""Work on torch's threads."""

import threading

import pytest

from engine.device import threads
from engine.teamwork import in_team


def test_all_work_is_done_each_piece_once() -> None:
    done: list[int] = []
    with threads(2):
        in_team([lambda number=number: done.append(number) for number in range(5)])  # type: ignore[misc]
    assert sorted(done) == list(range(5))


def test_what_goes_wrong_in_a_team_is_raised_to_whoever_asked() -> None:
    def fails() -> None:
        raise ValueError("no")

    with threads(2), pytest.raises(ValueError, match="no"):
        in_team([fails, lambda: None])


def test_with_one_thread_whoever_asks_does_it_all() -> None:
    seen: list[int] = []
    with threads(1):
        in_team([lambda: seen.append(threading.get_ident())] * 3)
    assert seen == [threading.get_ident()] * 3
