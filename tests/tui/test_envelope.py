"""Curves in bounded memory: what may merge, and what must survive it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.exporting.envelope import Envelope

values = st.lists(st.one_of(st.none(), st.floats(allow_nan=True, width=32)), max_size=300)


def filled(ys: list[float | None], capacity: int = 16) -> Envelope:
    envelope = Envelope(capacity)
    for x, y in enumerate(ys):
        envelope.add(float(x), y)
    return envelope


def test_a_short_curve_is_kept_point_by_point() -> None:
    assert filled([3.0, 1.0, 2.0]).segments(100) == [([0.0, 1.0, 2.0], [3.0, 1.0, 2.0])]


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_a_gap(missing: float | None) -> None:
    assert filled([1.0, missing, 2.0]).segments(100) == [([0.0], [1.0]), ([2.0], [2.0])]


def test_a_spike_among_a_hundred_thousand_points_is_still_drawn() -> None:
    ys: list[float | None] = [1.0] * 100_000
    ys[54_321] = 99.0
    assert any((54_321.0, 99.0) in zip(*segment, strict=True) for segment in filled(ys, 1024).segments(80))


def test_a_curve_of_nothing_but_gaps_is_empty() -> None:
    assert filled([None, math.nan]).segments(80) == []


@given(values, st.integers(1, 40))
def test_drawing_takes_at_most_two_points_a_column_and_never_invents_one(ys: list[float | None], columns: int) -> None:
    finite = {(float(x), y) for x, y in enumerate(ys) if y is not None and math.isfinite(y)}
    drawn = [point for segment in filled(ys).segments(columns) for point in zip(*segment, strict=True)]
    assert len(drawn) <= 2 * columns
    assert set(drawn) <= finite
    if finite:
        assert max(y for _, y in drawn) == max(y for _, y in finite)
        assert min(y for _, y in drawn) == min(y for _, y in finite)
        assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
