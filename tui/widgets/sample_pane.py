"""What a model wrote at its evaluations, from one seed text and RNG seed: a slider goes through time."""

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from engine.records import SampleLine
from tui.commands.key_names import with_keys
from tui.readable import count, duration
from tui.visible import dotted
from tui.widgets.chart_colours import Colours
from tui.widgets.chart_curves import Curve
from tui.widgets.time_slider import TimeSlider

NONE_YET = "The first sample comes with the first evaluation."


class SamplePane(Vertical):
    """Stays on the newest sample until the person goes back; then it stays where they are."""

    DEFAULT_CSS = """
    SamplePane { padding: 0 1; border: round $border-blurred; border-title-color: $foreground;
        border-subtitle-color: $text-muted; }
    SamplePane:focus-within { border: round $border; }
    SamplePane VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    """

    class Turned(Message):
        """Another sample is shown."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._samples: tuple[SampleLine, ...] = ()
        self._index = -1
        self.border_title = "Sample"

    def compose(self) -> ComposeResult:
        yield TimeSlider(id="sample-slider")
        with VerticalScroll(id="sample-scroll"):
            yield Static(Text(NONE_YET, style="dim"), id="sample-text")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._write())

    @property
    def step(self) -> int | None:
        """The step of the sample that is shown."""
        sample = self._shown()
        return sample.step if sample else None

    def show_samples(self, samples: tuple[SampleLine, ...]) -> None:
        """Takes the samples of a run, oldest first."""
        newest = self._index >= len(self._samples) - 1
        before = self.step
        changed = samples != self._samples
        self._samples = samples
        if newest:
            self._index = len(samples) - 1
        elif before is not None:  # the oldest ones may have been let go
            steps = [sample.step for sample in samples]
            self._index = steps.index(before) if before in steps else min(self._index, len(samples) - 1)
        if changed:
            self._write()

    def show_curve(self, loss: Curve | None, end: float) -> None:
        """Takes the loss over the steps, for the slider, and the last step."""
        places = np.array([sample.step for sample in self._samples], np.float64)
        self.query_one(TimeSlider).show(places, self._index, loss, end)

    def turn(self, by: int) -> None:
        """Goes to an earlier (negative) or later sample."""
        self._go(self._index + by)

    def go_to_step(self, step: float) -> None:
        """Goes to the sample that was written nearest to this step."""
        if self._samples:
            self._go(min(range(len(self._samples)), key=lambda index: abs(self._samples[index].step - step)))

    def on_time_slider_moved(self, event: TimeSlider.Moved) -> None:
        event.stop()
        self._go(event.index)

    def _go(self, index: int) -> None:
        index = min(max(index, 0), len(self._samples) - 1)
        if index != self._index:
            self._index = index
            self._write()
            self.query_one("#sample-scroll").scroll_home(animate=False)
            self.post_message(self.Turned())

    def _shown(self) -> SampleLine | None:
        return self._samples[self._index] if 0 <= self._index < len(self._samples) else None

    def _write(self) -> None:
        sample = self._shown()
        body = self.query_one("#sample-text", Static)
        if sample is None:
            self.border_title, self.border_subtitle = "Sample", ""
            body.update(Text(NONE_YET, style="dim"))
            return
        self.border_title = f"Sample at step {count(sample.step)}, after {duration(sample.elapsed)}"
        keys = with_keys("{,|train.earlier}  earlier  {.|train.later}  later", self.app)
        self.border_subtitle = Content(f"{self._index + 1} of {len(self._samples)}  {keys}")
        text = Text()
        text.append(dotted(sample.prompt), Colours(self.app).strong("secondary"))
        text.append(dotted(sample.text))
        body.update(text)
