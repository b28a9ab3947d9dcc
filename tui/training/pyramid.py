"""A long curve that is drawn in a moment, whole or any part of it: a pyramid of blocks that keep their extremes.

The lowest level has every value; a block of each level above has the extremes, sum and count of sixteen below it. To
draw a part, one takes the highest level whose blocks are still narrower than a column of dots.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tui.training.growing import Array, Growing

FACTOR = 16
HIGHEST = 8  # levels above the values
FINER = 4  # a block is at most this part of a column or window: what rounding to whole blocks may displace

Floats = npt.NDArray[np.floating]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Level:
    """Whole blocks of one size. A block without any number has NaN as extremes and a count of 0."""

    low: Array
    high: Array
    total: Array  # of the block's numbers
    count: Array  # how many numbers it has


@dataclass(frozen=True, eq=False)
class Extremes:
    """A curve in columns: (W,) each. NaN where a column has no number; `gap` where a value in it is missing."""

    low: Floats
    high: Floats
    gap: npt.NDArray[np.bool_]


class Pyramid:
    """Takes values (n,) as they come, in amortised constant time each; what is not finite counts as missing."""

    def __init__(self, missing: int = 0) -> None:
        self._values = Growing(np.float32)
        self._levels: list[tuple[Growing, Growing, Growing, Growing]] = []
        if missing:
            self.extend(np.full(missing, np.nan))

    def __len__(self) -> int:
        return len(self._values)

    def extend(self, values: Array) -> None:
        """Adds values at the end."""
        values = np.array(values, np.float32)
        values[~np.isfinite(values)] = np.nan
        self._values.extend(values)

    def view(self) -> "Decimated":
        """The curve as it is now; it stays so."""
        below: tuple[Growing, ...] = (self._values,)
        for number in range(HIGHEST):
            if len(below[0]) < FACTOR:
                break
            if number == len(self._levels):
                self._levels.append(_empty())
            level = self._levels[number]
            _raise(below, level)
            below = level
        levels = tuple(Level(*(part.view() for part in level)) for level in self._levels)
        return Decimated(self._values.view(), levels)


@dataclass(frozen=True, eq=False)
class Decimated:
    """A curve at one moment."""

    values: Floats  # (N,), NaN where one is missing
    levels: tuple[Level, ...] = ()  # from the lowest up, without the values themselves

    def extremes(self, edges: Indices) -> Extremes:
        """The extremes of columns: column j has the values from ``edges[j]`` up to ``edges[j + 1]``, edges (W + 1,).

        Every value between the first and the last edge is in exactly one column, though where a column has many it
        may be that of a neighbour, if it lies within a quarter of a column of it.
        """
        columns = len(edges) - 1
        size, level = self._level((edges[-1] - edges[0]) / columns, edges[0], edges[-1])
        first = edges[0] // size
        starts = edges // size - first
        starts[-1] = -(-edges[-1] // size) - first
        filled = np.diff(starts) > 0
        low, high = np.full(columns, np.nan, np.float32), np.full(columns, np.nan, np.float32)
        gap = np.zeros(columns, np.bool_)
        if filled.any():
            at = starts[:-1][filled]
            low[filled] = np.fmin.reduceat(level.low, at)
            high[filled] = np.fmax.reduceat(level.high, at)
            gap[filled] = np.add.reduceat(_missing(level, size, len(self.values), first), at) > 0
        return Extremes(low, high, gap)

    def means(self, middles: Indices, window: int) -> Floats:
        """The mean of the `window` values around each of `middles` (W,), ascending; NaN where there is none (W,).

        At the ends of the curve the window is shorter. Its bounds are rounded by up to an eighth of it.
        """
        half = max(1, window) / 2
        start, end = max(0, int(middles[0] - half)), min(len(self.values), int(middles[-1] + half) + 1)
        size, level = self._level(window, start, end)
        first = start // size
        totals = np.concatenate(([0.0], np.cumsum(level.total)))
        counts = np.concatenate(([0], np.cumsum(level.count)))
        lower = np.clip(np.rint((middles + 0.5 - half) / size).astype(np.intp) - first, 0, len(level.low))
        upper = np.clip(np.rint((middles + 0.5 + half) / size).astype(np.intp) - first, 0, len(level.low))
        number = counts[upper] - counts[lower]
        return np.where(number > 0, (totals[upper] - totals[lower]) / np.maximum(number, 1), np.nan)

    def _level(self, width: float, start: int, end: int) -> tuple[int, Level]:
        """The size of the largest blocks of which `FINER` fit into `width` values, and those from `start` to `end`.

        The last of them may be a part of a block.
        """
        number = 0
        while number < len(self.levels) and FACTOR ** (number + 1) * FINER <= width:
            number += 1
        size = FACTOR**number
        blocks = slice(start // size, -(-end // size))
        if number == 0:
            return size, _bottom(self.values[blocks])
        level = self.levels[number - 1]
        found = Level(level.low[blocks], level.high[blocks], level.total[blocks], level.count[blocks])
        if blocks.stop <= len(level.low):
            return size, found
        part = _bottom(self.values[len(level.low) * size :])
        return size, Level(
            np.append(found.low, np.fmin.reduce(part.low)),
            np.append(found.high, np.fmax.reduce(part.high)),
            np.append(found.total, part.total.sum()),
            np.append(found.count, part.count.sum()),
        )


def _raise(below: tuple[Growing, ...], level: tuple[Growing, ...]) -> None:
    """Adds to a level the whole blocks that the one below it has got since."""
    had, has = len(level[0]), len(below[0]) // FACTOR
    if has == had:
        return
    parts = [part.view()[had * FACTOR : has * FACTOR] for part in below]
    new = _bottom(parts[0]) if len(parts) == 1 else Level(*parts)
    # One call for each of sixteen is ten times as fast as reducing rows of sixteen.
    level[0].extend(functools.reduce(np.fmin, (new.low[nth::FACTOR] for nth in range(FACTOR))))
    level[1].extend(functools.reduce(np.fmax, (new.high[nth::FACTOR] for nth in range(FACTOR))))
    level[2].extend(functools.reduce(np.add, (new.total[nth::FACTOR] for nth in range(FACTOR))))
    level[3].extend(functools.reduce(np.add, (new.count[nth::FACTOR] for nth in range(FACTOR))))


def _empty() -> tuple[Growing, Growing, Growing, Growing]:
    return Growing(np.float32), Growing(np.float32), Growing(np.float64), Growing(np.int32)


def _bottom(values: Floats) -> Level:
    """Values as blocks of one."""
    there = ~np.isnan(values)
    return Level(values, values, np.where(there, values, 0.0), there.astype(np.int32))


def _missing(level: Level, size: int, length: int, first: int) -> Array:
    """How many values each block lacks, of a curve of `length`; the level begins with block number `first`."""
    whole = np.full(len(level.low), size)
    if len(whole):
        whole[-1] = min(size, length - (first + len(whole) - 1) * size)
    return np.asarray(whole - level.count)
