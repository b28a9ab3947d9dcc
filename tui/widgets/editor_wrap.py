"""Where a line is broken into rows: after spaces and hyphens, between Chinese and Japanese characters.

Never in a cluster. One space may hang over the row's end, so that a word that just fits stays where it is.
"""

import re
from bisect import bisect_right
from itertools import accumulate

from tui.widgets.editor_cells import TAB, clusters, plain, plain_widths, simple

Breaks = tuple[int, ...]  # the columns at which the second and later rows begin

_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\U00020000-\U0003ffff"
_MANY_WIDE = re.compile(f"[{_WIDE}]+")
_IDEOGRAPH = re.compile("[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]")
_NEVER_FIRST = frozenset("、。，．：；！？）」』】〉》〕］｝…—～ー々”’,.!?:;)]}»")
_NEVER_LAST = frozenset("（「『【〈《〔［｛“‘([{«")
_DASHES = "-—–"


def wrap(line: str, width: int) -> Breaks:
    """The breaks of a line for rows of `width` cells. Costs as much as the line is long."""
    width = max(width, 2)
    if len(line) <= width // 2 and "\t" not in line:  # no character but a tab is wider than two cells
        return ()
    if simple(line):
        return _wrap_simple(line, width)
    return _wrap_plain(line, width) if plain(line) else _wrap_clusters(line, width)


def guess_height(line: str, width: int) -> int:
    """About how many rows `wrap` would make, for much less."""
    cells = len(line)
    if cells > width // 2 and not line.isascii():
        cells += sum(map(len, _MANY_WIDE.findall(line)))
    return 1 + max(cells - 1, 0) // max(width, 2)


def _wrap_simple(line: str, width: int) -> Breaks:
    breaks = []
    start, length = 0, len(line)
    while length - start > width:
        end = start + width
        if line[end] == " ":
            if end + 1 == length:
                break
            cut = end + 1
        else:
            cut = line.rfind(" ", start, end) + 1
            for dash in _DASHES:
                cut = max(cut, _after_dash(line, dash, max(start, cut), end))
            if cut <= start:
                cut = end
        breaks.append(cut)
        start = cut
    return tuple(breaks)


def _after_dash(line: str, dash: str, start: int, end: int) -> int:
    """The column after the last such dash that has something before it and a letter after it; 0 without one."""
    at = line.rfind(dash, start, end)
    while at > start:
        if line[at - 1] != " " and line[at + 1 : at + 2].isalpha():
            return at + 1
        at = line.rfind(dash, start, at)
    return 0


def _wrap_plain(line: str, width: int) -> Breaks:
    """As `_wrap_clusters`, row by row: a paragraph of Chinese is as quick as one of English."""
    cells = [0, *accumulate(plain_widths(line))]  # before each column
    breaks = []
    start, length = 0, len(line)
    while cells[length] - cells[start] > width:
        over = bisect_right(cells, cells[start] + width, start) - 1  # the first column that does not fit
        if line[over] == " ":
            over += 1
        if over >= length:
            break
        cut = over
        while cut > start and not _may_break(line, cut, start, cut - 1):
            cut -= 1
        start = cut if cut > start else over
        breaks.append(start)
    return tuple(breaks)


def _wrap_clusters(line: str, width: int) -> Breaks:
    table = clusters(line)
    breaks = []
    start = 0  # column at which the row begins
    x = 0  # cells of the row so far
    chance, chance_x = 0, 0  # the last column at which it may be broken, and the cells before it
    for index, cells in enumerate(table.widths):
        column = table.starts[index]
        if column > start and _may_break(line, column, start, table.starts[index - 1]):
            chance, chance_x = column, x
        tab = line[column] == "\t"
        hangs = line[column : table.starts[index + 1]] == " " and x <= width
        while x + (wide := TAB - x % TAB if tab else cells) > width and not hangs and column > start:
            if chance <= start:
                chance, chance_x = column, x
            breaks.append(chance)
            x, start = x - chance_x, chance
        x += wide
    return tuple(breaks)


def _may_break(line: str, column: int, start: int, previous: int) -> bool:
    """Whether a row that begins at `start` may end before `column`, where the cluster at `previous` ends."""
    before, after = line[previous], line[column]
    if before in " \t":
        return True
    if after in " \t" or after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    if before in _DASHES:
        return after.isalpha() and previous > start and line[previous - 1] != " "
    return _IDEOGRAPH.match(before) is not None or _IDEOGRAPH.match(after) is not None
