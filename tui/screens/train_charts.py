"""What the Train screen does with the charts of the run that it shows."""

from typing import TYPE_CHECKING

from textual import work

from tui.screens.machine_speed import MachineSpeed
from tui.training import actions
from tui.training.look import Look
from tui.waiting import in_thread

if TYPE_CHECKING:
    from tui.widgets.run_pane import RunPane

CHART_ACTIONS = frozenset(
    {"pane", "sample", "zoom", "pan", "show_all", "crosshair", "logarithmic", "axis", "smooth", "part", "overlay"}
)
ZOOM, PAN = 1.5, 0.25  # how much narrower, and by which share of its width a view moves, with each key


class TrainCharts(MachineSpeed):
    """The actions of `CHART_ACTIONS`; `look` outlives the run that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()

    @property
    def run_pane(self) -> "RunPane | None":
        """The pane of the run that is shown."""
        from tui.widgets.run_pane import RunPane

        return next(iter(self.query(RunPane)), None)

    def action_pane(self, pane: str) -> None:
        if self.run_pane:
            self.run_pane.choose(pane)

    def action_sample(self, by: int) -> None:
        if self.run_pane:
            self.run_pane.turn_sample(by)

    def action_zoom(self, times: int) -> None:
        if self.run_pane:
            self.run_pane.zoom(ZOOM**-times)

    def action_pan(self, times: int) -> None:
        if self.run_pane:
            self.run_pane.pan(times * PAN)

    def action_show_all(self) -> None:
        if self.run_pane:
            self.run_pane.show_all()

    def action_crosshair(self, by: int) -> None:
        if self.run_pane:
            self.run_pane.move_crosshair(by)

    def action_logarithmic(self) -> None:
        if self.run_pane:
            self.run_pane.toggle_logarithmic()

    def action_axis(self) -> None:
        if self.run_pane:
            self.run_pane.turn_axis()

    def action_smooth(self, by: int) -> None:
        if self.run_pane:
            self.run_pane.smooth(by)

    def action_part(self) -> None:
        if self.run_pane:
            self.run_pane.turn_part()

    @work(exclusive=True, group="overlay")
    async def action_overlay(self) -> None:
        """Asks which other runs to show, and shows them."""
        from tui.screens.overlay_runs import OverlayRuns

        pane = self.run_pane
        if pane is None:
            return
        runs = await in_thread(self.app, actions.runs)
        here = pane.slug
        found = [entry for entry in runs if entry.record is not None and entry.folder.slug != here]
        chosen = await self.app.push_screen_wait(OverlayRuns(found, self.look))
        if self.run_pane is not None and chosen is not None:
            self.run_pane.lay_over(chosen)
