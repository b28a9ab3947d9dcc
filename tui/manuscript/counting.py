"""How many words a text has: what stands between spaces, and each character of scripts that use none."""

import re

IDEOGRAPH = "[\u2e80-\u2fff\u3040-\u312f\u3190-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff]"  # a word of its own
# Letters and what is written onto them, for the `regex` module, as \w of `re` leaves marks out.
LETTERS = rf"(?:{IDEOGRAPH}\p{{M}}*|(?:(?!{IDEOGRAPH})\w)+)"
_IDEOGRAPH = re.compile(IDEOGRAPH)
_BETWEEN = re.compile(rf"{IDEOGRAPH}|[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65“”—…·]")
_NEAR = 64  # characters in which an ideograph is looked for


def count_words(text: str) -> int:
    """The words of a text. Punctuation that stands alone counts only where spaces stand around it."""
    if text.isascii() or not _BETWEEN.search(text):
        return len(text.split())
    return len(_IDEOGRAPH.findall(text)) + len(_BETWEEN.sub(" ", text).split())


def word_before(line: str, column: int) -> int:
    """A column at or before this one at which words begin anew, so that both sides can be counted by themselves."""
    start = line.rfind(" ", 0, column) + 1
    for at in range(column, max(start, column - _NEAR), -1):
        if _IDEOGRAPH.match(line[at - 1]):
            return at
    return start


def word_after(line: str, column: int) -> int:
    """A column at or behind this one at which words begin anew."""
    end = line.find(" ", column)
    end = len(line) if end < 0 else end
    for at in range(column, min(end, column + _NEAR)):
        if _IDEOGRAPH.match(line[at]):
            return at
    return end
