"""How a person looks at runs: what stays as it is while runs grow and while another one is chosen."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.training.viewport import AXES, Viewport, XAxis

if TYPE_CHECKING:
    from tui.training.history import History

WINDOWS = (1, 3, 10, 30, 100, 300, 1000, 3000)  # how many logged values a smoothed one can be the mean of
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
    colours: dict[str, int] = field(default_factory=dict)  # by slug, for as long as the app lives

    def window_for(self, rows: int) -> int:
        """The mean of how many values the strong lines are, in a run of so many logged ones."""
        return self.window or max(window for window in WINDOWS if window == 1 or window * PARTS <= rows)

    def smooth(self, by: int, rows: int) -> None:
        """Goes to the next wider (positive) or narrower window."""
        at = WINDOWS.index(self.window_for(rows)) + by
        self.window = WINDOWS[min(max(at, 0), len(WINDOWS) - 1)]

    def turn_axis(self, history: "History") -> None:
        """Goes on from steps to tokens to time; what is in view and under the crosshair stays so."""
        import numpy as np  # here, since the screen is there before the first chart

        before, after = self.axis, AXES[(AXES.index(self.axis) + 1) % len(AXES)]
        rows = history.training if len(history.training) else history.evaluations
        if len(rows):
            old, new = rows.places[before], rows.places[after]
            start, end = self.viewport.shown(history.extent(before))
            if self.crosshair is not None:
                self.crosshair = float(np.interp(self.crosshair, old, new))
            if self.viewport.width is not None:
                left, right = (float(place) for place in np.interp([start, end], old, new))
                self.viewport = Viewport(max(right - left, 1e-9), None if self.viewport.follows else right)
        self.axis = after

    def colour_of(self, slug: str) -> str:
        """The colour of another run: always the same one, and another one than those of the runs seen before."""
        return f"run {self.colours.setdefault(slug, len(self.colours))}"
