"""How a line of text stands in the cells of a terminal: its grapheme clusters and how wide each of them is.

Nothing in the editor goes by code points: the caret, a selection, a deletion and a wrap never cut a cluster in two.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from rich.cells import cell_len

TAB = 4  # cells from one tab stop to the next
LONG = 256  # characters of a line from which it pays to remember what it is like
HUGE = 20_000  # characters of a line of which only a few are remembered

# A terminal obeys control characters, so a text that holds some must never reach it as it is. Each is shown as one
# cell, so that columns on the screen are columns of the text. Tabs become spaces when they are drawn.
PICTURES = {code: 0x2400 + code for code in range(0x20) if code != 0x09}
PICTURES |= {0x7F: 0x2421, 0x2028: 0x2424, 0x2029: 0x2424}
PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
PICTURES |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

# Characters of one cell that never join their neighbours: a line of these alone needs no table of its clusters.
_SIMPLE = re.compile("[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026]*")
# Characters that never join either, most of two cells: Chinese, Japanese and Korean without marks of their own.
_WIDE = (
    "\u3000-\u3029\u3041-\u3096\u309b-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60\U00020000-\U0002a6df"
)
_PLAIN = re.compile(f"{_SIMPLE.pattern[:-2]}\u25a0-\u25a1{_WIDE}]*")
_FIRST_WIDE = "\u3000"


def visible(line: str) -> str:
    """The line with every control character as a picture of itself, code point for code point."""
    return line if line.isprintable() else line.translate(PICTURES)


def simple(line: str) -> bool:
    """Whether each code point of the line is a cluster of one cell."""
    if len(line) < LONG:
        return _SIMPLE.fullmatch(line) is not None
    return _simple_long(line) if len(line) < HUGE else _simple_huge(line)


def _matches(line: str) -> bool:
    return _SIMPLE.fullmatch(line) is not None


_simple_long = lru_cache(maxsize=1024)(_matches)  # each row of a line asks
_simple_huge = lru_cache(maxsize=8)(_matches)


@dataclass(frozen=True)
class Clusters:
    """The grapheme clusters of a line; cluster i is ``line[starts[i]:starts[i + 1]]``."""

    starts: list[int]  # code points, the line's length as the last one
    widths: list[int]  # cells; a tab's is 0 here, as it depends on where it stands

    def snap(self, column: int) -> int:
        """The boundary at `column`, or the next one before it."""
        return self.starts[bisect_right(self.starts, column) - 1]

    def before(self, column: int) -> int:
        """The last boundary before `column`; 0 at the line's beginning."""
        return self.starts[max(0, bisect_left(self.starts, column) - 1)]

    def after(self, column: int) -> int:
        """The first boundary behind `column`; the line's length at its end."""
        return self.starts[min(len(self.starts) - 1, bisect_right(self.starts, column))]


def clusters(line: str) -> Clusters:
    """The clusters of a line that is not `simple`. Costs as much as the line is long, once."""
    return _clusters_long(line) if len(line) < HUGE else _clusters_huge(line)


def plain(line: str) -> bool:
    """Whether each code point of the line is a cluster, and none a tab."""
    return _PLAIN.fullmatch(line) is not None


def plain_widths(line: str) -> list[int]:
    """The cells of each code point of a plain line."""
    return [1 if character < _FIRST_WIDE else 2 for character in line]


def _clusters(line: str) -> Clusters:
    if plain(line):
        return Clusters(list(range(len(line) + 1)), plain_widths(line))
    from regex import compile as compile_regex  # imported when first needed: most texts never need it

    parts = compile_regex(r"\X").findall(line)
    widths = [0 if part == "\t" else cell_len(visible(part)) for part in parts]
    return Clusters([0, *accumulate(map(len, parts))], widths)


_clusters_long = lru_cache(maxsize=512)(_clusters)
_clusters_huge = lru_cache(maxsize=4)(_clusters)


def snap(line: str, column: int) -> int:
    """The cluster boundary at `column`, or the next one before it."""
    column = min(max(column, 0), len(line))
    return column if simple(line) else clusters(line).snap(column)


def snap_on(line: str, column: int) -> int:
    """The cluster boundary at `column`, or the next one behind it."""
    there = snap(line, column)
    return there if there >= column else column_after(line, column)


def column_before(line: str, column: int) -> int:
    """One cluster to the left; 0 at the line's beginning."""
    return max(column - 1, 0) if simple(line) else clusters(line).before(column)


def column_after(line: str, column: int) -> int:
    """One cluster to the right; the line's length at its end."""
    return min(column + 1, len(line)) if simple(line) else clusters(line).after(column)


def cells_in(line: str, start: int, end: int) -> int:
    """The cells from column `start`, where a row begins, to column `end` of the same row."""
    if simple(line):
        return end - start
    x = 0
    for column, width in _cells(line, start, end):
        x += width or (TAB - x % TAB if line[column] == "\t" else 0)
    return x


def column_at(line: str, start: int, end: int, x: int) -> int:
    """The boundary nearest to cell `x` of a row that shows the columns from `start` to `end`."""
    if simple(line):
        return min(start + max(x, 0), end)
    at = 0
    for column, width in _cells(line, start, end):
        width = width or (TAB - at % TAB if line[column] == "\t" else 0)
        if at + width > x:
            return column if x - at <= (width - 1) / 2 else min(column_after(line, column), end)
        at += width
    return end


def expanded(text: str, x: int) -> str:
    """`text` with its tabs as spaces, where it begins at cell `x` of its row."""
    parts = text.split("\t")
    drawn = [parts[0]]
    x += cell_len(parts[0])
    for part in parts[1:]:
        gap = TAB - x % TAB
        drawn.append(" " * gap + part)
        x += gap + cell_len(part)
    return "".join(drawn)


def _cells(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Column and width of each cluster from `start` to `end`; a tab has width 0."""
    table = clusters(line)
    index = bisect_left(table.starts, start)
    while index < len(table.widths) and table.starts[index] < end:
        yield table.starts[index], table.widths[index]
        index += 1
