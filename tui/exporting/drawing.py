"""A run's curves as a picture, in SVG 1.1: the loss, the gradient norm and the learning rate, one above the other."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from engine.records import MetricsLine, ModelRecord
from tui.exporting.envelope import Envelope, Segment
from tui.training.reach import reach

WIDTH = 960
PANEL = 240  # height of a panel, its title and the steps beneath it included
LEFT, RIGHT, TOP, BOTTOM = 72, 24, 28, 36  # around a panel's plot
SAMPLE = 26  # of a curve's line, beside its name
POINTS = 800  # along a curve: a point for each unit of width
INK, MUTED, FAINT, PAPER = "#222222", "#8a8a8a", "#dddddd", "#ffffff"
# Told apart by people who see colours otherwise, and in grey.
COLOURS = ("#1b6ca8", "#d1495b", "#7ab8a4", "#4b3a70")


@dataclass(frozen=True)
class Curve:
    """A named curve; x in steps."""

    name: str
    segments: list[Segment]
    dashed: bool = False  # what is no measurement: told apart in grey too, and left out where it is far away


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
    """What the Train screen's charts show, by the same rules."""
    found: dict[str, Envelope] = defaultdict(Envelope)
    first = last = 0.0
    bits: float | None = None  # for each nat of this run's tokens
    for line in lines:
        x = float(line.step)
        if line.bits_per_character and line.validation_loss:
            bits = line.bits_per_character / line.validation_loss
        first, last = first or x, x
        evaluated = {"": line.validation_loss, " back": line.back_validation_loss, " both": line.both_validation_loss}
        for side, loss in evaluated.items():
            if loss is not None:
                found[f"validation{side}"].add(x, loss)
        if line.loss is None and line.validation_loss is not None:
            continue  # tells of an evaluation only
        found["training"].add(x, line.loss)
        for side in ("back", "both"):
            if side in line.losses or f"training {side}" in found:
                found[f"training {side}"].add(x, line.losses.get(side))
        found["gradient"].add(x, line.gradient_norm)
        found["rate"].add(x, line.learning_rate)
    measure, factor = ("bits per character", bits) if bits else ("nats per token", 1.0)

    def curves(factor: float, *named: tuple[str, str]) -> list[Curve]:
        return [_curve(label, found[name], factor) for name, label in named if name in found]

    one, other = ("forwards", "validation forwards") if "validation back" in found else ("training", "validation")
    ours = curves(factor, ("training", one), ("validation", other))
    ours += curves(factor, ("training back", "backwards"), ("validation back", "validation backwards"))
    both = curves(factor, ("training both", "training"), ("validation both", "validation"))
    clip = record.training.clip if record.training.clip_by == "norm" else 0.0
    level = [Curve(f"clip {clip:g}", [([first, last], [clip, clip])], dashed=True)] if clip > 0 else []
    return [
        Panel(f"Loss, {measure}", ours),
        *([Panel(f"Loss from both sides, pseudo-{measure}", both)] if both else []),
        Panel("Gradient norm before clipping", [*curves(1.0, ("gradient", "norm")), *level]),
        Panel("Learning rate", curves(1.0, ("rate", "learning rate"))),
    ]


def _curve(name: str, envelope: Envelope, factor: float = 1.0) -> Curve:
    return Curve(name, [(xs, [y * factor for y in ys]) for xs, ys in envelope.segments(POINTS)])


def _drawn(panel: Panel, top: float) -> list[str]:
    xs = [x for curve in panel.curves for segment in curve.segments for x in segment[0]]
    ys = _values(curve for curve in panel.curves if not curve.dashed)
    parts = [_text(LEFT, top + 18, panel.title)]
    if not ys:
        return [*parts, _text(LEFT, top + 48, "nothing was logged", colour=MUTED)]
    low, high = reach(sorted(ys), _values(curve for curve in panel.curves if curve.dashed))
    x_axis = _Axis.over(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y_axis = _Axis.over(low, high, top + PANEL - BOTTOM, top + TOP)
    shown = [curve for curve in panel.curves if not curve.dashed or low <= _values([curve])[0] <= high]
    for value in y_axis.ticks():
        y = y_axis.place(value)
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y, FAINT))
        parts.append(_text(LEFT - 8, y + 4, f"{value:.6g}", anchor="end"))
    for value in x_axis.ticks():
        parts.append(_text(x_axis.place(value), top + PANEL - BOTTOM + 16, f"{value:,.6g}", anchor="middle"))
    parts.append(_text(LEFT - 8, top + PANEL - BOTTOM + 16, "step", anchor="end"))
    parts.append(_line(LEFT, top + PANEL - BOTTOM, WIDTH - RIGHT, top + PANEL - BOTTOM, INK))
    beside = WIDTH - RIGHT
    for curve, colour in reversed(list(zip(shown, COLOURS, strict=False))):
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
    def over(cls, low: float, high: float, start: float, end: float) -> "_Axis":
        """An axis from `low` to `high`, with a little room where these are the same."""
        if high - low < 1e-12 * max(1.0, abs(high)):
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        return cls(low, high, start, end)

    def place(self, value: float) -> float:
        """Where a value lies; at the edge where it is beyond the axis."""
        value = min(max(value, self.low), self.high)
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Some four round numbers: 1, 2 or 5 times a power of ten apart."""
        rough = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first = math.ceil(self.low / step)
        return [step * number for number in range(first, math.floor(self.high / step) + 1)]


def _values(curves: Iterable[Curve]) -> list[float]:
    return [y for curve in curves for _, ys in curve.segments for y in ys]


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
