"""A text as ids that follows its edits: only what stands around an edit is encoded anew. Free of torch.

It is kept in segments that end where the tokens of every unit end, whatever stands around: between a space and what is
before it, or between a letter and a mark in a script without spaces. So the ids of all segments, joined, are those of
the whole text.
"""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpora.cleaning.cleaner import clean_text
from corpora.tokenizers import Ids, Tokenizer

SEGMENT = 1000  # characters, at least, but for the last
_EASTERN = "[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5]"
CUT = re.compile(rf"(?<=[^\s\x00-\x1f\x7f-\x9f\ufeff])(?=[ \n])|(?<={_EASTERN})(?=[、。，；：！？「」『』])")


@dataclass(frozen=True)
class Change:
    """What an edit did to the ids: from `first` on, `old` of them became `new` others."""

    first: int
    old: int
    new: int


class EncodedText:
    """The ids of one text under one tokenizer. Offsets are in characters of the text as it was given.

    Each segment is cleaned as corpora are (line ends, NFC) before it is encoded. Not safe from two threads at once.
    """

    def __init__(self, tokenizer: Tokenizer, text: str) -> None:
        self._tokenizer = tokenizer
        self._texts = cut(text)
        self._ids: list[Ids] = [self._encode(part) for part in self._texts]
        self._measure()

    def __len__(self) -> int:
        """How many ids there are."""
        return int(self._id_starts[-1])

    @property
    def characters(self) -> int:
        """The text's length."""
        return int(self._starts[-1])

    def ids(self, start: int, end: int) -> Ids:
        """The ids from one place to another."""
        first = max(0, int(self._id_starts.searchsorted(start, side="right")) - 1)
        last = int(self._id_starts.searchsorted(end, side="left"))
        parts = self._ids[first:last]
        if not parts:
            return np.zeros(0, dtype=np.int32)
        base = int(self._id_starts[first])
        return np.concatenate(parts)[start - base : end - base]

    def before(self, offset: int) -> tuple[int, Ids]:
        """The ids of the text before `offset`: those up to a place are as in the whole text, these follow there.

        Where a token of the whole text goes across the offset they differ from the whole text's own.
        """
        segment = max(0, min(int(self._starts.searchsorted(offset, side="left")) - 1, len(self._texts) - 1))
        part = self._encode(self._texts[segment][: offset - int(self._starts[segment])]) if self._texts else _NONE
        whole = self._ids[segment] if self._texts else _NONE
        same = common(part, whole)
        return int(self._id_starts[segment]) + same, part[same:]

    def edit(self, start: int, end: int, text: str) -> Change:
        """Replaces the characters from `start` to `end`. Raises `ValueError` for a place outside the text."""
        if not 0 <= start <= end <= self.characters:
            raise ValueError(f"{start} to {end} is not within {self.characters} characters")
        if not self._texts:
            self._texts = cut(text)
            self._ids = [self._encode(part) for part in self._texts]
            self._measure()
            return Change(0, 0, len(self))
        # Where two segments meet must stay a place to cut, so an edit that touches it takes both.
        first = max(0, int(self._starts.searchsorted(start, side="left")) - 1)
        last = min(int(self._starts.searchsorted(end, side="right")), len(self._texts))
        base = int(self._starts[first])
        joined = "".join(self._texts[first:last])
        texts = cut(joined[: start - base] + text + joined[end - base :])
        ids = [self._encode(part) for part in texts]
        before = np.concatenate(self._ids[first:last])
        after = np.concatenate(ids) if ids else _NONE
        same = common(before, after)
        tail = min(common(before[::-1], after[::-1]), len(before) - same, len(after) - same)
        change = Change(int(self._id_starts[first]) + same, len(before) - same - tail, len(after) - same - tail)
        self._texts[first:last] = texts
        self._ids[first:last] = ids
        self._measure()
        return change

    def _encode(self, text: str) -> Ids:
        return self._tokenizer.encode(clean_text(text))

    def _measure(self) -> None:
        self._starts = _sums([len(text) for text in self._texts])
        self._id_starts = _sums([len(ids) for ids in self._ids])


_NONE: Ids = np.zeros(0, dtype=np.int32)


def cut(text: str) -> list[str]:
    """The text in segments."""
    parts = []
    start = 0
    while start < len(text):
        match = CUT.search(text, min(start + SEGMENT, len(text)))
        end = match.start() if match else len(text)
        parts.append(text[start:end])
        start = end
    return parts


def common(one: Ids, other: Ids) -> int:
    """How many ids both begin with."""
    shorter = min(len(one), len(other))
    different = one[:shorter] != other[:shorter]
    return int(different.argmax()) if different.any() else shorter


def _sums(lengths: list[int]) -> npt.NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.array(lengths, dtype=np.int64))))
