"""Long curves in blocks: what is drawn of any part of them, and that no extreme is ever lost."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.training.growing import Growing
from tui.training.pyramid import Decimated, Pyramid

numbers = st.lists(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=1500)


def filled(values: list[float], each: int = 0) -> Decimated:
    """A curve of these values, added `each` at a time, or all at once."""
    pyramid = Pyramid()
    for start in range(0, len(values), each or len(values)):
        pyramid.extend(np.array(values[start : start + (each or len(values))]))
        pyramid.view()
    return pyramid.view()


@given(numbers, st.integers(1, 60), st.data())
def test_columns_keep_every_extreme_of_the_part_that_they_show(
    values: list[float], columns: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(values) - 1))
    end = data.draw(st.integers(start + 1, len(values)))
    edges = np.linspace(start, end, columns + 1).astype(np.intp)
    curve = filled(values)
    found = curve.extremes(edges)
    part = np.array(values[start:end], np.float32)
    if np.isnan(part).all():
        return
    # Whole blocks reach at most a quarter of a column beyond the ends.
    slack = int((end - start) / columns / 4)
    around = np.array(values[max(0, start - slack) : end + slack], np.float32)
    assert np.nanmin(around) <= np.nanmin(found.low) <= np.nanmin(part)
    assert np.nanmax(around) >= np.nanmax(found.high) >= np.nanmax(part)


@given(numbers, st.integers(1, 60))
def test_each_value_is_within_the_extremes_of_its_column_or_of_a_neighbour(values: list[float], columns: int) -> None:
    edges = np.linspace(0, len(values), columns + 1).astype(np.intp)
    found = filled(values).extremes(edges)
    for index, value in enumerate(np.array(values, np.float32)):
        if not math.isnan(value):
            column = int(np.searchsorted(edges, index, side="right")) - 1
            near = slice(max(0, column - 1), column + 2)
            assert np.nanmin(found.low[near]) <= value <= np.nanmax(found.high[near])


@given(numbers, st.integers(1, 100))
def test_how_values_arrive_changes_nothing(values: list[float], each: int) -> None:
    edges = np.linspace(0, len(values), 8).astype(np.intp)
    whole, pieces = filled(values).extremes(edges), filled(values, each).extremes(edges)
    np.testing.assert_array_equal(whole.low, pieces.low)
    np.testing.assert_array_equal(whole.high, pieces.high)
    np.testing.assert_array_equal(whole.gap, pieces.gap)


def test_a_spike_among_a_million_values_is_seen() -> None:
    values = [1.0] * 1_000_000
    values[654_321] = 99.0
    found = filled(values).extremes(np.linspace(0, len(values), 161).astype(np.intp))
    assert found.high.max() == 99.0
    assert int(found.high.argmax()) == 654_321 * 160 // 1_000_000


@pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf])
def test_one_missing_value_among_many_marks_its_column(missing: float) -> None:
    values = [1.0] * 100_000
    values[50_500] = missing
    found = filled(values).extremes(np.linspace(0, len(values), 101).astype(np.intp))
    assert np.flatnonzero(found.gap).tolist() == [50]
    assert not np.isnan(found.low).any()


def test_the_mean_of_a_window_is_that_of_its_values() -> None:
    values = np.random.default_rng(0).normal(size=2000)
    means = filled(values.tolist()).means(np.arange(0, 2000, 50), 11)
    for middle, mean in zip(range(0, 2000, 50), means, strict=True):
        assert mean == pytest.approx(values[max(0, middle - 5) : middle + 6].mean(), abs=1e-6)


def test_a_wide_mean_is_within_an_eighth_of_its_window() -> None:
    ramp = [float(number) for number in range(20_000)]
    (mean,) = filled(ramp).means(np.array([10_000]), 1000)
    assert mean == pytest.approx(10_000, abs=125)


def test_missing_values_do_not_count_in_a_mean() -> None:
    assert filled([1.0, math.nan, 3.0]).means(np.array([1]), 3)[0] == 2.0


def test_a_view_stays_as_it_was_while_the_curve_grows() -> None:
    pyramid = Pyramid()
    pyramid.extend(np.zeros(300))
    before = pyramid.view()
    pyramid.extend(np.ones(3000))
    pyramid.view()
    assert len(before.values) == 300
    assert before.extremes(np.array([0, 300])).high.tolist() == [0.0]


def test_rows_that_grow_keep_their_order() -> None:
    rows = Growing(np.float32, 2)
    for number in range(1000):
        rows.extend(np.full((1, 2), number))
    assert rows.view()[:, 1].tolist() == list(range(1000))
