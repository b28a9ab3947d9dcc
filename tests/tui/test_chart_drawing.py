"""What is drawn of a curve, dot by dot, and what stands at the axes."""

import math

import numpy as np
import pytest
from rich.style import Style

from tui.training.pyramid import Pyramid
from tui.widgets.chart_axes import Scale, limits, number, places, round_values, tick_label
from tui.widgets.chart_curves import Columns, Curve, Level, columns_of, range_of, value_at
from tui.widgets.chart_dots import Cells, curve_dots
from tui.widgets.heat_map import reach_in_words, shares


def curve(values: list[float], *, window: int = 1, faint: bool = False, factor: float = 1.0) -> Curve:
    pyramid = Pyramid()
    pyramid.extend(np.array(values))
    return Curve("loss", "primary", np.arange(len(values)) * 10.0, pyramid.view(), window, faint, False, factor)


def columns(of: Curve, start: float, end: float, width: int) -> Columns:
    found = columns_of(of, start, end, width)
    assert found is not None
    return found


def test_the_highest_value_is_at_the_top_and_the_lowest_at_the_bottom() -> None:
    dots = curve_dots(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 8)
    assert dots[7, 0] and dots[0, 1]


def test_columns_that_lie_apart_are_joined() -> None:
    dots = curve_dots(np.array([0.05, 0.95]), np.array([0.05, 0.95]), 8)
    assert dots.any(axis=1).all()


def test_a_column_without_a_number_stays_empty() -> None:
    shares_ = np.array([0.5, np.nan, 0.5])
    assert curve_dots(shares_, shares_, 8).any(axis=0).tolist() == [True, False, True]


def test_what_is_beyond_the_picture_is_drawn_at_its_edge() -> None:
    dots = curve_dots(np.array([-3.0, 9.0]), np.array([-3.0, 9.0]), 8)
    assert dots[7, 0] and dots[0, 1]


def test_dots_become_braille() -> None:
    cells = Cells(2, 1, Style())
    dots = np.zeros((4, 4), np.bool_)
    dots[0, 0] = dots[3, 3] = True
    cells.draw(dots, Style(bold=True))
    assert "".join(segment.text for segment in cells.line(0)) == "⠁⢀"


def test_a_line_is_drawn_through_points_beyond_both_edges() -> None:
    found = columns(curve([0.0, 10.0]), 2.5, 7.5, 10)
    assert not np.isnan(found.low).any()
    assert found.low[0] == pytest.approx(2.75) and found.low[-1] == pytest.approx(7.25)


def test_a_missing_value_breaks_the_line() -> None:
    found = columns(curve([1.0, 1.0, math.nan, 1.0, 1.0]), 0, 40, 80)
    assert np.isnan(found.low[30:50]).all()
    assert not np.isnan(found.low[:20]).any() and not np.isnan(found.low[61:]).any()
    assert found.gap.any()


def test_the_last_value_is_in_the_last_column() -> None:
    found = columns(curve([1.0] * 999 + [5.0]), 0, 9990, 40)
    assert found.high[-1] == 5.0


def test_figures_are_shown_in_the_measure_that_is_asked_for() -> None:
    found = columns(curve([1.0] * 100, factor=1.5), 0, 990, 10)
    assert found.low[0] == found.mean[0] == 1.5


def test_a_part_without_values_is_nothing() -> None:
    assert columns_of(curve([]), 0, 10, 10) is None


def test_a_crosshair_reads_the_smoothed_value_nearest_to_it() -> None:
    assert value_at(curve([1.0, 2.0, 6.0], window=3), 11.0) == pytest.approx(3.0)
    assert value_at(curve([1.0, math.nan, 6.0]), 10.0) is None
    assert value_at(curve([1.0]), 50.0) is None


def test_a_spike_does_not_flatten_the_rest() -> None:
    spiky = curve([1.0] * 199 + [1000.0], faint=True)
    reach = range_of([(spiky, columns(spiky, 0, 1990, 40))], [])
    assert reach is not None and reach[1] <= 3.0


def test_a_level_far_above_does_not_stretch_the_axis() -> None:
    low = curve([1.0, 2.0] * 10)
    drawn = [(low, columns(low, 0, 190, 40))]
    assert range_of(drawn, [Level("clip", "error", 100.0)]) == (1.0, 2.0)
    assert range_of(drawn, [Level("clip", "error", 4.0)]) == (1.0, 4.0)


def test_a_logarithmic_axis_is_for_positive_values_only() -> None:
    assert limits(0.01, 10.0, True).logarithmic
    assert not limits(0.0, 10.0, True).logarithmic


def test_decades_are_as_far_apart_as_each_other() -> None:
    share = Scale(0.01, 100.0, True).share(np.array([0.01, 0.1, 1.0, 10.0, 100.0]))
    assert share == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])


def test_ticks_of_a_logarithmic_axis_are_powers_of_ten() -> None:
    assert Scale(0.001, 1000.0, True).ticks(7) == pytest.approx([1e-3, 1e-2, 0.1, 1, 10, 100, 1000])


def test_ticks_are_round() -> None:
    assert round_values(1.37, 4.21, 4) == pytest.approx([2, 3, 4])
    assert [label for _, label in places("time", 0, 600, 6)][:3] == ["0:00", "2:00", "4:00"]
    assert [label for _, label in places("token", 0, 4e6, 4)][-1] == "4.0M"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (1.5, "1.50"), (123.4, "123"), (15_360.0, "15,360"), (2.3e-5, "2.3e-5")]
)
def test_figures_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


def test_neighbouring_ticks_can_be_told_apart() -> None:
    assert [tick_label(tick, 0.05) for tick in (1.0, 1.05)] == ["1.00", "1.05"]
    assert tick_label(0.5, 0.0) == "0.5"


def test_what_arrives_is_a_share_of_the_gradient_at_once() -> None:
    arriving = shares(np.array([[2.0, 1.0], [0.0, 1.0]]))
    assert arriving[0].tolist() == [1.0, 0.5]
    assert np.isnan(arriving[1]).all()


def test_the_reach_of_a_gradient_is_said_in_words() -> None:
    norms = np.array([0.5**k for k in range(20)])
    assert reach_in_words(norms) == "half after 2, a hundredth after 7 steps back"
    assert reach_in_words(np.full(5, np.nan)) == "no gradient"
