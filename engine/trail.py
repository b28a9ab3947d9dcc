"""Digests of what stands before the places of a text: under them states are found again, whatever happened between."""

import hashlib

import numpy as np

from corpora.tokenizers import Ids
from engine.decoder import BLOCK
from engine.encoded_text import EncodedText

DIGEST = 16  # bytes


class Trail:
    """Digests of an encoded text that is edited. A place costs the ids since the last one asked for, or a block's."""

    def __init__(self, text: EncodedText) -> None:
        self._text = text
        self._blocks = [hashlib.blake2b(digest_size=DIGEST)]  # number n has taken the first n * BLOCK ids

    def digest(self, place: int) -> bytes:
        """Of all ids before a place of the text."""
        blocks, rest = divmod(place, BLOCK)
        while len(self._blocks) <= blocks:
            start = (len(self._blocks) - 1) * BLOCK
            last = self._blocks[-1].copy()
            last.update(as_bytes(self._text.ids(start, start + BLOCK)))
            self._blocks.append(last)
        last = self._blocks[blocks]
        if rest:
            last = last.copy()
            last.update(as_bytes(self._text.ids(place - rest, place)))
        return last.digest()

    def edited(self, first: int) -> None:
        """The ids from `first` on have changed."""
        del self._blocks[first // BLOCK + 1 :]


def as_bytes(ids: Ids) -> bytes:
    """What digests are made of."""
    return ids.astype(np.int64).tobytes()
