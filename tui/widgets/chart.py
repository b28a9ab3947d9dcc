"""A chart of curves: raw values faint, their mean strong, gaps marked, linear or logarithmic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style
from rich.text import Text

from tui.widgets.chart_axes import Scale, limits, number, place_in_words, tick_label
from tui.widgets.chart_colours import Colours
from tui.widgets.chart_curves import Columns, Curve, Level, columns_of, range_of, value_at
from tui.widgets.chart_dots import ACROSS, DOWN, Cells, Dots, Floats, curve_dots
from tui.widgets.chart_frame import Across, ChartFrame

DASHES = (  # dots on and off, and again; of curves that no colour tells apart
    (1, 0), (5, 4), (2, 5), (11, 3), (8, 2, 2, 2), (1, 1), (4, 10), (4, 2, 2, 2, 2, 2),
)  # fmt: skip
STROKES = ("━━", "╍╍")  # in the legend: a curve, and one that is dashed
PATTERN = 7  # cells in the legend that show a whole pattern of `DASHES`, where these tell curves apart
LEVEL = "╌"
EVALUATED, EACH = "+", 8  # without colours, on the validation curve of a run whose other curve looks the same


@dataclass(frozen=True)
class Plot:
    """What a chart is to show."""

    heading: str
    measure: str  # of the y axis, in words
    curves: Sequence[Curve]
    levels: Sequence[Level] = ()
    logarithmic: bool = False  # where all that is shown is positive


class Chart(ChartFrame):
    """Shows a `Plot`."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.plot = Plot("", "", ())
        self.scale = Scale(0.0, 1.0)
        self._drawn: list[tuple[Curve, Columns]] = []

    def show(self, plot: Plot, across: Across) -> None:
        """Takes what is to be shown; it is drawn when it is next seen."""
        self.plot, self.across = plot, across
        self.redraw()

    def legend(self, colours: Colours) -> list[Text]:
        parts = [Text(self.plot.heading, colours.strong("foreground", bold=True))]
        place = self.across.crosshair
        if place is not None:
            parts.append(Text(place_in_words(self.across.axis, place), colours.strong("foreground")))
        if self.plot.heading and not self.plot.curves:
            return [*parts, Text("comes with the first steps", colours.muted())]
        for curve in self.plot.curves:
            if curve.label:
                value = value_at(curve, place) if place is not None else None
                parts.append(self._entry(self._stroke(curve, colours), curve.label, curve.colour, value, colours))
        parts += [self._entry(2 * LEVEL, level.label, level.colour, None, colours) for level in self.plot.levels]
        if place is None:  # else the values take its room, and the plot stays as high as it is
            parts.append(Text(" · ".join(filter(None, (self.plot.measure, self._scale_in_words))), colours.muted()))
        return parts

    @property
    def _scale_in_words(self) -> str:
        if not self.plot.logarithmic or not self._drawn:
            return ""
        return "log" if self.scale.logarithmic else "linear: some values are 0"

    def prepare(self, columns: int) -> bool:
        across = self.across
        found = [(curve, columns_of(curve, across.start, across.end, columns * ACROSS)) for curve in self.plot.curves]
        self._drawn = [(curve, part) for curve, part in found if part is not None]
        reach = range_of(self._drawn, self.plot.levels)
        if reach is None:
            return False
        self.scale = limits(*reach, self.plot.logarithmic)
        return True

    def ticks(self, rows: int) -> list[tuple[int, str]]:
        ticks = self.scale.ticks(max(2, rows // 2))
        step = ticks[1] - ticks[0] if len(ticks) > 1 and not self.scale.logarithmic else 0.0
        shares = self.scale.share(np.array(ticks))
        found: dict[int, str] = {}
        for tick, share in zip(ticks, shares, strict=True):
            found.setdefault(min(int((1 - share) * rows), rows - 1), tick_label(tick, step))
        return list(found.items())

    def draw(self, cells: Cells, colours: Colours) -> None:
        rows = cells.rows * DOWN
        for curve, part in self._drawn:
            if curve.faint and curve.window > 1:
                dots = curve_dots(self.scale.share(part.low), self.scale.share(part.high), rows)
                cells.draw(dots, colours.faint(curve.colour))
        for level in self.plot.levels:
            self._level(level, cells, colours)
        behind_first = list(reversed(self.plot.curves))
        behind_first.sort(key=lambda curve: curve.over)
        for curve in behind_first:
            for of, part in self._drawn:
                if of is curve:
                    low, high = (part.low, part.high) if curve.window == 1 else (part.mean, part.mean)
                    dots = curve_dots(self.scale.share(low), self.scale.share(high), rows)
                    dots &= _pattern(self._dashes(curve, colours), dots.shape[1])
                    cells.draw(dots, colours.strong(curve.colour))
                    if colours.plain and curve.dashed:
                        self._evaluated(low, cells, colours)
        for _, part in self._drawn:
            for column in np.flatnonzero(part.gap.reshape(-1, ACROSS).any(axis=1)):
                cells.mark(int(column), "×", colours.strong("error"))

    def _level(self, level: Level, cells: Cells, colours: Colours) -> None:
        share = float(self.scale.share(np.array([level.value]))[0])
        if 0.0 <= share <= 1.0:
            row = min(int((1 - share) * cells.rows), cells.rows - 1)
            cells.put(row, 0, LEVEL * cells.columns, colours.strong(level.colour))

    def _evaluated(self, values: Floats, cells: Cells, colours: Colours) -> None:
        """Marks along a curve with values (W,) in columns of dots."""
        shares = self.scale.share(values)[::ACROSS]
        for column in np.flatnonzero(~np.isnan(shares))[::EACH].tolist():
            row = min(max(int((1 - shares[column]) * cells.rows), 0), cells.rows - 1)
            cells.put(row, column, EVALUATED, colours.strong("foreground"))

    def _dashes(self, curve: Curve, colours: Colours) -> int:
        """Which of `DASHES` a curve has: dashes tell curves apart where colours can't."""
        if not colours.plain:
            return int(curve.dashed)
        told_apart = list(dict.fromkeys(each.colour for each in self.plot.curves))
        return told_apart.index(curve.colour) % len(DASHES)

    def _stroke(self, curve: Curve, colours: Colours) -> str:
        """How a curve is drawn, for the legend."""
        number = self._dashes(curve, colours)
        if number == 0 or not colours.plain:
            return STROKES[number]
        cells = Cells(PATTERN, 1, Style())
        dots = np.zeros((DOWN, PATTERN * ACROSS), np.bool_)
        dots[DOWN // 2] = _pattern(number, PATTERN * ACROSS)
        cells.draw(dots, Style())
        return "".join(segment.text for segment in cells.line(0))

    def _entry(self, stroke: str, label: str, colour: str, value: float | None, colours: Colours) -> Text:
        text = Text(stroke, colours.strong(colour))
        text.append(f" {label}", colours.muted())
        if value is not None:
            text.append(f" {number(value)}", colours.strong("foreground", bold=True))
        return text


def _pattern(number: int, width: int) -> Dots:
    """Which of so many columns of dots one of `DASHES` leaves: (W,)."""
    lengths = DASHES[number]
    return np.resize(np.repeat(np.arange(len(lengths)) % 2 == 0, lengths), width)
