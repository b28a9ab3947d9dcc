"""The commands that work everywhere, and how to find those of a screen.

A screen declares ``commands: ClassVar[tuple[Command, ...]]`` and makes its ``BINDINGS`` from them with `bindings`.
Footer, palette, F1 and ``keys.toml`` all read that one tuple.
"""

from collections.abc import Iterable
from importlib import import_module

from textual.binding import BindingType
from textual.screen import Screen

from tui.commands.adding import ADDING
from tui.commands.branches import BRANCHES
from tui.commands.command import Command
from tui.commands.compare import COMPARE
from tui.commands.editing import EDITOR
from tui.commands.library import LIBRARY
from tui.commands.merging import MERGING
from tui.commands.presets import PRESETS
from tui.commands.regenerate import REGENERATE
from tui.commands.train import TRAIN
from tui.commands.words import WORDS
from tui.commands.write import COMMANDS as WRITE

EVERYWHERE: tuple[Command, ...] = (
    Command(
        "app.help",
        "Help",
        "Shows the keys of this screen.",
        "f1,alt+question_mark",
        "help",
        footer=False,
        priority=True,
    ),
    Command(
        "app.library",
        "Library",
        "Texts and models: add, look, delete.",
        "f2",
        "mode('library')",
        footer=False,
        priority=True,
    ),
    Command(
        "app.train",
        "Train",
        "Trains a model on a text, and watches it learn.",
        "f3",
        "mode('train')",
        footer=False,
        priority=True,
    ),
    Command("app.write", "Write", "Writes with a model.", "f4", "mode('write')", footer=False, priority=True),
    Command(
        "app.palette",
        "Commands",
        "Finds any command, model or corpus by name.",
        "ctrl+p",
        "command_palette",
        footer=False,
        priority=True,
    ),
    Command(
        "app.alt",
        "Alt",
        "The next key counts as with alt held, which not every terminal can send: then o is alt+o.",
        "ctrl+t",
        "alt",
        footer=False,
        priority=True,
    ),
    Command(
        "app.theme",
        "Change theme",
        "Chooses the app's colours, and shows each; the choice is remembered.",
        "",
        "choose_theme",
    ),
    Command(
        "app.quit",
        "Quit",
        "Leaves Pantoum. A model that is training goes on.",
        "ctrl+q",
        "quit",
        footer=False,
        priority=True,
    ),
)

SCREENS: dict[str, tuple[str, str]] = {
    "library": ("tui.screens.library", "LibraryScreen"),
    "train": ("tui.screens.train", "TrainScreen"),
    "write": ("tui.screens.write", "WriteScreen"),
}


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """The ``BINDINGS`` of a screen that has these commands."""
    return [command.binding() for command in commands]


def commands_of(declarer: object) -> tuple[Command, ...]:
    """What this screen or widget declares; nothing for those of Textual's own."""
    declared = getattr(declarer, "commands", ())
    return tuple(command for command in declared if isinstance(command, Command))


def screen_class(mode: str) -> type[Screen[object]]:
    """The screen of a mode, imported when it is first asked for: the app starts with one of them only."""
    module, name = SCREENS[mode]
    found = getattr(import_module(module), name)
    assert isinstance(found, type) and issubclass(found, Screen)
    return found


def all_commands() -> dict[str, tuple[Command, ...]]:
    """Every command by its screen, those that work everywhere under ``"app"``."""
    return {
        "app": EVERYWHERE,
        "library": LIBRARY,
        "adding": ADDING,
        "train": TRAIN,
        "compare": COMPARE,
        "write": WRITE,
        "editor": EDITOR,
        "words": WORDS,
        "branches": BRANCHES,
        "merging": MERGING,
        "regenerate": REGENERATE,
        "presets": PRESETS,
    }


def key_groups() -> dict[str, tuple[Command, ...]]:
    """Commands by the screen on which their keys must differ."""
    groups = all_commands()
    return {**groups, "write": (*groups["write"], *groups["editor"])}
