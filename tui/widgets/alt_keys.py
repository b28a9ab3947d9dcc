"""What the next key does with alt, shown over the foot of the page while the app waits for it."""

from collections.abc import Iterable, Mapping

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from tui.commands.alt import alt_keys
from tui.commands.command import Command

GAP = 3  # cells between two columns
MARGIN = 2  # cells beside them


class AltKeys(Static):
    """Nothing, until `tell`."""

    DEFAULT_CSS = """
    AltKeys {
        layer: above; dock: bottom; display: none; height: auto; margin-bottom: 2; padding: 0 1;
        background: $panel; border-top: solid $primary; text-wrap: nowrap;
    }
    AltKeys.-shown { display: block; }
    """

    def tell(self, commands: Iterable[Command], remapped: Mapping[str, str]) -> None:
        """Lists in columns what these commands do; with none it goes away."""
        entries = list(alt_keys(commands, remapped).items())
        self.set_class(bool(entries), "-shown")
        if entries:
            self.update(columns(entries, self.app.size.width - MARGIN))


def columns(entries: list[tuple[str, str]], width: int) -> Content:
    """Keys and titles in so many columns as fit, to be read from top to bottom."""
    keys = max(cell_len(key) for key, _ in entries) + 1
    cells = keys + max(cell_len(title) for _, title in entries) + GAP
    across = max(1, (width + GAP) // cells)
    rows = -(-len(entries) // across)
    lines = []
    for row in range(rows):
        line = Content("")
        for key, title in entries[row::rows]:
            line += Content.assemble((key, "$primary bold"), " " * (keys - cell_len(key)), title)
            line += " " * (cells - keys - cell_len(title))
        lines.append(line.rstrip())
    return Content("\n").join(lines)
