"""F1: what can be done on this screen, with its keys, made from the commands that the screen declares."""

from collections.abc import Mapping
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
    """The commands of `screen` and those that work everywhere; `remapped` has the person's own keys by command id."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar = [Binding("escape,f1,q", "dismiss", "Close", priority=True)]

    def __init__(self, screen: Screen[object], remapped: Mapping[str, str]) -> None:
        super().__init__()
        self._remapped = remapped
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
            keys = key_names(self._remapped.get(command.id, command.keys))
            table.add_row(Text(keys, style=style), command.title, command.help)
        return table


def key_names(keys: str) -> str:
    """Keys as people know them: ``"ctrl+g,comma"`` is ``"ctrl+g ,"``; empty where only the palette has the command."""
    return " ".join(format_key(key) for key in keys.split(","))
