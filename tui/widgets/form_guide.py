"""What a large terminal has room for beneath the form: what each time would train, and the units explained."""

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from engine.settings import Unit
from tui.training.budget_table import HEADINGS, UNIT_HINTS, Budget
from tui.widgets.chart_colours import Colours

GAP = 2  # columns between two of the table
COURSE = (
    ("Start", "It trains by itself, while you write or when Pantoum is closed."),
    ("Queue", "It starts once nothing else is training."),
    ("Runs", "Its curves, how far back it learns, and what it writes by then."),
    ("Write", "As soon as it has been checked once, you can write with it."),
)


class FormGuide(Horizontal):
    """Shows a `budget_table`, and marks what is chosen."""

    DEFAULT_CSS = """
    FormGuide { height: auto; margin-top: 1; }
    FormGuide > Static { width: 1fr; height: auto; }
    FormGuide > #guide-times { text-wrap: nowrap; text-overflow: ellipsis; }
    FormGuide > #guide-words { margin-left: 3; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="guide-times")
        yield Static(id="guide-words")

    def show(self, table: Sequence[Budget], minutes: float, unit: Unit, instead: str) -> None:
        """Draws the table with this time marked, and the units with this one; where it is empty, `instead` of it."""
        self.query_one("#guide-times", Static).update(_times(table, minutes, instead, self.app))
        self.query_one("#guide-words", Static).update(_words(unit, self.app))


def _times(table: Sequence[Budget], minutes: float, instead: str, app: App[None]) -> Text:
    colours = Colours(app)
    text = Text().append("What each time would train\n", colours.strong("secondary", bold=True))
    if not table:
        return text.append(instead, colours.muted())
    widths = [max(map(len, column)) for column in zip(HEADINGS, *(each.cells for each in table), strict=True)]
    text.append_text(_line("  ", HEADINGS, widths, colours.muted()))
    for each in table:
        chosen = each.minutes == minutes
        style = colours.strong("accent" if chosen else "foreground", bold=chosen)
        text.append_text(_line("▸ " if chosen else "  ", each.cells, widths, style))
    text.rstrip()
    return text


def _words(unit: Unit, app: App[None]) -> Text:
    colours = Colours(app)
    text = Text().append("What it reads and writes\n", colours.strong("secondary", bold=True))
    for name, hint in UNIT_HINTS.items():
        chosen = name == unit
        style = colours.strong("accent" if chosen else "foreground", bold=chosen)
        text.append(f"{'▸' if chosen else ' '} {name:<6}", style).append(f"{hint}\n", colours.muted())
    text.append("\nThen\n", colours.strong("secondary", bold=True))
    for what, said in COURSE:
        text.append(f"  {what:<6}", colours.strong("foreground")).append(f"{said}\n", colours.muted())
    return text


def _line(mark: str, cells: Sequence[str], widths: Sequence[int], style: Style) -> Text:
    padded = [f"{cell:<{width + GAP}}" for cell, width in zip(cells, widths, strict=True)]
    return Text(f"{mark}{''.join(padded)}".rstrip() + "\n", style)
