"""Which part of the x axis the charts show: all of it, a part that stays, or a part that follows the tail."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

XAxis = Literal["step", "token", "time"]
AXES: tuple[XAxis, ...] = get_args(XAxis)
NARROWEST = 1e-5  # share of the whole that can be zoomed into
NEAR = 0.01  # a view that ends within this share of its width of the newest follows it


class Extent(NamedTuple):
    """Where all that can be shown begins and ends, and the newest place of the run that is watched."""

    first: float
    last: float
    newest: float


@dataclass(frozen=True)
class Viewport:
    """Without a `width` everything is shown; without an `end` the newest is, and new data move the view along."""

    width: float | None = None
    end: float | None = None

    def shown(self, extent: Extent) -> tuple[float, float]:
        """From where to where; never of no width."""
        first, last, newest = extent
        if last <= first:
            last = first + 1.0
        if self.width is None:
            return first, last
        end = max(newest, first + self.width) if self.end is None else self.end
        return end - self.width, end

    @property
    def follows(self) -> bool:
        return self.end is None

    def zoomed(self, factor: float, at: float, extent: Extent) -> "Viewport":
        """`factor` times as wide, the place `at` staying where it is; as wide as everything is everything.

        A view that follows does so still when it is zoomed around the newest.
        """
        start, end = self.shown(extent)
        if self.follows and at == extent.newest:
            return _kept(*Viewport((end - start) * factor).shown(extent), extent)
        at = min(max(at, start), end)
        return _kept(at - (at - start) * factor, at + (end - at) * factor, extent)

    def panned(self, share: float, extent: Extent) -> "Viewport":
        """Moved by a share of its width, to the right where it is positive, and not beyond the ends."""
        if self.width is None:
            return self
        start, end = self.shown(extent)
        by = min(max(share * (end - start), extent.first - start), extent.last - end)
        return _kept(start + by, end + by, extent)


def _kept(start: float, end: float, extent: Extent) -> Viewport:
    first, last, newest = extent
    if last <= first:
        return Viewport()
    whole = last - first
    width = max(end - start, whole * NARROWEST)
    if width >= whole:
        return Viewport()
    start = min(max(end - width, first), last - width)
    end = start + width
    follows = abs(end - newest) <= width * NEAR or (start <= first and newest <= end)
    return Viewport(width, None if follows else end)
