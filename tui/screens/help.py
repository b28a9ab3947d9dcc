"""F1: what can be done on this screen, with its keys, made from the commands that the screen declares."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.commands.command import Command
from tui.commands.registry import EVERYWHERE, commands_of


class HelpScreen(ModalScreen[None]):
    """The commands of `screen` and those that work everywhere. Closes by F1 or Escape."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar = [Binding("escape,f1,q", "dismiss", "Close", priority=True)]

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._about = commands_of(screen)
        self._title = str(screen.title or "This screen")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "Esc closes · ctrl+p finds every command by name"
            if self._about:
                yield Static(self._title, classes="help-title")
                yield Static(self._table(self._about))
            yield Static("Everywhere", classes="help-title")
            yield Static(self._table(EVERYWHERE))

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def _table(self, commands: tuple[Command, ...]) -> Table:
        style = self.app.theme_variables["primary"]
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for command in commands:
            table.add_row(Text(key_names(command.keys), style=style), command.title, command.help)
        return table


def key_names(keys: str) -> str:
    """Keys as people know them: ``"ctrl+g,f5"`` is ``"ctrl+g  f5"``; a dash stands for "only in the palette"."""
    if not keys:
        return "ctrl+p"
    return " ".join(format_key(key) for key in keys.split(","))
