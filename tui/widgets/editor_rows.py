"""Which line is at which row: the heights of all lines, in blocks, so that no question and no change looks at them all.

A line's height is a guess until somebody needs its breaks. 5 MB of prose are guessed in a few hundredths of a second.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import isqrt

from tui.widgets.editor_wrap import Breaks, guess_height, wrap

BLOCK = 256  # lines of a new block, or the square root of all lines where that is more; one of twice that is split


class _Block:
    """Consecutive lines: the height of each, and its breaks where they are known."""

    __slots__ = ("breaks", "guesses", "heights", "rows")

    def __init__(self, heights: list[int], breaks: list[Breaks | None]) -> None:
        self.heights = heights
        self.breaks = breaks
        self.rows = sum(heights)
        self.guesses = breaks.count(None)


class Rows:
    """Heights and breaks of the lines of a text, which the caller passes in as they are needed."""

    def __init__(self, lines: Sequence[str], width: int) -> None:
        self.width = width
        self._size = max(BLOCK, isqrt(len(lines)))
        self._blocks = self._cut([guess_height(line, width) for line in lines], [None] * len(lines))
        self._looked = 0  # block at which the search for guesses goes on

    @property
    def total(self) -> int:
        """The height of the whole text."""
        return sum(block.rows for block in self._blocks)

    def breaks(self, lines: Sequence[str], line: int) -> Breaks:
        """The breaks of a line, which are found now if nobody asked before."""
        block, index, _ = self._find_line(line)
        found = block.breaks[index]
        if found is None:
            found = wrap(lines[line], self.width)
            self._set(block, index, found)
        return found

    def walk(self, lines: Sequence[str], line: int) -> Iterator[tuple[int, Breaks]]:
        """Each line from this one on, with its breaks, for as long as the caller goes on."""
        number, first = self._place(line)
        while number < len(self._blocks):
            block = self._blocks[number]
            for index in range(first, len(block.heights)):
                found = block.breaks[index]
                if found is None:
                    found = wrap(lines[line], self.width)
                    self._set(block, index, found)
                yield line, found
                line += 1
            number, first = number + 1, 0

    def known(self, line: int) -> bool:
        """Whether the line's height is exact."""
        block, index, _ = self._find_line(line)
        return block.breaks[index] is not None

    def top(self, line: int) -> int:
        """The row at which a line begins."""
        block, index, above = self._find_line(line)
        return above + sum(block.heights[:index])

    def at(self, row: int) -> tuple[int, int]:
        """The line at a row, and which of its rows that is; the last line's last row for a row below the text."""
        line = 0
        for block in self._blocks:
            if row < block.rows:
                break
            row -= block.rows
            line += len(block.heights)
        else:
            block = self._blocks[-1]
            return line - 1, block.heights[-1] - 1
        for height in block.heights:
            if row < height:
                break
            row -= height
            line += 1
        return line, max(row, 0)

    def replace(self, first: int, last: int, lines: Sequence[str], known: Breaks | None = None) -> None:
        """The lines from `first` to `last` were exchanged for these; their heights are guesses.

        `known` are the breaks of the one new line, where they are known.
        """
        exact = known if len(lines) == 1 else None
        heights = [guess_height(line, self.width) if exact is None else len(exact) + 1 for line in lines]
        breaks: list[Breaks | None] = [exact] * len(lines)
        begin, low = self._place(first)
        end, high = self._place(last)
        touched = self._blocks[begin : end + 1]
        merged = _Block(
            [*touched[0].heights[:low], *heights, *touched[-1].heights[high + 1 :]],
            [*touched[0].breaks[:low], *breaks, *touched[-1].breaks[high + 1 :]],
        )
        too_many = len(merged.heights) > 2 * self._size
        self._blocks[begin : end + 1] = self._cut(merged.heights, merged.breaks) if too_many else [merged]
        self._looked = min(self._looked, begin)

    def refine(self, lines: Sequence[str], characters: int) -> bool:
        """Makes some guesses exact, reading so many characters; False where none is left."""
        while self._looked < len(self._blocks):
            block = self._blocks[self._looked]
            if block.guesses:
                first = sum(len(each.heights) for each in self._blocks[: self._looked])
                for index, breaks in enumerate(block.breaks):
                    if breaks is None:
                        line = lines[first + index]
                        self._set(block, index, wrap(line, self.width))
                        characters -= len(line) + 20
                        if characters <= 0:
                            return True
            self._looked += 1
        return False

    def __iter__(self) -> Iterator[int]:
        """The heights of all lines. For tests."""
        return chain.from_iterable(block.heights for block in self._blocks)

    def _set(self, block: _Block, index: int, breaks: Breaks) -> None:
        block.rows += len(breaks) + 1 - block.heights[index]
        block.heights[index] = len(breaks) + 1
        block.guesses -= block.breaks[index] is None
        block.breaks[index] = breaks

    def _place(self, line: int) -> tuple[int, int]:
        """The number of a line's block, and the line's index in it."""
        for number, block in enumerate(self._blocks):
            if line < len(block.heights):
                return number, line
            line -= len(block.heights)
        raise IndexError("the line is not in the text")

    def _find_line(self, line: int) -> tuple[_Block, int, int]:
        """A line's block, its index in it, and the rows above the block."""
        above = 0
        for block in self._blocks:
            if line < len(block.heights):
                return block, line, above
            line -= len(block.heights)
            above += block.rows
        raise IndexError("the line is not in the text")

    def _cut(self, heights: list[int], breaks: list[Breaks | None]) -> list[_Block]:
        size = self._size
        return [_Block(heights[at : at + size], breaks[at : at + size]) for at in range(0, len(heights), size)]
