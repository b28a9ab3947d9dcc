"""``keys.toml`` in the home folder: a person's own keys for any command.

    [keys]
    "train.pause" = "space"
    "app.help" = "f1,question_mark"

What can't be used is reported and left out; the rest holds.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.keys import KEY_DISPLAY_ALIASES, Keys, format_key, key_to_character

from tui.commands.command import Command

_NAMED = {key.value for key in Keys} | set(KEY_DISPLAY_ALIASES)
_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}


@dataclass(frozen=True)
class Keymap:
    """Keys by command id, as Textual takes them, and what was wrong, in sentences."""

    keys: Mapping[str, str]
    problems: tuple[str, ...] = ()


def read_keymap(path: Path, groups: Mapping[str, Iterable[Command]]) -> Keymap:
    """Reads ``keys.toml``; `groups` are the commands everywhere (``"app"``) and those of each mode."""
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return Keymap({})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return Keymap({}, (f"{path} can't be read ({reason}). The usual keys are in use.",))
    wanted = table.get("keys", {})
    if not isinstance(wanted, dict):
        return Keymap({}, (f"{path} has no table [keys]. The usual keys are in use.",))
    keys, problems = _usable(wanted, groups)
    return _without_conflicts(keys, problems, groups)


def _usable(wanted: dict[str, object], groups: Mapping[str, Iterable[Command]]) -> tuple[dict[str, str], list[str]]:
    known = {command.id for commands in groups.values() for command in commands}
    keys: dict[str, str] = {}
    problems: list[str] = []
    for name, value in wanted.items():
        if name not in known:
            problems.append(f"keys.toml names the command {name!r}, which does not exist.")
        elif not isinstance(value, str) or not all(map(_is_key, value.split(","))):
            problems.append(f"keys.toml gives {name!r} the key {value!r}, which is not the name of a key.")
        else:
            keys[name] = ",".join(key.strip() for key in value.split(","))
    return keys, problems


def _without_conflicts(keys: dict[str, str], problems: list[str], groups: Mapping[str, Iterable[Command]]) -> Keymap:
    """Leaves out each wish whose key another command of the same screen has."""
    everywhere = list(groups.get("app", ()))
    for mode, commands in groups.items():
        together = everywhere if mode == "app" else [*everywhere, *commands]
        while clash := _clash(together, keys):
            key, wish, other = clash
            problems.append(
                f"keys.toml gives {wish!r} the key {key}, which {other!r} has; {wish!r} keeps its usual key."
            )
            del keys[wish]
    return Keymap(keys, tuple(dict.fromkeys(problems)))


def _clash(commands: list[Command], keys: Mapping[str, str]) -> tuple[str, str, str] | None:
    """A key that two commands would share, the wished-for one of them, and the other."""
    owners: dict[str, str] = {}
    for command in sorted(commands, key=lambda command: command.id in keys):
        for key in map(format_key, keys.get(command.id, command.keys).split(",")):  # "?" is "question_mark"
            if key and key in owners and owners[key] != command.id:
                if command.id in keys:
                    return key, command.id, owners[key]
                continue  # two of our own share it on purpose: only one is enabled at a time
            owners[key] = command.id
    return None


def _is_key(name: str) -> bool:
    *modifiers, key = name.strip().split("+") if name.strip() != "+" else ["+"]
    if not key or not set(modifiers) <= _MODIFIERS:
        return False
    return len(key) == 1 or key in _NAMED or key_to_character(key) is not None


def as_on_keyboards(key: str) -> str:
    """``"F5"`` for Textual's ``"f5"``; other keys as they are."""
    return key.upper() if re.fullmatch(r"f\d+", key) else key
