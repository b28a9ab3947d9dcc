"""The Library screen."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from tui.commands.command import Command
from tui.commands.registry import bindings
from tui.widgets.mode_bar import ModeBar

COMMANDS: tuple[Command, ...] = ()


class LibraryScreen(Screen[None]):
    """The Library mode."""

    TITLE = "Library"
    BINDINGS = bindings(COMMANDS)
    commands: ClassVar[tuple[Command, ...]] = COMMANDS

    def compose(self) -> ComposeResult:
        yield ModeBar("library")
        yield Footer()
