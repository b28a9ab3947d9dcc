"""Characters that a text file may hold but no writing needs."""

import re

_PAGE_BREAKS = re.compile("[\v\f]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


class ByteOrderMark:
    """A U+FEFF at the very beginning goes; anywhere else it is a character like others."""

    name = "byte order mark"

    def __init__(self) -> None:
        self.changed = False
        self._begun = False

    def push(self, text: str) -> str:
        """The same text, without a mark at the beginning of the first that isn't empty."""
        if self._begun or not text:
            return text
        self._begun = True
        if not text.startswith("\ufeff"):
            return text
        self.changed = True
        return text[1:]

    def finish(self) -> str:
        """Nothing: no text is held back."""
        return ""


class ControlCharacters:
    r"""NUL and the other C0 controls and DEL go, but ``\t``, ``\n`` and ``\r`` stay.

    Form feed and vertical tab separate lines, and become ``\n`` so that the lines beside them don't run together.
    """

    name = "control characters"

    def __init__(self) -> None:
        self.changed = False

    def push(self, text: str) -> str:
        """The same text without controls, and with page breaks as line ends."""
        if _PAGE_BREAKS.search(text):
            self.changed = True
            text = _PAGE_BREAKS.sub("\n", text)
        if _CONTROLS.search(text):
            self.changed = True
            text = _CONTROLS.sub("", text)
        return text

    def finish(self) -> str:
        """Nothing: no text is held back."""
        return ""
