"""How a character outside the vocabulary is spelled: two base-16 digits for each byte of its UTF-8.

Sixteen digit tokens and not 256 byte tokens: a model of 65 characters would otherwise grow to 321 outputs, most of
which it never sees. Lone surrogates, which a Python string may hold, have their three bytes too ("surrogatepass").
"""

import codecs
from collections.abc import Sequence


def _pass_or_replace(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogatepass")(error)
    except UnicodeError:
        return codecs.lookup_error("replace")(error)


ERRORS = "pantoum-pass-or-replace"  # decodes surrogates, and anything else that is no UTF-8 to U+FFFD
codecs.register_error(ERRORS, _pass_or_replace)


def spell(text: str) -> list[int]:
    """The digits, each 0 … 15, that spell `text`."""
    data = text.encode("utf-8", "surrogatepass")
    return [digit for byte in data for digit in (byte >> 4, byte & 15)]


def piece_of_digit(digit: int) -> str:
    """A digit as it is shown."""
    return f"<{digit:X}_>"


class DigitReader:
    """Assembles digits to text. Any sequence is readable: an odd digit or bad UTF-8 becomes U+FFFD."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")(ERRORS)
        self._high = -1
        self._empty = True

    def push(self, digit: int) -> str:
        """Takes one digit; returns the text that is certain by now."""
        self._empty = False
        if self._high < 0:
            self._high = digit
            return ""
        byte = self._high << 4 | digit
        self._high = -1
        return self._utf8.decode(bytes((byte,)))

    def flush(self) -> str:
        """Ends a run of digits: what is still open becomes U+FFFD."""
        if self._empty:
            return ""
        text = self._utf8.decode(b"", final=True)
        if self._high >= 0:
            text += "\N{REPLACEMENT CHARACTER}"
        self._utf8.reset()
        self._high = -1
        self._empty = True
        return text


class PieceDetokenizer:
    """Detokenizer of a vocabulary whose first ids are whole pieces and whose last sixteen are digits."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = pieces
        self._reader = DigitReader()

    def push(self, token: int) -> str:
        """Takes one id; a piece is certain at once, and ends a character that was being spelled."""
        digit = token - len(self._pieces)
        if digit >= 0:
            return self._reader.push(digit)
        return self._reader.flush() + self._pieces[token]

    def flush(self) -> str:
        """What digits were still spelling, as U+FFFD."""
        return self._reader.flush()
