"""The Train screen."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from tui.commands.command import Command
from tui.commands.registry import bindings
from tui.widgets.mode_bar import ModeBar

COMMANDS: tuple[Command, ...] = ()


class TrainScreen(Screen[None]):
    """The Train mode."""

    TITLE = "Train"
    BINDINGS = bindings(COMMANDS)
    commands: ClassVar[tuple[Command, ...]] = COMMANDS

    def compose(self) -> ComposeResult:
        yield ModeBar("train")
        yield Footer()
