"""Tokens to text where they come from right to left."""

from corpora.tokenizers import Tokenizer

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST = 8  # ids of one character: two digits for each of four bytes


class BackwardDetokenizer:
    """Like `corpora.tokenizers.Detokenizer`, but each text goes before all that came so far.

    The last part of a character comes first here, so what doesn't decode is held back until the parts to its left
    have come. UTF-8 can be read from any place: what decodes from its own beginning stays as it is whatever comes
    before it. What is no UTF-8 becomes U+FFFD.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._held: list[int] = []  # in reading order

    def push(self, token: int) -> str:
        """Takes the id to the left of all before; returns the text that is certain by now, which may be empty."""
        self._held.insert(0, token)
        text = self._tokenizer.decode(self._held)
        if REPLACEMENT in text and len(self._held) < LONGEST and REPLACEMENT in self._tokenizer.decode([token]):
            return ""
        self._held.clear()
        return text

    def flush(self) -> str:
        """Returns what was held back, as if the text began here, and begins anew."""
        text = self._tokenizer.decode(self._held)
        self._held.clear()
        return text
