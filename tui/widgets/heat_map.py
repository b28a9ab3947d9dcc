"""How far gradients reach back in time, over the whole run: evaluations across, steps back in time downwards."""

import numpy as np
import numpy.typing as npt
from rich.style import Style
from rich.text import Text

from tui.training.growing import Array
from tui.widgets.chart_axes import place_in_words
from tui.widgets.chart_colours import Colours
from tui.widgets.chart_curves import nearest
from tui.widgets.chart_dots import Cells
from tui.widgets.chart_frame import Across, ChartFrame

SHADES = " ░▒▓█"
DECADES = len(SHADES) - 1  # powers of ten below what arrives at once that can still be seen
LEVELS = 24  # colours from the background to the strongest
HALF = "▀"


class HeatMap(ChartFrame):
    """Norms (N, K) at places (N,): the share of the gradient that arrives k steps back, in powers of ten.

    Where there are colours enough, two rows of them fit into a cell; with 16 colours or none it is shades.
    """

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.shown_layer = ""
        self.others = 0  # how many other layers there are
        self.places: Array = np.empty(0)
        self.norms: Array = np.empty((0, 0))
        self.newest = 0.0  # how far the run has come
        self._columns: Array = np.empty(0, np.intp)
        self._beyond: Array = np.empty(0, np.bool_)

    def show(self, layer: str, others: int, places: Array, norms: Array, newest: float, across: Across) -> None:
        """Takes one layer's norms of a run that has come to `newest`; they are drawn when they are next seen."""
        self.shown_layer, self.others = layer, others
        self.places, self.norms, self.newest, self.across = places, norms, newest, across
        self.redraw()

    def legend(self, colours: Colours) -> list[Text]:
        parts = [Text("Gradient through time", colours.strong("foreground", bold=True))]
        if not len(self.places):
            return [*parts, Text("comes with the first evaluation", colours.muted())]
        parts.append(Text(self.shown_layer, colours.strong("primary")))
        if self.across.crosshair is not None:
            at = nearest(self.places, self.across.crosshair)
            where = place_in_words(self.across.axis, float(self.places[at]))
            parts.append(Text(f"{where}: {reach_in_words(self.norms[at])}", colours.strong("foreground")))
        elif colours.ansi or colours.plain:
            parts.append(Text("share that arrives: █ over 1/10  ▓ 1/100  ▒ 1/1000  ░ 1/10,000", colours.muted()))
        else:
            scale = Text("share that arrives: 1 ", colours.muted())
            for step in range(9):
                scale.append(" ", Style(bgcolor=_ramp(colours)[round((1 - step / 8) * (LEVELS - 1))].color))
            parts.append(scale.append(f" 1/{10**DECADES:,}", colours.muted()))
        return parts

    def prepare(self, columns: int) -> bool:
        if not len(self.places):
            return False
        across = self.across
        middles = across.start + (np.arange(columns) + 0.5) / columns * (across.end - across.start)
        # An evaluation stands for what came before it, up to the one before; the last one for what has come since.
        self._columns = np.minimum(np.searchsorted(self.places, middles), len(self.places) - 1)
        self._beyond = middles > max(self.newest, float(self.places[-1]))  # there only others may be
        return True

    def ticks(self, rows: int) -> list[tuple[int, str]]:
        last = self.norms.shape[1] - 1
        wanted = [k for k in (0, 8, 16, 32, 48, 64) if k <= last] if rows >= 8 else [0, last]
        found: dict[int, str] = {}
        for k in wanted:
            found.setdefault(round(k / last * (rows - 1)), f"{k} back" if k else "now")
        return list(found.items())

    def draw(self, cells: Cells, colours: Colours) -> None:
        coarse = colours.ansi or colours.plain
        heights = cells.rows if coarse else 2 * cells.rows
        arriving = shares(self.norms)[self._columns][:, self._steps(heights)].T  # (heights, columns)
        strength = np.clip(1.0 + np.log10(np.maximum(arriving, 1e-30)) / DECADES, 0.0, 1.0)
        strength = np.where(np.isnan(arriving) | self._beyond, 0.0, strength)
        if coarse:
            shades = np.array([ord(shade) for shade in SHADES], np.uint32)
            level = np.clip(np.ceil(strength * DECADES - 1e-6), 0, DECADES).astype(np.intp)
            cells.fill(shades[level], np.zeros(level.shape, np.intp), [colours.strong("primary")])
            return
        level = np.rint(strength * (LEVELS - 1)).astype(np.intp)
        upper, lower = level[0::2], level[1::2]
        ramp = _ramp(colours)
        palette = [Style(color=above.color, bgcolor=below.color) for above in ramp for below in ramp]
        cells.fill(np.full(upper.shape, ord(HALF), np.uint32), upper * LEVELS + lower, palette)

    def _steps(self, heights: int) -> npt.NDArray[np.intp]:
        """Which k each row shows."""
        last = self.norms.shape[1] - 1
        return np.rint(np.linspace(0, last, heights)).astype(np.intp)


def shares(norms: Array) -> Array:
    """Norms (N, K) as shares of the one at k = 0, (N, K); NaN where that is nothing or there is no norm."""
    first = np.where(norms[:, :1] > 0, norms[:, :1], np.nan)
    return np.asarray(norms / first)


def reach_in_words(norms: Array) -> str:
    """``half after 3 steps, a hundredth after 12`` of one evaluation's norms (K,)."""
    arriving = shares(norms[None, :])[0]
    if np.isnan(arriving[0]):
        return "no gradient"
    said = []
    for share, name in ((0.5, "half"), (0.01, "a hundredth")):
        below = np.flatnonzero(arriving < share)
        said.append(f"{name} after {below[0]}" if len(below) else f"more than {name} throughout")
    return ", ".join(said) + " steps back"


def _ramp(colours: Colours) -> list[Style]:
    weak, strong = colours.background, colours.colour("primary")
    return [Style(color=weak.blend(strong, step / (LEVELS - 1)).rich_color) for step in range(LEVELS)]
