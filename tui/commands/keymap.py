"""``keys.toml`` in the home folder: a person's own keys for any command.

    [keys]
    "train.pause" = "space"
    "app.help" = "f1,question_mark"

What can't be used is reported and left out; the rest holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.commands.command import Command
from tui.commands.key_names import key_names, read_keys
from tui.commands.sendable import why_not_sent


@dataclass(frozen=True)
class Keymap:
    """Keys by command id, as Textual takes them, and what was wrong, in sentences."""

    keys: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def doubts(self) -> list[str]:
        """A sentence on each key that is in use and may never arrive."""
        each = [(name, key) for name, keys in self.keys.items() for key in keys.split(",")]
        return [
            f"keys.toml gives {name!r} the key {key_names(key) or key}: {why}."
            for name, key in each
            if (why := why_not_sent(key))
        ]


def read_keymap(path: Path, groups: Mapping[str, Iterable[Command]]) -> Keymap:
    """Reads ``keys.toml``; `groups` are the commands everywhere (``"app"``) and those of each mode."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Keymap({})
    except OSError as error:
        return Keymap({}, (f"{path} can't be read ({error.strerror}). The usual keys are in use.",))
    import tomllib  # only where there is something to read

    try:
        table = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        return Keymap({}, (f"{path} can't be read ({error}). The usual keys are in use.",))
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
            continue
        try:
            keys[name] = read_keys(value if isinstance(value, str) else "")
        except ValueError:
            problems.append(f"keys.toml gives {name!r} the key {value!r}, which is not the name of a key.")
    return keys, problems


def _without_conflicts(keys: dict[str, str], problems: list[str], groups: Mapping[str, Iterable[Command]]) -> Keymap:
    """Leaves out each wish whose key another command of the same screen has."""
    everywhere = list(groups.get("app", ()))
    for mode, commands in groups.items():
        together = everywhere if mode == "app" else [*everywhere, *commands]
        while clash := _clash(together, keys):
            key, wish, other = clash
            problems.append(
                f"keys.toml gives {wish!r} the key {key_names(key)}, which {other!r} has; {wish!r} keeps its usual key."
            )
            del keys[wish]
    return Keymap(keys, tuple(dict.fromkeys(problems)))


def _clash(commands: list[Command], keys: Mapping[str, str]) -> tuple[str, str, str] | None:
    """A key that two commands would share, the wished-for one of them, and the other.

    Two that usually share a key may go on: only one of them applies at a time.
    """
    owners: dict[str, Command] = {}
    for command in sorted(commands, key=lambda command: command.id in keys):
        for key in filter(None, keys.get(command.id, command.keys).split(",")):
            owner = owners.setdefault(key, command)
            if owner is not command and not all(key in each.keys.split(",") for each in (owner, command)):
                return key, command.id, owner.id
    return None


def with_sharers(keys: Mapping[str, str], groups: Mapping[str, Iterable[Command]]) -> dict[str, str]:
    """`keys`, and the usual keys of every command that shares one with a command that has others now.

    Textual takes a command's usual keys away from all that are bound to them.
    """
    found = dict(keys)
    for commands in groups.values():
        taken = {key for each in commands if each.id in keys for key in each.keys.split(",")} - {""}
        rest = [each for each in commands if each.id not in keys and each.keys]
        while sharing := [each for each in rest if taken & set(each.keys.split(","))]:
            found |= {each.id: each.keys for each in sharing}
            taken |= {key for each in sharing for key in each.keys.split(",")}
            rest = [each for each in rest if each not in sharing]
    return found
