"""A growing curve in bounded memory: neighbouring points merge into buckets that keep their extremes."""

import math
from dataclasses import dataclass, field

Segment = tuple[list[float], list[float]]  # x and y of one unbroken stretch of a curve


@dataclass(slots=True)
class _Bucket:
    """The lowest and the highest point of a stretch, as (x, y); `broken` where a gap comes before it."""

    low: tuple[float, float]
    high: tuple[float, float]
    broken: bool = False

    def absorb(self, later: "_Bucket") -> None:
        if later.low[1] < self.low[1]:
            self.low = later.low
        if later.high[1] > self.high[1]:
            self.high = later.high

    def points(self) -> list[tuple[float, float]]:
        if self.low == self.high:
            return [self.low]
        return sorted((self.low, self.high))


@dataclass(slots=True)
class Envelope:
    """Takes points one by one; never holds more than `capacity` buckets, however long the run.

    When they are full, neighbours merge in pairs and every later bucket takes twice as many points, so adding
    costs amortised constant time. Extremes survive every merge: a single spike among a million points is drawn.
    """

    capacity: int = 1024
    _buckets: list[_Bucket] = field(default_factory=list)
    _each: int = 1  # points that one bucket takes
    _filled: int = 0  # points in the last bucket
    _gap: bool = False

    def add(self, x: float, y: float | None) -> None:
        """Adds a point; None, NaN or an infinity leaves a gap instead."""
        if y is None or not math.isfinite(y) or not math.isfinite(x):
            self._gap = True
            return
        bucket = _Bucket((x, y), (x, y), self._gap and bool(self._buckets))
        if self._buckets and self._filled < self._each and not bucket.broken:
            self._buckets[-1].absorb(bucket)
            self._filled += 1
        else:
            self._buckets.append(bucket)
            self._filled = 1
            if len(self._buckets) > self.capacity:
                self._halve()
        self._gap = False

    def segments(self, columns: int) -> list[Segment]:
        """The curve as unbroken stretches, with at most about ``2 * columns`` points in all."""
        buckets = _merged(self._buckets, math.ceil(len(self._buckets) / max(1, columns)))
        found: list[Segment] = []
        for bucket in buckets:
            if bucket.broken or not found:
                found.append(([], []))
            for x, y in bucket.points():
                found[-1][0].append(x)
                found[-1][1].append(y)
        return found

    def _halve(self) -> None:
        self._buckets = _merged(self._buckets, 2)
        self._each *= 2
        self._filled = self._each  # the last pair may be partly filled; what follows starts a bucket of its own


def _merged(buckets: list[_Bucket], each: int) -> list[_Bucket]:
    """Every `each` neighbours as one. A gap inside such a group is narrower than what is drawn, and closes."""
    merged: list[_Bucket] = []
    for start in range(0, len(buckets), max(1, each)):
        group = buckets[start : start + each]
        whole = _Bucket(group[0].low, group[0].high, group[0].broken)
        for later in group[1:]:
            whole.absorb(later)
        merged.append(whole)
    return merged
