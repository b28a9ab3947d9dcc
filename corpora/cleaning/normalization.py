"""NFC over a stream (Unicode Standard Annex 15): what is cut into chunks comes out as if it had never been cut."""

import functools
import unicodedata

MOST_HELD = 1 << 22  # characters


class Normalization:
    """Unicode's composed form, NFC.

    Text is held back from the last character before which it is safe to cut. A run of more than `MOST_HELD`
    combining marks, which no language writes, is cut where it is, so that memory stays bounded.
    """

    name = "NFC"

    def __init__(self) -> None:
        self.changed = False
        self._held = ""

    def push(self, text: str) -> str:
        """What can be normalized whatever follows; the rest is held back until the next."""
        if not self._held and text.isascii():
            # The last character may compose with what comes next.
            self._held = text[-1:]
            return text[:-1]
        text = self._held + text
        cut = last_safe_cut(text)
        if cut == 0 and len(text) > MOST_HELD:
            cut = len(text)
        self._held = text[cut:]
        return self._normalized(text[:cut])

    def finish(self) -> str:
        """What was held back, normalized."""
        held, self._held = self._held, ""
        return self._normalized(held)

    def _normalized(self, text: str) -> str:
        if text.isascii() or unicodedata.is_normalized("NFC", text):
            return text
        self.changed = True
        return unicodedata.normalize("NFC", text)


def last_safe_cut(text: str) -> int:
    """The last index i with NFC(text + any) == NFC(text[:i]) + NFC(text[i:] + any); 0 where there is no other."""
    for index in range(len(text) - 1, 0, -1):
        if _begins_afresh(text[index]):
            return index
    return 0


def _begins_afresh(character: str) -> bool:
    """Whether normalization never looks across the place before this character."""
    if character < "\x80":
        return True
    return (
        unicodedata.combining(character) == 0
        and character not in _second_halves()
        and unicodedata.is_normalized("NFC", character)
    )


@functools.cache
def _second_halves() -> frozenset[str]:
    """Characters that can compose with the one before: marks, but also vowel signs and Hangul letters."""
    seconds = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for code in range(0x110000):
        decomposition = unicodedata.decomposition(chr(code))
        if decomposition and not decomposition.startswith("<"):
            seconds.update(chr(int(part, 16)) for part in decomposition.split()[1:])
    return frozenset(seconds)
