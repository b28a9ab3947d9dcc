"""A chart of a run: curves over steps, gaps where there is no number, drawn only while it can be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.theme import Theme
from textual.widgets import Static
from textual_plot import HiResMode, PlotWidget

from tui.training.envelope import Segment


@dataclass(frozen=True)
class Curve:
    """`colour` is a theme variable; `label` goes into the chart's title line."""

    label: str
    colour: str
    segments: Sequence[Segment]
    level: bool = False  # a horizontal line: drawn across, and no reason by itself to stretch the axis


class _Plot(PlotWidget, can_focus=False):
    pass


class Chart(Vertical):
    """A title line with the legend in it, and the plot below."""

    DEFAULT_CSS = """
    Chart { height: 1fr; }
    Chart > .chart--title { height: 1; padding: 0 1; color: $text-muted; }
    Chart _Plot { height: 1fr; }
    Chart _Plot > .plot--axis { color: $border-blurred; }
    Chart _Plot > .plot--tick { color: $text-muted; text-style: none; }
    """

    def __init__(self, title: str, measure: str, id: str) -> None:
        super().__init__(id=id)
        self._heading = title
        self._measure = measure
        self.curves: tuple[Curve, ...] = ()
        self._dirty = False

    def compose(self) -> ComposeResult:
        yield Static(classes="chart--title")
        yield _Plot(allow_pan_and_zoom=False)

    def on_mount(self) -> None:
        plot = self.query_one(_Plot)
        plot.margin_top, plot.margin_bottom, plot.margin_left = 0, 1, 8
        plot.visible = False  # axes without a curve would say that something is 0 to 1
        self.app.theme_changed_signal.subscribe(self, self._recolour)
        self._retitle()

    def show_curves(self, *curves: Curve) -> None:
        """Takes new curves; they are drawn now if the chart can be seen, otherwise when it next can."""
        self.curves = curves
        self._dirty = True
        self._draw()

    def on_show(self, _: events.Show) -> None:
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        self._draw()

    def _recolour(self, _: Theme) -> None:
        self._dirty = True
        self._draw()

    def _draw(self) -> None:
        if not self._dirty or not self.size or not self.is_on_screen:
            return
        self._dirty = False
        self._retitle()
        plot = self.query_one(_Plot)
        drawn = [curve for curve in self.curves if any(xs for xs, _ in curve.segments)]
        plot.visible = bool(drawn)
        if not drawn:
            return
        plot.clear()
        low, high = _limits(drawn)
        plot.set_ylimits(low, high)
        colours = self.app.theme_variables
        for curve in drawn:
            for xs, ys in curve.segments:
                inside = [min(max(y, low), high) for y in ys]
                xs, inside = (xs * 2, inside * 2) if len(xs) == 1 else (xs, inside)  # a lone point is a dot
                plot.plot(xs, inside, line_style=colours[curve.colour], hires_mode=HiResMode.BRAILLE)

    def _retitle(self) -> None:
        colours = self.app.theme_variables
        parts: list[Content | str] = [Content.styled(self._heading, f"bold {colours['foreground']}")]
        for curve in self.curves:
            parts += ["   ", Content.styled("━━", colours[curve.colour]), f" {curve.label}"]
        if self._measure:
            parts.append(f"   {self._measure}")
        self.query_one(".chart--title", Static).update(Content.assemble(*parts))


def _limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """The y axis: all of it, but a spike may not flatten the rest, nor a level far above it."""
    ys = sorted(y for curve in curves if not curve.level for _, segment in curve.segments for y in segment)
    levels = [segment[0] for curve in curves if curve.level for _, segment in curve.segments]
    if not ys:
        ys = levels
    high = min(ys[-1], 3 * ys[int(0.9 * (len(ys) - 1))]) if ys[0] >= 0 else ys[-1]
    low = ys[0]
    for level in levels:
        if level <= 4 * high:
            high, low = max(high, level), min(low, level)
    margin = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return (max(0.0, low - margin) if low >= 0 else low - margin), high + margin
