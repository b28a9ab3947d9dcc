"""Two texts that began as the same one, made into one: what only one side changed is taken, the rest is to be chosen.

Texts are compared by lines, and by words within lines that both sides changed, as a paragraph is often one line.
The time is bounded: lines that stand once in both texts hold the comparison together, and what is left between two of
them is compared in full only where it is short.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tui.manuscript.counting import IDEOGRAPH, LETTERS

if TYPE_CHECKING:
    from regex import Pattern

Side = Literal["mine", "theirs", "both"]
Block = tuple[int, int, int]  # where it begins in one, where in the other, its length

_IDEOGRAPH = re.compile(IDEOGRAPH)
UNKNOWN = "\0"  # the base of a piece whose base nobody knows; no text holds it
FULL = 250_000  # pairs of lines or words that are compared in full
MOST_WORDS = 20_000  # of a place; longer ones stay whole


@dataclass(frozen=True)
class Piece:
    """A passage in its three forms. Where the two sides are equal nothing is to be chosen."""

    base: str
    mine: str
    theirs: str

    @property
    def differs(self) -> bool:
        """Whether the two sides say different things."""
        return self.mine != self.theirs

    @property
    def merged(self) -> Side | None:
        """The side that changed it; None where both did, and differently."""
        if not self.differs or self.theirs == self.base:
            return "mine"
        return "theirs" if self.mine == self.base else None

    def text(self, side: Side) -> str:
        """What stays. "both" puts mine in front of theirs."""
        if side != "both":
            return self.mine if side == "mine" else self.theirs
        gap = ""
        if self.mine and self.theirs and not self.mine[-1].isspace() and not self.theirs[0].isspace():
            spaced = not (_IDEOGRAPH.match(self.mine[-1]) or _IDEOGRAPH.match(self.theirs[0]))
            gap = "\n" if "\n" in self.mine + self.theirs else " " if spaced else ""
        return self.mine + gap + self.theirs


def merge(base: str | None, mine: str, theirs: str) -> list[Piece]:
    """The pieces of both texts, in order: their parts of each side make up that side's text.

    `base` is what both began as; None where nobody knows, and then every difference is to be chosen.
    """
    if base is None:
        return [
            Piece(one, one, other) if one == other else Piece(UNKNOWN, one, other)
            for one, other in _two(_lines(mine), _lines(theirs))
        ]
    pieces: list[Piece] = []
    for piece in _three(_lines(base), _lines(mine), _lines(theirs)):
        parts = [_words().findall(text) for text in (piece.base, piece.mine, piece.theirs)]
        if piece.merged is None and piece.base and max(map(len, parts)) <= MOST_WORDS:
            pieces.extend(_joined(_three(*parts)))
        else:
            pieces.append(piece)
    return pieces


def alike(one: str, other: str) -> list[tuple[str, str]]:
    """Two texts in pieces, in order, equal ones and others: by words where lines differ. Joined, they are the texts."""
    found = []
    for pair in _two(_lines(one), _lines(other)):
        parts = [_words().findall(text) for text in pair] if pair[0] != pair[1] and all(pair) else []
        found += _two(*parts) if parts and max(map(len, parts)) <= MOST_WORDS else [pair]
    return found


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The same with neighbouring words that changed alike as one place."""
    found: list[Piece] = []
    for piece in pieces:
        alike = len(found) > 1 and found[-2].differs and piece.differs and found[-2].merged == piece.merged
        if alike and not found[-1].differs and found[-1].mine.isspace() and "\n" not in found[-1].mine:
            gap, first = found.pop(), found.pop()
            piece = Piece(
                first.base + gap.base + piece.base,
                first.mine + gap.mine + piece.mine,
                first.theirs + gap.theirs + piece.theirs,
            )
        found.append(piece)
    return found


def _lines(text: str) -> list[str]:
    """The lines with their ends, which are ``\\n`` and nothing else."""
    found = [line + "\n" for line in text.split("\n")]
    found[-1] = found[-1][:-1]
    return found if found[-1] else found[:-1]


def _two(mine: Sequence[str], theirs: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    at = (0, 0)
    for start, other, length in [*blocks(mine, theirs), (len(mine), len(theirs), 0)]:
        found.append(("".join(mine[at[0] : start]), "".join(theirs[at[1] : other])))
        same = "".join(mine[start : start + length])
        found.append((same, same))
        at = start + length, other + length
    return [pair for pair in found if any(pair)]


def _three(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[Piece]:
    """Stretches that all three have, and what stands between them."""
    found = []
    at = (0, 0, 0)
    for start, first, second, length in _shared(base, mine, theirs):
        found.append(Piece("".join(base[at[0] : start]), "".join(mine[at[1] : first]), "".join(theirs[at[2] : second])))
        same = "".join(base[start : start + length])
        found.append(Piece(same, same, same))
        at = start + length, first + length, second + length
    return [piece for piece in found if piece.base or piece.mine or piece.theirs]


def _shared(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Where each stretch that all three have begins in them, and its length; the end is the last, of no length."""
    found = []
    ours, others = blocks(base, mine), blocks(base, theirs)
    i = j = 0
    while i < len(ours) and j < len(others):
        (one, first, length), (two, second, width) = ours[i], others[j]
        start, end = max(one, two), min(one + length, two + width)
        if start < end:
            found.append((start, first + start - one, second + start - two, end - start))
        if one + length < two + width:
            i += 1
        else:
            j += 1
    return [*found, (len(base), len(mine), len(theirs), 0)]


def blocks(one: Sequence[str], other: Sequence[str]) -> list[Block]:
    """Stretches that two sequences have in common, in order."""
    found: list[Block] = []
    waiting = [(0, len(one), 0, len(other))]
    while waiting:
        low, high, left, right = waiting.pop()
        if low == high or left == right:
            continue
        head = 0
        while low + head < high and left + head < right and one[low + head] == other[left + head]:
            head += 1
        tail = 0
        while (
            high - tail > low + head and right - tail > left + head and one[high - tail - 1] == other[right - tail - 1]
        ):
            tail += 1
        if head or tail:
            found.append((low, left, head))
            found.append((high - tail, right - tail, tail))
            waiting.append((low + head, high - tail, left + head, right - tail))
        elif anchors := _anchors(one, other, low, high, left, right):
            ends = [(low - 1, left - 1), *anchors, (high, right)]
            found.extend((at, there, 1) for at, there in anchors)
            waiting.extend((first[0] + 1, second[0], first[1] + 1, second[1]) for first, second in pairwise(ends))
        elif (high - low) * (right - left) <= FULL:
            matcher = SequenceMatcher(None, one[low:high], other[left:right], autojunk=False)
            found.extend((low + at, left + there, length) for at, there, length in matcher.get_matching_blocks())
    return sorted(block for block in found if block[2])


def _anchors(
    one: Sequence[str], other: Sequence[str], low: int, high: int, left: int, right: int
) -> list[tuple[int, int]]:
    """Pairs of places with what stands only once in each stretch: as many as can be had in the order of both."""
    here, there = Counter(one[low:high]), Counter(other[left:right])
    places = {each: at for at, each in enumerate(other[left:right], left) if there[each] == 1}
    pairs = [(at, places[one[at]]) for at in range(low, high) if here[one[at]] == 1 and one[at] in places]
    tops: list[int] = []  # the last place of the best row of each length so far
    rows: list[int] = []  # and which pair that is
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(tops, place)
        before.append(rows[length - 1] if length else -1)
        tops[length : length + 1] = [place]
        rows[length : length + 1] = [number]
    found = []
    number = rows[-1] if rows else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


@cache
def _words() -> "Pattern[str]":
    """Cuts a text into line ends, spaces, words and single other characters; nothing is left out."""
    from regex import compile as compile_regex  # imported when first needed: few texts are ever merged

    return compile_regex(rf"\n|[^\S\n]+|{LETTERS}|[^\w\s]")
