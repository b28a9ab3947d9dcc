"""A run's curves as a picture, in SVG 1.1: the loss, the gradient norm and the learning rate, one above the other."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from engine.records import MetricsLine, ModelRecord
from tui.exporting.envelope import Envelope, Segment

WIDTH = 960
PANEL = 240  # height of a panel, its title and the steps beneath it included
LEFT, RIGHT, TOP, BOTTOM = 72, 24, 28, 36  # around a panel's plot
SAMPLE = 26  # of a curve's line, beside its name
POINTS = 800  # along a curve: a point for each unit of width
INK, FAINT, PAPER = "#222222", "#dddddd", "#ffffff"
# Told apart by people who see colours otherwise, and in grey.
COLOURS = ("#1b6ca8", "#d1495b", "#8a8a8a")


@dataclass(frozen=True)
class Curve:
    """A named curve; x in steps."""

    name: str
    segments: list[Segment]
    dashed: bool = False  # what is no measurement: told apart in grey too


@dataclass(frozen=True)
class Panel:
    """Curves that share an axis."""

    title: str
    curves: list[Curve]


def drawing(record: ModelRecord, lines: Iterable[MetricsLine]) -> str:
    """The picture; curves are thinned to what it can show, their extremes kept."""
    panels = _panels(record, lines)
    height = 40 + PANEL * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(_plain(record.name))}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
        _text(LEFT, 26, _plain(record.name), size=16),
    ]
    for number, panel in enumerate(panels):
        parts += _drawn(panel, 40 + number * PANEL)
    return "\n".join([*parts, "</svg>", ""])


def _panels(record: ModelRecord, lines: Iterable[MetricsLine]) -> list[Panel]:
    loss, validation, gradient, rate = Envelope(), Envelope(), Envelope(), Envelope()
    first = last = 0.0
    bits: float | None = None  # for each nat of this run's tokens
    for line in lines:
        x = float(line.step)
        if line.bits_per_character and line.validation_loss:
            bits = line.bits_per_character / line.validation_loss
        first, last = first or x, x
        if line.validation_loss is not None:
            validation.add(x, line.validation_loss)
        if line.loss is None and line.validation_loss is not None:
            continue  # tells of an evaluation only
        loss.add(x, line.loss)
        gradient.add(x, line.gradient_norm)
        rate.add(x, line.learning_rate)
    clip = record.training.clip
    return [
        Panel(
            "Loss, bits per character" if bits else "Loss, nats per token",
            [_curve("training", loss, bits or 1.0), _curve("validation", validation, bits or 1.0)],
        ),
        Panel(
            "Gradient norm before clipping",
            [_curve("norm", gradient), Curve(f"clip {clip:g}", [([first, last], [clip, clip])], dashed=True)],
        ),
        Panel("Learning rate", [_curve("learning rate", rate)]),
    ]


def _curve(name: str, envelope: Envelope, factor: float = 1.0) -> Curve:
    return Curve(name, [(xs, [y * factor for y in ys]) for xs, ys in envelope.segments(POINTS)])


def _drawn(panel: Panel, top: float) -> list[str]:
    xs = [x for curve in panel.curves for segment in curve.segments for x in segment[0]]
    ys = [y for curve in panel.curves for segment in curve.segments for y in segment[1]]
    parts = [_text(LEFT, top + 18, panel.title)]
    if not xs:
        return [*parts, _text(LEFT, top + 48, "nothing was logged", colour=COLOURS[2])]
    x_axis = _Axis.over(xs, LEFT, WIDTH - RIGHT)
    y_axis = _Axis.over(ys, top + PANEL - BOTTOM, top + TOP)
    for value in y_axis.ticks():
        y = y_axis.place(value)
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y, FAINT))
        parts.append(_text(LEFT - 8, y + 4, f"{value:.6g}", anchor="end"))
    for value in x_axis.ticks():
        parts.append(_text(x_axis.place(value), top + PANEL - BOTTOM + 16, f"{value:,.6g}", anchor="middle"))
    parts.append(_text(LEFT - 8, top + PANEL - BOTTOM + 16, "step", anchor="end"))
    parts.append(_line(LEFT, top + PANEL - BOTTOM, WIDTH - RIGHT, top + PANEL - BOTTOM, INK))
    beside = WIDTH - RIGHT
    for curve, colour in reversed(list(zip(panel.curves, COLOURS, strict=False))):
        parts += [_polyline(segment, x_axis, y_axis, colour, curve.dashed) for segment in curve.segments]
        beside -= 7 * len(curve.name)  # as wide as its letters are in the mean
        parts.append(_text(beside, top + 18, curve.name, colour=colour))
        parts.append(_line(beside - SAMPLE, top + 14, beside - 6, top + 14, colour, 2.0, curve.dashed))
        beside -= SAMPLE + 16
    return parts


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    start: float  # where `low` lies in the picture
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "_Axis":
        """An axis that holds all of them, with a little room where they are all the same."""
        low, high = min(values), max(values)
        if high - low < 1e-12 * max(1.0, abs(high)):
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        return cls(low, high, start, end)

    def place(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Some four round numbers: 1, 2 or 5 times a power of ten apart."""
        rough = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first = math.ceil(self.low / step)
        return [step * number for number in range(first, math.floor(self.high / step) + 1)]


def _polyline(segment: Segment, x_axis: _Axis, y_axis: _Axis, colour: str, dashed: bool) -> str:
    points = [(x_axis.place(x), y_axis.place(y)) for x, y in zip(*segment, strict=True)]
    if len(points) == 1:  # between two gaps: a line of no length, with round ends
        points *= 2
    shown = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{shown}" fill="none" stroke="{colour}" stroke-width="1.5" '
        f'stroke-linejoin="round" stroke-linecap="round"{_dashes(dashed)}/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.0, dashed: bool = False) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"{_dashes(dashed)}/>'
    )


def _dashes(dashed: bool) -> str:
    return ' stroke-dasharray="6 5"' if dashed else ""


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )


def _plain(text: str) -> str:
    """Without control characters, which XML can't hold."""
    return "".join(character if character.isprintable() else " " for character in text)
