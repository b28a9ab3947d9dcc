"""How a person looks at runs: what stays as it is while runs grow and while another one is chosen."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.training.viewport import AXES, Extent, Viewport, XAxis

if TYPE_CHECKING:
    from tui.training.growing import Array
    from tui.training.history import History

WINDOWS = (1, 3, 10, 30, 100, 300, 1000, 3000)  # how many logged values a smoothed one can be the mean of
COLOURS = 8  # that a theme has for runs
PARTS = 30  # a run that nobody chose a window for is smoothed over about this part of it


@dataclass
class Look:
    """The settings of the charts. The axes' places are those of the run that is watched."""

    axis: XAxis = "step"
    viewport: Viewport = field(default_factory=Viewport)
    crosshair: float | None = None
    window: int | None = None  # None: follows from the length of the run
    logarithmic: set[str] = field(default_factory=lambda: {"layers"})  # names of panes
    part: dict[str, int] = field(default_factory=dict)  # which layer, or which loss, a pane shows
    others: tuple[str, ...] = ()  # slugs of the runs laid over this one
    colours: dict[str, int] = field(default_factory=dict)  # by slug, of all that were ever laid over one

    def window_for(self, rows: int) -> int:
        """The mean of how many values the strong lines are, in a run of so many logged ones."""
        return self.window or max(window for window in WINDOWS if window == 1 or window * PARTS <= rows)

    def smooth(self, by: int, rows: int) -> None:
        """Goes to the next wider (positive) or narrower window."""
        at = WINDOWS.index(self.window_for(rows)) + by
        self.window = WINDOWS[min(max(at, 0), len(WINDOWS) - 1)]

    def turn_axis(self, history: "History") -> None:
        """Goes on from steps to tokens to time; what is in view and under the crosshair stays so.

        Beyond this run's ends, where others may be in view, it goes as fast as in the mean of this run.
        """
        before, after = self.axis, AXES[(AXES.index(self.axis) + 1) % len(AXES)]
        rows = history.training if len(history.training) else history.evaluations
        if len(rows):
            old, new = rows.places[before], rows.places[after]
            if self.crosshair is not None:
                self.crosshair = _carried(self.crosshair, old, new)
            if self.viewport.width is not None:
                first, last = history.extent(before)
                start, end = self.viewport.shown(Extent(first, last, last))
                left, right = _carried(start, old, new), _carried(end, old, new)
                narrow = right <= left  # within what was logged at one place
                self.viewport = (
                    Viewport() if narrow else Viewport(right - left, None if self.viewport.follows else right)
                )
        self.axis = after

    def lay_over(self, slugs: tuple[str, ...]) -> None:
        """Shows these runs beside the watched one, each in a colour of its own: the one that it had, where it can."""
        colours = {slug: self.colours[slug] for slug in slugs if slug in self.others}
        for slug in slugs:
            if slug not in colours:
                free = set(range(max(COLOURS, len(slugs)))) - set(colours.values())
                had, given = self.colours.get(slug), [*self.colours.values()]
                colours[slug] = had if had in free else min(free, key=lambda number: (given.count(number), number))
        self.others = slugs
        self.colours |= colours

    def colour_of(self, slug: str) -> str:
        """The colour of a run that is, or was, laid over another."""
        return f"run {self.colours[slug]}"


def _carried(place: float, old: "Array", new: "Array") -> float:
    """Where a place on one axis is on another."""
    import numpy as np  # here, since the screen is there before the first chart

    within = min(max(place, float(old[0])), float(old[-1]))
    reach = float(old[-1] - old[0])
    return float(np.interp(within, old, new)) + (place - within) * (float(new[-1] - new[0]) / reach if reach else 0.0)
