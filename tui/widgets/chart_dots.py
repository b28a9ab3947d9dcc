"""A picture of cells that curves are drawn into with braille dots, two across and four down to a cell."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style

ACROSS, DOWN = 2, 4
BRAILLE = 0x2800
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)  # of the dots of a cell

Floats = npt.NDArray[np.floating]
Dots = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


class Cells:
    """Characters and the styles that they have: (rows, columns). What is drawn later covers what was drawn before."""

    def __init__(self, columns: int, rows: int, style: Style) -> None:
        self.columns, self.rows = columns, rows
        self._characters = np.full((rows, columns), ord(" "), np.uint32)
        self._styles = np.zeros((rows, columns), np.intp)
        self._palette = [style]

    def put(self, row: int, column: int, text: str, style: Style) -> None:
        """Writes text into a row, as far as there is room."""
        if not 0 <= row < self.rows:
            return
        number = self._number(style)
        for at, character in enumerate(text, column):
            if 0 <= at < self.columns:
                self._characters[row, at] = ord(character)
                self._styles[row, at] = number

    def scatter(self, row: int, columns: Indices, character: str, style: Style) -> None:
        """Writes one character into many cells of a row, all of which there are."""
        self._characters[row, columns] = ord(character)
        self._styles[row, columns] = self._number(style)

    def draw(self, dots: Dots, style: Style) -> None:
        """Draws the cells in which dots (rows * 4, columns * 2) are set; the others stay."""
        cells = dots.reshape(self.rows, DOWN, self.columns, ACROSS).transpose(0, 2, 1, 3)
        codes = (cells * _BITS).sum(axis=(2, 3), dtype=np.uint32)
        drawn = codes > 0
        self._characters[drawn] = codes[drawn] + BRAILLE
        self._styles[drawn] = self._number(style)

    def fill(self, characters: npt.NDArray[np.uint32], styles: npt.NDArray[np.intp], palette: Sequence[Style]) -> None:
        """Replaces everything: characters and numbers of styles in `palette`, (rows, columns) each."""
        base = len(self._palette)
        self._palette += palette
        self._characters, self._styles = characters.copy(), styles + base

    def rule(self, column: int, character: str, style: Style) -> None:
        """Draws a vertical line where nothing else is."""
        if 0 <= column < self.columns:
            free = self._characters[:, column] == ord(" ")
            self._characters[free, column] = ord(character)
            self._styles[free, column] = self._number(style)

    def mark(self, column: int, character: str, style: Style) -> None:
        """Puts a character into the lowest free cell of a column, or the lowest where none is free."""
        free = np.flatnonzero(self._characters[:, column] == ord(" "))
        self.put(int(free[-1]) if len(free) else self.rows - 1, column, character, style)

    def line(self, row: int) -> list[Segment]:
        """One row, as few segments as its styles allow."""
        styles = self._styles[row]
        cuts = [0, *(np.flatnonzero(np.diff(styles)) + 1).tolist(), self.columns]
        text = self._characters[row].astype("<u4").tobytes().decode("utf-32-le")
        return [
            Segment(text[start:end], self._palette[styles[start]])
            for start, end in itertools.pairwise(cuts)
            if end > start
        ]

    def _number(self, style: Style) -> int:
        if style not in self._palette:
            self._palette.append(style)
        return self._palette.index(style)


def curve_dots(low: Floats, high: Floats, rows: int) -> Dots:
    """The dots (rows, W) of a curve whose column j reaches from `low[j]` to `high[j]`, (W,) in shares of the height.

    Neighbouring columns are joined; a column that is NaN is a gap. What is beyond the picture is drawn at its edge.
    """
    there = ~np.isnan(low)
    lowest, highest = np.where(there, low, 0.0), np.where(there, high, 0.0)
    top = np.clip(np.floor((1.0 - highest) * rows), 0, rows - 1).astype(np.intp)
    bottom = np.clip(np.floor((1.0 - lowest) * rows), 0, rows - 1).astype(np.intp)
    joined = there[1:] & there[:-1]
    # Where two columns don't touch, the later one is made longer until it does.
    above = joined & (bottom[1:] < top[:-1] - 1)
    below = joined & (top[1:] > bottom[:-1] + 1)
    longer_bottom, longer_top = bottom.copy(), top.copy()
    longer_bottom[1:][above] = top[:-1][above] - 1
    longer_top[1:][below] = bottom[:-1][below] + 1
    row = np.arange(rows)[:, None]
    return np.asarray((row >= longer_top) & (row <= longer_bottom) & there)
