"""F1: what this screen shows and what can be done on it, with its keys, from the commands that it declares."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import ClassVar

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.commands.command import Command
from tui.commands.key_names import key_names, with_keys
from tui.commands.registry import EVERYWHERE, commands_of
from tui.widgets.chart_colours import Colours

TITLE = 30  # columns of a command's title, where there is room for them
KEYS = 20  # columns of its keys at most; more keys stand below each other
ROOM = 100  # columns of the screen
DIGITS = tuple(f"alt+{digit}" for digit in range(1, 10))


class HelpScreen(ModalScreen[None]):
    """The commands of `screen` by group, those faint that don't apply now, and those that work everywhere.

    `remapped` has the person's own keys by command id. A screen with `help_text()` has its say first, one with
    `help_group()` names the group that the person is likely looking for, and one with `help_more` has commands that
    belong to a widget.
    """

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar = [
        Binding("escape,f1,q", "dismiss", "Close", priority=True),
        Binding("space", "page_down", show=False),
    ]

    def __init__(self, screen: Screen[object], remapped: Mapping[str, str]) -> None:
        super().__init__()
        self._remapped = remapped
        self._about = (*commands_of(screen), *getattr(screen, "help_more", ()))
        self._applies = {command.id: command.applies_to(screen) for command in self._about}
        self._title = str(screen.title or "This screen")
        self._text = str(getattr(screen, "help_text", str)())
        self._first = str(getattr(screen, "help_group", str)())

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = with_keys(
                "↑ ↓ space scroll · Esc closes · {ctrl+p|app.palette} finds commands", self.app
            )
            if self._text:
                yield Static(self._text, markup=False, classes="help-text")
            in_groups = sorted(self._about, key=lambda command: list(self._groups).index(command.group))
            for group, commands in groupby(in_groups, key=lambda command: command.group):
                yield Static(group or self._title, classes="help-title", markup=False)
                yield Static(self._table(commands))
            yield Static("Everywhere", classes="help-title")
            yield Static(self._table(EVERYWHERE))

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def action_page_down(self) -> None:
        self.query_one("#help").scroll_page_down(animate=False)

    @property
    def _groups(self) -> dict[str, None]:
        """The groups in the order of their first commands, but for the one that is wanted first."""
        groups = [command.group for command in self._about]
        return dict.fromkeys([self._first, *groups] if self._first in groups else groups)

    def _table(self, commands: Iterable[Command]) -> Table:
        colours = Colours(self.app)
        table = Table.grid(padding=(0, 2))
        longest = max(len(self._keys(each)) for each in (*self._about, *EVERYWHERE))
        table.add_column(width=min(longest, KEYS))
        if roomy := self.app.size.width >= ROOM:
            table.add_column(width=TITLE)
        table.add_column()
        for command in self._once(commands):
            now = self._applies.get(command.id, True)
            keys = Text(self._keys(command), colours.strong("primary") if now else colours.muted())
            style = Style.null() if now else colours.muted()
            title, help = Text(command.title, style), Text(command.help, style)
            if roomy:
                table.add_row(keys, title, help)
            else:  # the title goes first in what is said
                title.stylize(Style(bold=True))
                table.add_row(keys, Text("  ").join([title, help]))
        return table

    def _once(self, commands: Iterable[Command]) -> Iterable[Command]:
        """Of commands that are numbered by their keys, alt+1 to alt+9, only one that stands for all."""
        for command in commands:
            if not command.keys.endswith(DIGITS) or command.id in self._remapped:
                yield command
            elif command.keys.endswith(DIGITS[0]):
                title, help = (text.replace("1", "1 to 9") for text in (command.title, command.help))
                yield replace(command, title=title, help=help)

    def _keys(self, command: Command) -> str:
        keys = key_names(self._remapped.get(command.id, command.keys))
        return keys.replace("alt+1", "alt+1 … 9") if keys == "alt+1" else keys
