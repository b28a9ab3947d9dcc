"""How surprising a word is: its bits against those of the document's other words."""

from collections.abc import Sequence

FEW = 8  # words; among fewer, none is called surprising


def word_within(text: str) -> tuple[int, int]:
    """Where in a span of surprisal, which has the spaces and marks before it, the word itself stands.

    A span without a letter or digit is all marks: then those.
    """
    start = next((at for at, character in enumerate(text) if character.isalnum()), None)
    if start is None:
        start = len(text) - len(text.lstrip())
    end = start + len(text[start:].rstrip())
    line_end = text.find("\n", start, end)
    return start, end if line_end < 0 else line_end


class Spread:
    """The quartiles of a document's words, in bits, and the three steps that follow from them.

    A word is at step 1 above the upper quartile, at step 2 above that by half the distance between the quartiles, at
    step 3 by one and a half: what Tukey called outside values.
    """

    def __init__(self, bits: Sequence[float]) -> None:
        self._fences: tuple[float, ...] = ()
        if len(bits) >= FEW:
            ordered = sorted(bits)
            lower, upper = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
            self._fences = tuple(upper + share * (upper - lower) for share in (0.0, 0.5, 1.5))

    def step(self, bits: float) -> int:
        """From 0, as expected, to 3, very surprising."""
        return sum(bits > fence for fence in self._fences)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between neighbours in proportion, as numpy does."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])
