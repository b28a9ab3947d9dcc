"""What `pantoum keys` does: it lists the app's commands with their keys, as `keys.toml` has them."""

import shutil
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap

from corpora.home import home
from tui.commandline import output
from tui.commandline.output import is_terminal, line, note
from tui.commands.command import Command
from tui.commands.key_names import key_names
from tui.commands.keymap import read_keymap
from tui.commands.registry import all_commands, key_groups

TITLES = {
    "app": "Everywhere",
    "library": "Library",
    "adding": "Adding a text",
    "train": "Train",
    "compare": "Two models beside each other",
    "write": "Write",
    "editor": "Write",
    "words": "Other words",
    "branches": "Branches",
    "merging": "Two versions of a text",
    "regenerate": "Written again",
    "presets": "Presets",
}
WIDEST = 24  # columns of the keys on a terminal; more keys stand below each other
LEAST = 24  # columns for what it does, however narrow the terminal


def list_keys(*, json: bool) -> None:
    """Lists them by screen; what is wrong with ``keys.toml`` is noted, and which of its keys may never arrive."""
    path = home() / "keys.toml"
    keymap = read_keymap(path, key_groups())
    if json:
        output.as_json(
            [_summary(screen, each, keymap.keys) for screen, group in all_commands().items() for each in group]
        )
    else:
        for screen, commands in all_commands().items():
            _list(TITLES[screen], commands, keymap.keys)
    for sentence in (*keymap.problems, *keymap.doubts()):
        note(sentence)
    if not json:
        note(f"Other keys can be given in {path}.")


def _summary(screen: str, command: Command, remapped: Mapping[str, str]) -> dict[str, object]:
    return {
        "screen": screen,
        "id": command.id,
        "title": command.title,
        "keys": _split(remapped.get(command.id, command.keys)),
        "usual": _split(command.keys),
        "help": command.help,
    }


def _split(keys: str) -> list[str]:
    return keys.split(",") if keys else []


def _list(title: str, commands: Sequence[Command], remapped: Mapping[str, str]) -> None:
    """The commands of one screen under their headings, in columns."""
    terminal = is_terminal()
    keys = {each.id: _in_lines(remapped.get(each.id, each.keys), WIDEST if terminal else None) for each in commands}
    first = max(len(each.id) for each in commands)
    second = max(len(row) for rows in keys.values() for row in rows)
    room = max(LEAST, shutil.get_terminal_size().columns - first - second - 6) if terminal else None
    for group in dict.fromkeys(each.group for each in commands):
        line(f"{title}: {group}" if group else title)
        for command in commands:
            if command.group == group:
                said = command.help
                if command.id in remapped:
                    said += f" (usually {key_names(command.keys) or 'no key'})"
                _write(command.id, keys[command.id], wrap(said, room) if room else [said], (first, second))
        line()


def _in_lines(keys: str, width: int | None) -> list[str]:
    """Keys as people know them, in lines of at most `width`."""
    names = key_names(keys) or "–"
    return wrap(names, width, break_long_words=False, break_on_hyphens=False) if width else [names]


def _write(name: str, keys: Sequence[str], said: Sequence[str], widths: tuple[int, int]) -> None:
    """One command, in as many lines as its keys or its sentence take."""
    for first, second, third in zip_longest([name], keys, said, fillvalue=""):
        line(f"  {first:<{widths[0]}}  {second:<{widths[1]}}  {third}".rstrip())
