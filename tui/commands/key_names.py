"""Names of keys: as Textual has them, ``"alt+full_stop"``, and as people know them, ``"alt+."``."""

import re
from collections.abc import Mapping

from textual.keys import KEY_DISPLAY_ALIASES, Keys, _character_to_key, format_key, key_to_character

_NAMED = {key.value for key in Keys} | set(KEY_DISPLAY_ALIASES)
_SHOWN = {shown: key for key, shown in KEY_DISPLAY_ALIASES.items()}  # "esc" is "escape"
_KEY = re.compile(r"\s*((?:(?:ctrl|shift|alt|super|hyper|meta)\+)*)(,|[^,]+?)\s*(?:,|$)")  # what is held, and the key
_HINT = re.compile(r"\{([^{}|]+)\|([a-z_]+\.[a-z_0-9]+)\}")
_CTRL_SPACE = "ctrl+@"  # what terminals send for it


def read_keys(names: str) -> str:
    """Textual's names of keys that a person wrote, in either way, with commas between them.

    Raises `ValueError` where one is the name of no key.
    """
    keys, at = [], 0
    while match := _KEY.match(names, at):
        keys.append(_textual(*match.groups()))
        at = match.end()
    if at < len(names) or not keys:
        raise ValueError(f"{names[at:]!r} is not the name of a key")
    return ",".join(keys)


def _textual(held: str, key: str) -> str:
    if held == "ctrl+" and key in ("@", "space"):
        return _CTRL_SPACE
    key = key.lower() if re.fullmatch(r"F\d+", key) else _SHOWN.get(key, key)
    if len(key) == 1:
        if held and key.isupper():
            held, key = f"{held}shift+", key.lower()
        key = _character_to_key(key)
    elif key not in _NAMED and key_to_character(key) is None:
        raise ValueError(f"{key!r} is not the name of a key")
    return held + key


def as_on_keyboards(key: str) -> str:
    """``"F5"`` for Textual's ``"f5"``; other keys as they are."""
    return key.upper() if re.fullmatch(r"f\d+", key) else key


def key_names(keys: str) -> str:
    """Keys as people know them: ``"ctrl+@,alt+comma"`` is ``"ctrl+space alt+,"``; empty where there are none.

    What only a Mac's command key sends is left out: it is the other one with another name.
    """
    shown = [key for key in keys.split(",") if not key.startswith("super+")]
    return " ".join(_key_name(key) for key in shown)


def with_keys(text: str, app: object) -> str:
    """``"{g|words.regrow} regrows"`` is ``"g regrows"``, or has the keys that `app` remapped it to."""
    remapped: Mapping[str, str] = getattr(app, "remapped", {})
    return _HINT.sub(lambda hint: key_names(remapped[hint[2]]) if hint[2] in remapped else hint[1], text)


def _key_name(key: str) -> str:
    if key == _CTRL_SPACE:
        return "ctrl+space"
    held, plus, last = key.rpartition("+")
    return held + plus + as_on_keyboards(format_key(last))
