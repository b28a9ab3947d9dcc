"""A run as it learns: how far it is, its numbers, its curves and what it writes."""

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from engine.records import MetricsLine
from tui.readable import count, duration
from tui.training.watch import RunView
from tui.widgets.bar import bar
from tui.widgets.chart import Chart, Curve
from tui.widgets.dial import Dial
from tui.widgets.sample_pane import SamplePane

PANES = (("Loss", "loss"), ("Gradient", "gradient"), ("Learning rate", "rate"), ("Sample", "sample"))
WIDE = 118  # columns from which charts and sample stand side by side
TALL = 30  # rows from which three charts stand one above the other
STATE_COLOURS = {
    "queued": "accent",
    "starting": "accent",
    "training": "success",
    "paused": "warning",
    "finished": "primary",
    "stopped": "warning",
    "failed": "error",
}


class RunPane(Vertical):
    """Shows a `RunView`. Where not everything fits, a dial chooses between the panes."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._view: RunView | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="run-progress")
        yield Static(id="run-health", markup=False)
        yield Static(id="run-numbers")
        yield Dial(PANES, value="loss", id="run-tabs")
        with Container(id="run-panes"):
            with Vertical(id="run-charts"):
                yield Chart("Loss", "nats per token", id="run-loss")
                yield Chart("Gradient norm", "", id="run-gradient")
                yield Chart("Learning rate", "", id="run-rate")
            yield SamplePane(id="run-sample")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._write_again)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()
        self._write_again()

    def _write_again(self, _: object = None) -> None:
        if self._view is not None:
            self._write_progress(self._view)
            self._write_numbers(self._view)
            self._write_health(self._view)

    def on_dial_turned(self, event: Dial.Turned) -> None:
        event.stop()
        self._arrange()

    def choose(self, pane: str) -> None:
        """Brings one of `PANES` into view."""
        self.query_one("#run-tabs", Dial).value = pane

    def turn_sample(self, by: int) -> None:
        """Goes to an earlier (negative) or later sample, and shows it."""
        if not self.query_one(SamplePane).display:
            self.choose("sample")
        self.query_one(SamplePane).turn(by)

    def show_view(self, view: RunView) -> None:
        """Draws a run as it now stands."""
        self._view = view
        self._write_progress(view)
        self._write_numbers(view)
        self._write_health(view)
        curves = view.curves
        self.query_one("#run-loss", Chart).show_curves(
            Curve("training", "primary", curves.loss), Curve("validation", "secondary", curves.validation)
        )
        gradient = [Curve("before clipping", "secondary", curves.gradient)]
        if view.record and curves.gradient:
            clip = view.record.training.clip
            ends = [curves.gradient[0][0][0], curves.gradient[-1][0][-1]]
            gradient.append(Curve(f"clip {clip:g}", "error", [(ends, [clip, clip])], level=True))
        self.query_one("#run-gradient", Chart).show_curves(*gradient)
        self.query_one("#run-rate", Chart).show_curves(Curve("of this step", "accent", curves.learning_rate))
        self.query_one(SamplePane).show_samples(view.samples)

    def _arrange(self) -> None:
        """Side by side where there is room; otherwise one pane at a time."""
        chosen = self.query_one("#run-tabs", Dial).value
        wide, tall = self.size.width >= WIDE, self.size.height >= TALL
        self.query_one("#run-tabs").display = not (wide and tall)
        self.query_one("#run-panes").set_class(wide, "-wide")
        chart = "loss" if wide and chosen == "sample" else chosen
        for name in ("loss", "gradient", "rate"):
            self.query_one(f"#run-{name}").display = name == chart or (wide and tall)
        self.query_one("#run-charts").display = wide or chosen != "sample"
        self.query_one("#run-sample").display = wide or chosen == "sample"

    def _write_progress(self, view: RunView) -> None:
        status = view.status
        colours = self.app.theme_variables
        line = Text(no_wrap=True, overflow="ellipsis")
        colour = colours[STATE_COLOURS.get(status.state, "foreground")]
        line.append(f"● {status.state:<9}", colour)
        filled, empty = bar(status.progress, 24 if self.size.width < WIDE else 48)
        line.append(filled, f"{colour} on {colours['panel']}")
        line.append(empty, f"on {colours['panel']}")
        line.append(f" {status.progress:4.0%}  ")
        line.append(f"{duration(status.elapsed)} trained")
        if status.state in ("training", "paused") and status.remaining > 0:
            line.append(f", {duration(status.remaining)} left")
        if status.message and status.state in ("starting", "training", "paused"):
            line.append(f"  {status.message}", colours["accent"])
        if not view.caught_up:
            line.append("  reading its history…", colours["accent"])
        self.query_one("#run-progress", Static).update(line)

    def _write_health(self, view: RunView) -> None:
        line = self.query_one("#run-health", Static)
        line.display = bool(view.health)
        line.update(view.health)

    def _write_numbers(self, view: RunView) -> None:
        text = Text("Numbers come with the first steps.", "dim")
        if view.last is not None:
            text = _in_lines(_numbers(view, view.last), self.size.width)
        for notice in view.record.notices if view.record else ():
            text.append(f"\n{notice}", self.app.theme_variables["warning"])
        self.query_one("#run-numbers", Static).update(text)


def _numbers(view: RunView, last: MetricsLine) -> list[tuple[str, str]]:
    """Labels and values of what matters now, the important ones first."""
    found = [("step", count(last.step))]
    if last.loss is not None:
        found.append(("loss", f"{last.loss:.3f}"))
    if view.best and view.best.bits_per_character is not None:
        found.append(("bits/char", f"{view.best.bits_per_character:.2f}"))
    if view.best and view.best.validation_loss is not None:
        found.append(("best validation", f"{view.best.validation_loss:.3f} at {count(view.best.step)}"))
    found.append(("speed", f"{count(round(last.tokens_per_second))} tokens/s"))
    if last.gradient_norm is not None:
        found.append(("gradient", f"{last.gradient_norm:.2f}"))
    found.append(("clipped", f"{view.clipped:.0%} of steps"))
    if view.skipped:
        found.append(("skipped", f"{count(view.skipped)} steps without a finite gradient"))
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
