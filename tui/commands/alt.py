"""Alt by a key of its own: which key another one is with alt, and what a screen does with alt.

Some terminals send nothing for alt, or a letter of another alphabet. Any can send the key that stands for it, and then
the other one.
"""

from collections.abc import Iterable, Mapping

from tui.commands.command import Command

NUMBERS = ("1", "to 9: by number")  # what stands for all digits
_NEVER = ("ctrl", "super", "hyper", "meta")  # with these there is no alt


def with_alt(key: str) -> str:
    """The name of a key when alt is held: ``o`` is ``alt+o``, ``G`` is ``alt+shift+g``, ``left`` is ``alt+left``.

    A key that is held with another one already stays as it is.
    """
    first, plus, _ = key.partition("+")
    if plus and first in (*_NEVER, "alt"):
        return key
    if len(key) == 1 and key.isupper():
        return f"alt+shift+{key.lower()}"
    return f"alt+{key}"


def alt_keys(commands: Iterable[Command], remapped: Mapping[str, str]) -> dict[str, str]:
    """What is done by which key after the one for alt: titles by keys as they are typed.

    Numbers are one entry, and what has another key that any terminal can send is left out.
    """
    found: dict[str, str] = {}
    for command in commands:
        keys = remapped.get(command.id, command.keys).split(",")
        for key in () if any(map(_alone, keys)) else keys:
            if typed := _typed(key):
                name, title = NUMBERS if typed.isdigit() else (typed, command.title)
                found[name] = title
    return found


def _alone(key: str) -> bool:
    """Whether it is one key, or a letter with ctrl, which has a code of its own everywhere."""
    return "+" not in key or (key.startswith("ctrl+") and len(key) == len("ctrl+x"))


def _typed(key: str) -> str:
    """The one character that is typed for a key with alt; empty where it is none."""
    if not key.startswith("alt+"):
        return ""
    rest = key.removeprefix("alt+")
    shifted = rest.removeprefix("shift+")
    if len(shifted) != 1:
        return ""
    return shifted.upper() if shifted != rest else shifted
