"""A run as it learns: how far it is, its numbers, its curves and what it writes."""

import numpy as np
from rich.cells import cell_len
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from tui.training.look import Look
from tui.training.others import Others
from tui.training.viewport import Extent, Viewport
from tui.training.watch import RunView
from tui.waiting import in_thread, pause
from tui.widgets.chart import Chart
from tui.widgets.chart_curves import nearest
from tui.widgets.chart_frame import Across, ChartFrame
from tui.widgets.chart_keys import ChartKeys
from tui.widgets.dial import Dial
from tui.widgets.heat_map import HeatMap
from tui.widgets.run_charts import across_of, extent_of, plot_of, slider_curve, two_sided
from tui.widgets.run_numbers import WIDE, numbers_line, progress_line
from tui.widgets.sample_pane import SamplePane

PANES = (
    ("Loss", "loss"),
    ("Gradient", "gradient"),
    ("Layers", "layers"),
    ("Through time", "flow"),
    ("Rate", "rate"),
    ("Speed", "speed"),
    ("Sample", "sample"),
)
CHARTS = tuple(pane for _, pane in PANES if pane != "sample")
FIRST = ("loss", "gradient", "flow", "layers", "rate", "speed")  # what is shown beside the chosen one, if there is room
TALL, TALLER = 26, 36  # rows from which two and three charts stand one above the other


class RunPane(Vertical):
    """Shows a `RunView`. Where not everything fits, a dial chooses between the panes.

    `look` is how the person looks at it, and is changed by what they do here.
    """

    POLL = 1.0  # seconds between looks at the runs laid over this one

    def __init__(self, id: str, look: Look) -> None:
        super().__init__(id=id)
        self.look = look
        look.viewport, look.crosshair = Viewport(), None  # places in another run say nothing here
        self._view: RunView | None = None
        self._others: dict[str, RunView] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="run-progress")
        yield Static(id="run-health", markup=False)
        yield Static(id="run-numbers")
        yield Dial(PANES, value="loss", id="run-tabs")
        with Container(id="run-panes"):
            with Vertical(id="run-charts"):
                for pane in CHARTS:
                    chart = HeatMap("run-flow") if pane == "flow" else Chart(f"run-{pane}")
                    chart.display = False  # until there is room for it
                    yield chart
            yield SamplePane(id="run-sample")
        yield ChartKeys(id="run-keys")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._write_again)
        self._follow_others()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < TALL, "-short")
        self._arrange()
        self._write_again()

    def on_dial_turned(self, event: Dial.Turned) -> None:
        event.stop()
        self._arrange()

    @property
    def slug(self) -> str:
        """Of the run that is shown; "" before the first look at it."""
        return self._view.slug if self._view else ""

    @property
    def chosen(self) -> str:
        """The pane that the keys of charts are for: the one that has the focus, else the one that the dial says."""
        focused = self.screen.focused
        for pane in (pane for _, pane in PANES):
            widget = self.query_one(f"#run-{pane}")
            if focused is not None and widget.display and widget in focused.ancestors_with_self:
                return pane
        return self.query_one("#run-tabs", Dial).value

    @property
    def shown(self) -> list[str]:
        """The charts that are in view."""
        height, wide, chosen = self.size.height, self.size.width >= WIDE, self.query_one("#run-tabs", Dial).value
        if chosen == "sample" and not wide:
            return ["loss"] if height >= TALL else []
        room = 1 + (height >= TALLER) + (wide and height >= TALL)
        first = dict.fromkeys((chosen, *FIRST) if chosen != "sample" else FIRST)
        wanted = list(first)[:room]
        return [pane for pane in CHARTS if pane in wanted]

    def choose(self, pane: str) -> None:
        """Brings one of `PANES` into view, and gives it the keys."""
        dial = self.query_one("#run-tabs", Dial)
        dial.value = pane
        if self.chosen != pane:  # another chart has the focus
            dial.focus()

    def show_view(self, view: RunView) -> None:
        """Draws a run as it now stands."""
        self._view = view
        self._write_again()
        self.query_one(SamplePane).show_samples(view.samples)
        self._draw()

    # What the person does with the charts.

    def turn_sample(self, by: int) -> None:
        """Goes to an earlier (negative) or later sample, and shows it."""
        if not self.query_one(SamplePane).display:
            self.choose("sample")
        self.query_one(SamplePane).turn(by)

    def zoom(self, factor: float, place: float | None = None) -> None:
        """Makes the view `factor` times as wide, around a place: else the crosshair, or the newest if it is in view."""
        if self._view is None:
            return
        across, extent = self._across(self._view), self._extent(self._view)
        if place is None:
            newest_or_middle = extent.newest if self.look.viewport.follows else (across.start + across.end) / 2
            place = newest_or_middle if self.look.crosshair is None else self.look.crosshair
        self.look.viewport = self.look.viewport.zoomed(factor, place, extent)
        self._draw()

    def pan(self, share: float) -> None:
        """Moves the view by a share of its width, to the right where it is positive."""
        if self._view is not None:
            self.look.viewport = self.look.viewport.panned(share, self._extent(self._view))
            self._draw()

    def show_all(self) -> None:
        """Shows the whole run, and what comes."""
        self.look.viewport = Viewport()
        self._draw()

    def move_crosshair(self, by: int) -> None:
        """Moves the crosshair by cells to the right, or shows it at the newest; the view comes along."""
        if self._view is None or not len(rows := self._view.history.training):
            return
        across, places = self._across(self._view), rows.places[self.look.axis]
        here = across.end if across.crosshair is None else across.crosshair
        index = nearest(places, here)
        if across.crosshair is not None:
            width = max(1, self.query_one("#run-loss", ChartFrame).plot_width)
            in_view = int(np.searchsorted(places, across.end) - np.searchsorted(places, across.start))
            index = min(max(index + by * max(1, in_view // width), 0), len(places) - 1)
        place = float(places[index])
        if not across.start <= place <= across.end:
            self.look.viewport = self.look.viewport.panned(
                (place - here) / (across.end - across.start), self._extent(self._view)
            )
        self.point(place)

    def point(self, place: float | None) -> None:
        """Shows the crosshair at a place of the x axis, or hides it."""
        if place != self.look.crosshair:
            self.look.crosshair = place
            self._draw()

    def toggle_logarithmic(self) -> None:
        """Turns the y axis of the chosen chart, where it has one."""
        self.look.logarithmic ^= {"loss" if self.chosen == "sample" else self.chosen} - {"flow"}
        self._draw()

    def turn_axis(self) -> None:
        """Goes on from steps to tokens to time."""
        if self._view is not None:
            self.look.turn_axis(self._view.history)
            self._draw()

    def smooth(self, by: int) -> None:
        """Smooths more (positive) or less."""
        if self._view is not None:
            self.look.smooth(by, len(self._view.history.training))
            self._draw()

    def turn_part(self) -> None:
        """Shows the next layer's gradient through time; of a bidirectional model's loss, the other one."""
        if self._view is None:
            return
        pane = self.chosen if self.chosen in self.shown else ""
        parts = len(self._view.history.flows)
        if pane != "flow" and "loss" in self.shown and two_sided(self._view):
            pane, parts = "loss", 2
        elif "flow" not in self.shown:
            self.choose("flow")
            return
        else:
            pane = "flow"
        if parts:
            self.look.part[pane] = (self.look.part.get(pane, 0) + 1) % parts
            self._draw()

    def lay_over(self, slugs: tuple[str, ...]) -> None:
        """Shows these runs beside this one, and no others."""
        self.look.lay_over(slugs)
        self._others = {slug: view for slug, view in self._others.items() if slug in slugs}
        self._follow_others()
        self._draw()

    def on_chart_frame_pointed(self, event: ChartFrame.Pointed) -> None:
        event.stop()
        self.point(event.place)

    def on_chart_frame_picked(self, event: ChartFrame.Picked) -> None:
        """Shows the sample that was written nearest to where the person clicked."""
        event.stop()
        if self._view is not None and len(rows := self._view.history.training):
            step = float(rows.places["step"][nearest(rows.places[self.look.axis], event.place)])
            self.query_one(SamplePane).go_to_step(step)

    def on_chart_frame_zoomed(self, event: ChartFrame.Zoomed) -> None:
        event.stop()
        self.zoom(event.factor, event.place)

    def on_chart_frame_panned(self, event: ChartFrame.Panned) -> None:
        event.stop()
        self.pan(event.share)

    def on_sample_pane_turned(self, event: SamplePane.Turned) -> None:
        event.stop()
        self._draw()

    # What is drawn.

    @work(exclusive=True, group="others")
    async def _follow_others(self) -> None:
        """Tails the folders of the runs laid over this one."""
        others = Others()
        while self.look.others:
            caught_up = True
            if self.screen.is_current:
                views, caught_up = await in_thread(self.app, others.poll, self.look.others)
                if views != self._others:
                    self._others = views
                    self._draw()
            await pause(self.app, self.POLL if caught_up else 0)

    def _over(self, view: RunView) -> dict[str, RunView]:
        return {slug: other for slug, other in self._others.items() if slug != view.slug}

    def _extent(self, view: RunView) -> Extent:
        return extent_of(view, self.look, self._over(view))

    def _across(self, view: RunView) -> Across:
        return across_of(view, self.look, self._over(view), self.query_one(SamplePane).step)

    def _draw(self) -> None:
        """Gives the charts in view what they show."""
        view = self._view
        if view is None:
            return
        across = self._across(view)
        for pane in self.shown:
            if pane == "flow":
                self._draw_flow(view, across)
            else:
                plot = plot_of(pane, view, self.look, self._over(view))
                self.query_one(f"#run-{pane}", Chart).show(plot, across)
        if self.query_one(SamplePane).display:
            self.query_one(SamplePane).show_curve(slider_curve(view, self.look), view.history.extent("step")[1])

    def _draw_flow(self, view: RunView, across: Across) -> None:
        flows = view.history.flows
        layer = list(flows)[self.look.part.get("flow", 0) % len(flows)] if flows else ""
        places = view.history.flow_places.get(self.look.axis, np.empty(0))
        norms = flows.get(layer, np.empty((0, 1)))
        newest = view.history.extent(self.look.axis)[1]
        self.query_one(HeatMap).show(layer, max(0, len(flows) - 1), places, norms, newest, across)

    def _arrange(self) -> None:
        """Side by side where there is room; otherwise one pane at a time."""
        wide, shown = self.size.width >= WIDE, self.shown
        self.query_one("#run-panes").set_class(wide, "-wide")
        for pane in CHARTS:
            self.query_one(f"#run-{pane}").display = pane in shown
        self.query_one("#run-charts").display = bool(shown)
        self.query_one("#run-sample").display = wide or self.query_one("#run-tabs", Dial).value == "sample"
        self._mark_chosen()
        self._draw()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._mark_chosen()

    def _mark_chosen(self) -> None:
        """Shows which of several panes has the keys, and says which keys those are."""
        chosen = self.chosen
        self.query_one(ChartKeys).show_for(chosen)
        several = len(self.shown) > 1 or self.query_one("#run-sample").display
        for pane in CHARTS:
            self.query_one(f"#run-{pane}", ChartFrame).has_keys = several and pane == chosen

    def _write_again(self, _: object = None) -> None:
        """Writes the lines over the charts; the screen is laid out anew only where their number changes."""
        if self._view is None:
            return
        width = self.size.width
        self.query_one("#run-progress", Static).update(progress_line(self._view, self.app, width), layout=False)
        numbers, line = numbers_line(self._view, self.app, width), self.query_one("#run-numbers", Static)
        line.update(numbers, layout=numbers.plain.count("\n") + 1 != line.size.height)
        self._write_health(self._view)

    def _write_health(self, view: RunView) -> None:
        """How it goes, or what it waits for: a run that the disk is too full for says so until there is room."""
        line = self.query_one("#run-health", Static)
        trouble = view.status.error if view.running else ""
        line.set_class(bool(trouble), "-trouble")
        line.display = bool(trouble or view.health)
        if line.content != (said := trouble or view.health):
            line.update(said, layout=line.size.height != 1 or cell_len(said) > line.size.width)
