"""Curves as a chart draws them: the columns of a part of a run, as low and high values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui.training.growing import Array
from tui.training.pyramid import Decimated, Floats
from tui.training.reach import reach

SPARSE = 2  # with fewer values to a column than one in so many, lines are drawn from point to point


@dataclass(frozen=True, eq=False)
class Curve:
    """Figures at places, drawn raw (faint) and as a mean of several (strong), or as they are."""

    label: str
    colour: str  # a theme variable, or a colour
    places: Array  # (N,), ascending
    figures: Decimated  # (N,)
    window: int = 1  # how many values the strong line is the mean of; 1: as they are
    faint: bool = False  # whether the raw values are drawn too, behind the mean
    dashed: bool = False
    factor: float = 1.0  # from the figures to what is shown
    over: bool = False  # drawn over the others, which would hide it: it has few values


@dataclass(frozen=True)
class Level:
    """A horizontal line across the chart, and no reason by itself to stretch its axis."""

    label: str
    colour: str
    value: float


@dataclass(frozen=True, eq=False)
class Columns:
    """A curve in the columns of dots of one picture: (W,) each, NaN where there is nothing."""

    low: Floats
    high: Floats
    mean: Floats
    gap: Array  # True where values are missing


def columns_of(curve: Curve, start: float, end: float, columns: int) -> Columns | None:
    """The part of a curve between two places; None where there is nothing of it."""
    bounds = np.linspace(start, end, columns + 1)
    # A value at the very end belongs to the last column.
    edges = np.searchsorted(curve.places, bounds, side="left")
    edges[-1] = np.searchsorted(curve.places, end, side="right")
    before, after = max(0, int(edges[0]) - 1), min(len(curve.places), int(edges[-1]) + 1)
    if after <= before:
        return None
    sparse = edges[-1] - edges[0] <= SPARSE * columns
    found = _sparse(curve, bounds, before, after) if sparse else _dense(curve, edges)
    if np.isnan(found.low).all() and not found.gap.any():
        return None
    factor = curve.factor
    return Columns(found.low * factor, found.high * factor, found.mean * factor, found.gap)


def value_at(curve: Curve, place: float) -> float | None:
    """The figure nearest to a place, smoothed as it is drawn; None beyond the curve's ends or in a gap."""
    if len(curve.places) == 0:
        return None
    # The newest evaluation stands until the next one is due.
    last = curve.places[-1] + (curve.places[-1] - curve.places[-2] if len(curve.places) > 1 else 0.0)
    if not curve.places[0] <= place <= last:
        return None
    index = nearest(curve.places, place)
    raw = float(curve.figures.values[index])
    if np.isnan(raw):
        return None
    value = raw if curve.window == 1 else float(curve.figures.means(np.array([index]), curve.window)[0])
    return value * curve.factor


def nearest(places: Array, place: float) -> int:
    """The number of the place that is nearest, of at least one."""
    after = int(np.searchsorted(places, place))
    around = [index for index in (after - 1, after) if 0 <= index < len(places)]
    return min(around, key=lambda index: abs(float(places[index]) - place))


def range_of(drawn: Sequence[tuple[Curve, Columns]], levels: Sequence[Level]) -> tuple[float, float] | None:
    """The lowest and highest value to be shown; None where there is nothing."""
    parts = [
        np.concatenate((columns.low, columns.high) if curve.faint or curve.window == 1 else (columns.mean,))
        for curve, columns in drawn
    ]
    values = np.sort(np.concatenate(parts)) if parts else np.empty(0)
    values = values[~np.isnan(values)]
    return reach(values, [level.value for level in levels]) if len(values) else None


def _dense(curve: Curve, edges: Array) -> Columns:
    extremes = curve.figures.extremes(edges)
    low, high = extremes.low.astype(np.float64), extremes.high.astype(np.float64)
    each = max(1, int((edges[-1] - edges[0]) / (len(edges) - 1)))
    mean = curve.figures.means((edges[:-1] + edges[1:]) // 2, max(curve.window, each))
    mean[np.isnan(low)] = np.nan
    return Columns(low, high, mean, extremes.gap)


def _sparse(curve: Curve, bounds: Array, before: int, after: int) -> Columns:
    """Lines from point to point, up to the neighbours beyond the picture; NaN breaks them."""
    width = len(bounds) - 1
    places, values = curve.places[before:after], curve.figures.values[before:after].astype(np.float64)
    smooth: Floats = values
    if curve.window > 1:
        smooth = curve.figures.means(np.arange(before, after), curve.window)
        smooth = np.where(np.isnan(values), np.nan, smooth)
    middles = (bounds[:-1] + bounds[1:]) / 2
    between = np.interp(middles, places, values, left=np.nan, right=np.nan)
    mean = np.interp(middles, places, smooth, left=np.nan, right=np.nan)
    low, high = between.copy(), between.copy()
    at = np.floor((places - bounds[0]) / (bounds[-1] - bounds[0]) * width).astype(np.intp)
    at[places == bounds[-1]] = width - 1
    inside = (at >= 0) & (at < width)
    np.fmin.at(low, at[inside], values[inside])
    np.fmax.at(high, at[inside], values[inside])
    alone = inside & ~np.isnan(smooth)
    mean[at[alone]] = smooth[alone]
    gap = np.zeros(width, np.bool_)
    gap[at[inside & np.isnan(values)]] = True
    return Columns(low, high, mean, gap)
