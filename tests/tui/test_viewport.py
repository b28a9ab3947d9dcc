"""Which part of a run is in view, as it is zoomed, moved and as the run grows."""

import pytest

from tui.training.viewport import Extent, Viewport

WHOLE = Extent(0.0, 1000.0, 1000.0)
LONGER = Extent(0.0, 1000.0, 400.0)  # another run reaches further than the one that is watched


def until(newest: float) -> Extent:
    return Extent(0.0, newest, newest)


def test_at_first_everything_is_in_view_and_stays_so() -> None:
    assert Viewport().shown(WHOLE) == (0.0, 1000.0)
    assert Viewport().shown(until(2000.0)) == (0.0, 2000.0)


def test_a_zoom_keeps_the_place_under_the_pointer() -> None:
    start, end = Viewport().zoomed(0.5, 200.0, WHOLE).shown(WHOLE)
    assert (start, end) == (100.0, 600.0)
    assert (200.0 - start) / (end - start) == pytest.approx(0.2)


def test_a_view_of_the_middle_survives_new_data() -> None:
    view = Viewport().zoomed(0.5, 200.0, WHOLE)
    assert view.shown(until(5000.0)) == (100.0, 600.0)


def test_a_view_of_the_newest_follows_it() -> None:
    view = Viewport().zoomed(0.1, 1000.0, WHOLE)
    assert view.shown(WHOLE) == (900.0, 1000.0)
    assert view.shown(until(1500.0)) == (1400.0, 1500.0)


def test_moving_back_to_the_end_follows_again() -> None:
    view = Viewport().zoomed(0.1, 500.0, WHOLE)
    assert not view.follows
    for _ in range(20):
        view = view.panned(0.5, WHOLE)
    assert view.follows and view.shown(WHOLE) == (900.0, 1000.0)


def test_a_view_does_not_leave_the_run() -> None:
    view = Viewport().zoomed(0.1, 500.0, WHOLE).panned(-50.0, WHOLE)
    assert view.shown(WHOLE) == (0.0, 100.0)


def test_zooming_out_far_enough_shows_everything() -> None:
    assert Viewport().zoomed(0.1, 500.0, WHOLE).zoomed(20.0, 500.0, WHOLE) == Viewport()


def test_a_run_of_one_point_has_a_view_of_some_width() -> None:
    start, end = Viewport().shown(Extent(5.0, 5.0, 5.0))
    assert end > start
    assert Viewport().zoomed(0.5, 5.0, Extent(5.0, 5.0, 5.0)) == Viewport()


def test_the_newest_of_the_watched_run_is_followed_and_not_that_of_a_longer_one() -> None:
    view = Viewport().zoomed(0.1, 400.0, LONGER)
    assert view.follows and view.shown(LONGER) == (300.0, 400.0)
    assert view.shown(Extent(0.0, 1000.0, 450.0)) == (350.0, 450.0)


def test_a_view_of_the_beginning_goes_along_once_the_newest_reaches_its_edge() -> None:
    view = Viewport().zoomed(0.5, 400.0, LONGER)
    assert view.shown(LONGER) == (0.0, 500.0)
    assert view.shown(Extent(0.0, 1000.0, 600.0)) == (100.0, 600.0)


def test_the_end_of_a_longer_run_is_looked_at_without_following() -> None:
    view = Viewport().zoomed(0.1, 900.0, LONGER)
    assert not view.follows
    assert view.shown(Extent(0.0, 1000.0, 450.0)) == pytest.approx((810.0, 910.0))
