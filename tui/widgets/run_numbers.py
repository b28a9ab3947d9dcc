"""The two lines over a run's charts: how far it is, and the numbers that matter now."""

import textwrap
from collections.abc import Sequence

from rich.text import Text
from textual.app import App

from engine.records import MetricsLine
from tui.readable import count, duration
from tui.training.watch import RunView
from tui.widgets.bar import bar
from tui.widgets.chart_colours import Colours

WIDE = 118  # columns from which there is room for charts and sample side by side
BAR = (8, 24, 48)  # columns of the bar: the fewest, and the most below and from `WIDE`
NOTICES = 2  # lines at most
STATE_COLOURS = {
    "queued": "accent",
    "starting": "accent",
    "training": "success",
    "paused": "warning",
    "finished": "primary",
    "stopped": "warning",
    "failed": "error",
}


def progress_line(view: RunView, app: App[None], width: int) -> Text:
    """State, bar and times; the bar is as long as these leave room for."""
    status, colours = view.status, Colours(app)
    colour = STATE_COLOURS.get(status.state, "foreground")
    state = Text(f"● {status.state:<9}", colours.strong(colour))
    told = Text(f" {status.progress:4.0%}  {duration(status.elapsed)} trained")
    if status.state in ("training", "paused") and status.remaining > 0:
        told.append(f", {duration(status.remaining)} left")
    if status.message and status.state in ("starting", "training", "paused"):
        told.append(f"  {status.message}", colours.strong("accent"))
    if not view.caught_up:
        told.append("  reading its history…", colours.strong("accent"))
    room = width - state.cell_len - told.cell_len
    filled, empty = bar(status.progress, max(BAR[0], min(BAR[1] if width < WIDE else BAR[2], room)))
    line = Text(no_wrap=True, overflow="ellipsis").append_text(state)
    line.append(filled, colours.strong(colour, on="panel"))
    line.append(empty, colours.strong("foreground", on="panel"))
    return line.append_text(told)


def numbers_line(view: RunView, app: App[None], width: int) -> Text:
    """The numbers, then the newest of what the run has to say of itself."""
    text = Text("Numbers come with the first steps.", "dim")
    if view.last is not None:
        text = _in_lines(_numbers(view, view.last), width)
    for line in newest_notices(view.record.notices if view.record else (), width):
        text.append(f"\n{line}", Colours(app).strong("warning"))
    return text


def newest_notices(notices: Sequence[str], width: int) -> list[str]:
    """The lines of the newest one, at most `NOTICES`, and of those before it as far as there is room."""
    lines: list[str] = []
    for notice in reversed(notices):
        more = textwrap.wrap(notice, max(20, width), max_lines=NOTICES, placeholder=" …")
        if len(more) + len(lines) > NOTICES:
            break
        lines = [*more, *lines]
    return lines


def _numbers(view: RunView, last: MetricsLine) -> list[tuple[str, str]]:
    """Labels and values of what matters now, the important ones first; losses measured as in the chart."""
    factor, measure = view.history.bits_per_nat or 1.0, "bits/char" if view.history.bits_per_nat else "nats/token"
    found = [("step", count(last.step))]
    if last.loss is not None:
        found.append(("loss", f"{last.loss * factor:.2f} {measure}"))
    if view.best and view.best.validation_loss is not None:
        found.append(("best validation", f"{view.best.validation_loss * factor:.2f} at {count(view.best.step)}"))
    found.append(("speed", f"{count(round(last.tokens_per_second))} tokens/s"))
    if last.gradient_norm is not None:
        found.append(("gradient", f"{last.gradient_norm:.2f}"))
    found.append(("clipped", f"{view.clipped:.0%} of steps"))
    if view.skipped:
        found.append(
            ("skipped", f"{count(view.skipped)} step{'s' if view.skipped > 1 else ''} without a finite gradient")
        )
    return found


def _in_lines(numbers: list[tuple[str, str]], width: int) -> Text:
    """The numbers side by side, broken only between two of them."""
    text = Text()
    used = 0
    for label, value in numbers:
        needed = len(label) + len(value) + 1
        if used and used + 3 + needed > width:
            text.append("\n")
            used = 0
        elif used:
            text.append("   ")
            used += 3
        text.append(f"{label} ", "dim")
        text.append(value, "bold")
        used += needed
    return text
