"""What the charts of a run show: which figures, in which colours, in which measure."""

from collections.abc import Mapping

import numpy as np

from tui.training.history import History, Rows
from tui.training.look import Look
from tui.training.viewport import Extent
from tui.training.watch import RunView
from tui.widgets.chart import Plot
from tui.widgets.chart_curves import Curve, Level
from tui.widgets.chart_frame import Across

GROUP_COLOURS = ("primary", "secondary", "accent", "success", "error", "run 0", "run 4", "run 5")
NATS, BITS = "nats per token", "bits per character"


def extent_of(view: RunView, look: Look, others: Mapping[str, RunView]) -> Extent:
    """From where to where the axis reaches: over this run and those laid over it."""
    first, newest = view.history.extent(look.axis)
    reaches = [each.history.extent(look.axis) for each in (view, *others.values()) if len(each.history)]
    if not reaches:
        return Extent(first, newest, newest)
    return Extent(min(first for first, _ in reaches), max(last for _, last in reaches), newest)


def across_of(view: RunView, look: Look, others: Mapping[str, RunView], mark: int | None) -> Across:
    """The x axis. `mark` is the step of the sample that is shown."""
    start, end = look.viewport.shown(extent_of(view, look, others))
    return Across(look.axis, start, end, look.crosshair, None if mark is None else place_of(view.history, look, mark))


def place_of(history: History, look: Look, step: int) -> float | None:
    """Where a step is on the axis that is looked at; None where nothing has been logged."""
    rows = history.training if len(history.training) else history.evaluations
    return float(np.interp(step, rows.places["step"], rows.places[look.axis])) if len(rows) else None


def two_sided(view: RunView) -> bool:
    """Whether this run has a loss from both sides, which is never on one axis with the others."""
    return "loss both" in view.history.training.figures or "loss both" in view.history.evaluations.figures


def slider_curve(view: RunView, look: Look) -> Curve | None:
    """The loss over the steps, smoothed."""
    training = view.history.training
    if not len(training):
        return None
    window = look.window_for(len(training))
    return Curve("", "primary", training.places["step"], training.figures["loss"], max(2, window))


def plot_of(pane: str, view: RunView, look: Look, others: Mapping[str, RunView]) -> Plot:
    """The plot of one of the panes ``loss``, ``gradient``, ``layers``, ``rate`` and ``speed``."""
    training = view.history.training
    window = look.window_for(len(training))
    mean = f"mean of {window}" if window > 1 else ""
    logarithmic = pane in look.logarithmic
    if pane == "loss":
        return _loss(view, look, others, window, mean)
    if pane == "gradient":
        curves = _curves(training, look, window, True, ("gradient", "norm before clipping", "secondary"))
        clip = view.record.training.clip if view.record else 0.0
        by_norm = view.record is None or view.record.training.clip_by == "norm"
        levels = [Level(f"clip {clip:g}", "error", clip)] if clip > 0 and by_norm else []
        return Plot("Gradient", mean, curves, levels, logarithmic)
    if pane == "layers":
        names = [name for name in training.figures if name.startswith("norm ")]
        wanted = [
            (name, name.removeprefix("norm "), GROUP_COLOURS[index % len(GROUP_COLOURS)])
            for index, name in enumerate(names)
        ]
        curves = _curves(training, look, window, False, *wanted)
        return Plot("Gradient norms", mean, curves, (), logarithmic)
    if pane == "rate":
        curves = _curves(training, look, 1, False, ("rate", "of this step", "accent"))
        return Plot("Learning rate", "", curves, (), logarithmic)
    curves = _curves(training, look, window, True, ("speed", "tokens a second", "success"))
    return Plot("Speed", mean, curves, (), logarithmic)


def _loss(view: RunView, look: Look, others: Mapping[str, RunView], window: int, mean: str) -> Plot:
    """Losses in bits per character as soon as an evaluation has told how many characters a token has."""
    both = two_sided(view) and look.part.get("loss", 0) == 1
    whose = f"{view.name}, " if others else ""  # beside others, its name says which curves are its own
    others = {slug: other for slug, other in others.items() if len(other.history)}
    factors = {slug: other.history.bits_per_nat for slug, other in others.items()}
    factor = view.history.bits_per_nat
    in_bits = factor is not None and all(factors.values())
    scale = factor if in_bits and factor is not None else 1.0
    training, evaluations = view.history.training, view.history.evaluations
    if both:
        curves = _curves(training, look, window, True, ("loss both", f"{whose}training", "primary"), factor=scale)
        curves += _curves(
            evaluations, look, 1, False, ("loss both", "validation", "secondary"), factor=scale, over=True
        )
    else:
        back = "loss back" in training.figures
        first, then = ("forwards", "validation forwards") if back else ("training", "validation")
        curves = _curves(training, look, window, True, ("loss", f"{whose}{first}", "primary"), factor=scale)
        curves += _curves(evaluations, look, 1, False, ("loss", then, "secondary"), factor=scale, over=True)
        curves += _curves(training, look, window, False, ("loss back", "backwards", "accent"), factor=scale)
        curves += _curves(evaluations, look, 1, False, ("loss back", "validation backwards", "success"), factor=scale)
    for slug, other in others.items():
        name = "loss both" if both else "loss"
        own = (factors[slug] or 1.0) if in_bits else 1.0
        colour = look.colour_of(slug)
        history = other.history
        other_window = look.window_for(len(history.training))
        curves += _curves(history.training, look, other_window, False, (name, other.name, colour), factor=own)
        curves += _curves(history.evaluations, look, 1, False, (name, "", colour), factor=own, dashed=True)
    heading = "Loss from both sides" if both else "Loss"
    measure = f"{'pseudo-' if both else ''}{BITS if in_bits else NATS}"
    return Plot(heading, f"{measure} · {mean}" if mean else measure, curves, (), "loss" in look.logarithmic)


def _curves(
    rows: Rows,
    look: Look,
    window: int,
    faint: bool,
    *wanted: tuple[str, str, str],
    factor: float = 1.0,
    dashed: bool = False,
    over: bool = False,
) -> list[Curve]:
    """Those of the wanted figures, as (name, label, colour), that there are."""
    return [
        Curve(label, colour, rows.places[look.axis], rows.figures[name], window, faint, dashed, factor, over)
        for name, label, colour in wanted
        if name in rows.figures and len(rows)
    ]
