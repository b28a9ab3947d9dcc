"""What terminals send for a key with alt: an escape, and then the key.

Textual waits a tenth of a second for more and knows letters only: alt+. types a full stop, and alt+3 a pound sign, as
on some Macs. Here each such pair is one key at once, whether it is bound or not.
"""

from dataclasses import dataclass
from string import ascii_letters, digits, punctuation
from typing import Any, cast

from textual import _ansi_sequences, events
from textual.keys import _character_to_key
from textual.screen import Screen

_BEGIN = "[]OPNX^_\\"  # with an escape these begin, or end, longer sequences
# Keys that mean the same with shift: some terminals tell of it, where the finger was still on it.
_SHIFTED = {
    "shift+backspace": ("backspace", "\x7f"),
    "shift+delete": ("delete", None),
    "shift+enter": ("enter", "\r"),
    "shift+space": ("space", " "),
}


@dataclass(frozen=True)
class _Key:
    """What Textual wants of a key of its own: its name."""

    value: str


def _name(character: str) -> str:
    """The name of a key that is held with alt."""
    if character.isupper():
        return f"alt+shift+{character.lower()}"
    return f"alt+{character if character.isalnum() else _character_to_key(character)}"


def read_alt() -> None:
    """Has Textual understand alt with every key. Letters that it knows by another name, as alt+f, stay as they are."""
    table = cast(dict[str, object], _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for character in (*digits, *punctuation, *ascii_letters):
        known = table.get(f"\x1b{character}")
        if character not in _BEGIN and not isinstance(known, tuple):
            table[f"\x1b{character}"] = (_Key(_name(character)),)


def as_typed(event: events.Key) -> events.Key:
    """The key without a shift that means nothing, as where one types into a field."""
    return events.Key(*_SHIFTED[event.key]) if event.key in _SHIFTED else event


def is_bound(screen: Screen[Any], key: str) -> bool:
    """Whether a command of the screen, of what has its focus or of the app has this key."""
    return any(key in bindings.key_to_bindings for _, bindings in screen._modal_binding_chain)
