"""Two runs' settings and results side by side, those that differ first."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.records import ModelRecord
from tui.training.comparing import compared


class CompareScreen(ModalScreen[None]):
    """Esc closes it."""

    CSS_PATH = "compare.tcss"
    BINDINGS: ClassVar = [Binding("escape,q,x", "dismiss", "Close", priority=True)]

    def __init__(self, one: ModelRecord, other: ModelRecord) -> None:
        super().__init__()
        self._records = (one, other)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="compare") as box:
            box.border_title = "Two runs"
            box.border_subtitle = "Esc closes"
            yield Static(self._table())

    def on_mount(self) -> None:
        self.query_one("#compare").focus()

    def _table(self) -> Table:
        colours = self.app.theme_variables
        table = Table.grid(padding=(0, 2), expand=True)
        for _ in range(3):
            table.add_column(ratio=1)
        names = (Text(record.name, f"bold {colours['secondary']}") for record in self._records)
        table.add_row("", *names)
        rows = compared(*self._records)
        for row in rows:
            style = "" if row.differs else "dim"
            if not row.differs and row is next(each for each in rows if not each.differs):
                table.add_row(Text("\nthe same in both", colours["secondary"]))
            label = Text(row.label, colours["primary"] if row.differs else "dim")
            table.add_row(label, Text(row.one or "–", style), Text(row.other or "–", style))
        return table
