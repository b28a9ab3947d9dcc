"""Which keys don't come from most terminals. Those with the kitty keyboard protocol send nearly all of them."""

import re

_ARRIVES_AS = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+j": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
_TAKEN = {
    "ctrl+b": "tmux keeps it for itself",
    "ctrl+s": "many terminals stop their output with it",
    "ctrl+q": "many terminals go on with their output with it",
}
_CONTROLS = "[a-z]|@|space|backslash|right_square_bracket|circumflex_accent|underscore|up|down|left|right"
_CONTROLS += "|home|end|pageup|pagedown|insert|delete|f[0-9]+"
_BEGINS_A_SEQUENCE = re.compile(
    r"alt\+(left_square_bracket|right_square_bracket|circumflex_accent|underscore|backslash)"
)
_NAMED = re.compile(r"(ctrl|shift|ctrl\+shift)\+(enter|escape|backspace|space)|ctrl\+(shift\+)?tab")


def why_not_sent(key: str) -> str | None:
    """Why `key`, as Textual names it, may never arrive: the rest of a sentence. None where most terminals send it."""
    if key in _ARRIVES_AS:
        return f"most terminals send {_ARRIVES_AS[key]} for it"
    if key in _TAKEN:
        return _TAKEN[key]
    held, _, last = key.rpartition("+")
    unusual = {"super", "hyper", "meta"} & set(held.split("+"))
    letters = held in ("ctrl+shift", "shift") and re.fullmatch("[a-z]", last)
    symbols = held == "ctrl" and not re.fullmatch(_CONTROLS, last)
    if unusual or letters or symbols or _NAMED.fullmatch(key) or _BEGINS_A_SEQUENCE.fullmatch(key):
        return "most terminals don't send it"
    return None
