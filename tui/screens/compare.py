"""Two runs side by side: their losses in one chart, then their settings and results, those that differ first."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.folder import ModelFolder
from engine.records import ModelRecord
from tui.commands.command import Command
from tui.commands.compare import COMPARE
from tui.commands.key_names import with_keys
from tui.commands.registry import bindings
from tui.training.comparing import compared
from tui.training.look import Look
from tui.training.watch import RunView, RunWatch
from tui.waiting import in_thread
from tui.widgets.chart import Chart
from tui.widgets.chart_colours import Colours
from tui.widgets.run_charts import across_of, plot_of

KEYS = "{x|compare.axis} steps, tokens, time · {y|compare.logarithmic} log · ↑ ↓ scroll · {Esc|compare.close} closes"


class CompareScreen(ModalScreen[None]):
    """`one` as it was when this was opened, and the run in the folder `other`. Esc closes it."""

    CSS_PATH = "compare.tcss"
    TITLE = "Two runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings(COMPARE)
    commands: ClassVar[tuple[Command, ...]] = COMPARE

    def __init__(self, one: RunView, other: ModelFolder, record: ModelRecord, look: Look) -> None:
        super().__init__()
        assert one.record is not None
        self._one = one
        self._folder = other
        self._records = (one.record, record)
        self._other: RunView | None = None
        self._look = Look(axis=look.axis, colours=dict(look.colours), logarithmic=set(look.logarithmic))
        self._look.lay_over((other.slug,))

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="compare") as box:
            box.border_title = "Two runs"
            box.border_subtitle = Content(with_keys(KEYS, self.app))
            yield Chart("compare-loss")
            yield Static(id="compare-table")

    def on_mount(self) -> None:
        self.query_one("#compare").focus()
        self._draw()
        self._write_table()
        self._read()

    def action_axis(self) -> None:
        self._look.turn_axis(self._one.history)
        self._draw()

    def action_logarithmic(self) -> None:
        self._look.logarithmic ^= {"loss"}
        self._draw()

    @work
    async def _read(self) -> None:
        """Reads the other run's history, as far as it goes now."""
        watch = await in_thread(self.app, RunWatch, self._folder)
        while self._other is None or not self._other.caught_up:
            self._other = await in_thread(self.app, watch.poll) or self._other
            self._draw()
        self._write_table()

    def _draw(self) -> None:
        slug = self._folder.slug
        others = {slug: self._other} if self._other else {}
        across = across_of(self._one, self._look, others, None)
        self.query_one("#compare-loss", Chart).show(plot_of("loss", self._one, self._look, others), across)

    def _write_table(self) -> None:
        self.query_one("#compare-table", Static).update(self._table())

    def _table(self) -> Table:
        colours = Colours(self.app)
        table = Table.grid(padding=(0, 2), expand=True)
        for _ in range(3):
            table.add_column(ratio=1)
        curves = ("primary", self._look.colour_of(self._folder.slug))
        names = (
            Text(record.name, colours.strong(curve, bold=True))
            for record, curve in zip(self._records, curves, strict=True)
        )
        table.add_row("", *names)
        rows = compared(*self._records, best=(self._one.best, self._other.best if self._other else None))
        for row in rows:
            style = colours.strong("foreground") if row.differs else colours.muted()
            if not row.differs and row is next(each for each in rows if not each.differs):
                table.add_row(Text("\nthe same in both", colours.strong("secondary")))
            table.add_row(Text(row.label, style), Text(row.one or "–", style), Text(row.other or "–", style))
        return table
