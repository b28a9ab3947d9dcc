"""What a terminal would act on instead of showing it, taken out of whatever any widget draws.

Names of models, texts and files, notices and errors come from folders that may have come from elsewhere: an escape
sequence in one could clear the screen or fill the clipboard.
"""

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_ACTED_ON = re.compile("[\x00-\x1f\x7f-\x9f]")  # they take no cell: without them every line stays as wide as it was
_HALF = re.compile("[\ud800-\udfff]")  # a byte of a file's name that isn't UTF-8; no terminal takes it


def shown(text: str) -> str:
    """`text` without control characters, in as many cells."""
    if text.isascii() and text.isprintable():
        return text
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", _ACTED_ON.sub("", text))


def dotted(text: str) -> str:
    """A text of several lines with a dot for each control character: there is something, though nothing to see."""
    return "".join(character if character.isprintable() or character in "\n\t" else "·" for character in text)


class Visible(LineFilter):
    """Passes on what can be shown."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isprintable() for text, _, _ in segments):
            return segments
        return [Segment(shown(text), style, control) for text, style, control in segments]
