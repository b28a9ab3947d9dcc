"""Where a caret goes: by cluster, by word, by row. Places in, places out."""

import re
from functools import cache
from typing import TYPE_CHECKING

from tui.manuscript.counting import LETTERS
from tui.manuscript.lines import Lines, Location
from tui.widgets.editor_cells import column_after, column_before, simple, snap, snap_on

if TYPE_CHECKING:
    from regex import Pattern

NEAR = 1000  # characters in which a word's beginning is looked for first
_JOINERS = "['’\u2010-]"
_SIMPLE_WORD = re.compile(rf"\w+(?:{_JOINERS}\w+)*")


def left(body: Lines, place: Location) -> Location:
    """One cluster to the left, or to the end of the line before."""
    line, column = place
    if column:
        return line, column_before(body.lines[line], column)
    return (line - 1, len(body.lines[line - 1])) if line else place


def right(body: Lines, place: Location) -> Location:
    """One cluster to the right, or to the beginning of the next line."""
    line, column = place
    if column < len(body.lines[line]):
        return line, column_after(body.lines[line], column)
    return (line + 1, 0) if line + 1 < len(body.lines) else place


def word_left(body: Lines, place: Location) -> Location:
    """To the beginning of the word, or of the one before."""
    line, column = place
    text = body.lines[line]
    for begin in (max(0, column - NEAR), 0):  # a line may be long
        starts = [match.start() for match in _word(text).finditer(text, begin, column)]
        if starts and (starts[-1] > begin or begin == 0):
            return line, snap(text, starts[-1])
    return (line, 0) if column else left(body, place)


def word_right(body: Lines, place: Location) -> Location:
    """To the end of the word, or of the next one."""
    line, column = place
    text = body.lines[line]
    match = _word(text).search(text, column)
    if match:
        return line, snap_on(text, match.end())
    return (line, len(text)) if column < len(text) else right(body, place)


def word_at(body: Lines, place: Location) -> tuple[Location, Location]:
    """The word around a place, or the run of other characters that it stands in."""
    line, column = place
    text = body.lines[line]
    before = 0
    for match in _word(text).finditer(text):
        start, end = snap(text, match.start()), snap_on(text, match.end())
        if start <= column < end or (column == end == len(text)):
            return (line, start), (line, end)
        if start > column:
            return (line, before), (line, start)
        before = end
    return (line, before), (line, len(text))


def _word(text: str) -> "re.Pattern[str] | Pattern[str]":
    """What finds the words of a line: letters with their marks, each ideograph by itself."""
    return _SIMPLE_WORD if simple(text) else _any_word()


@cache
def _any_word() -> "Pattern[str]":
    from regex import compile as compile_regex  # imported when first needed: most texts never need it

    return compile_regex(rf"{LETTERS}(?:{_JOINERS}{LETTERS})*")


def paragraph_up(body: Lines, place: Location) -> Location:
    """To the beginning of the paragraph, or of the one before."""
    line, column = place
    if column:
        return line, 0
    line -= 1
    while line > 0 and not body.lines[line].strip():
        line -= 1
    return max(line, 0), 0


def paragraph_down(body: Lines, place: Location) -> Location:
    """To the beginning of the next paragraph, or to the end of the text."""
    line = place[0] + 1
    while line < len(body.lines) and not body.lines[line].strip():
        line += 1
    return (line, 0) if line < len(body.lines) else body.end
