"""Where a caret goes: by cluster, by word, by row. Places in, places out."""

import re

from tui.manuscript.lines import Lines, Location
from tui.widgets.editor_cells import column_after, column_before

_WORD = re.compile(r"\w+(?:['’\u2010-]\w+)*")


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
    starts = [match.start() for match in _WORD.finditer(body.lines[line], 0, column)]
    if starts:
        return line, starts[-1]
    return (line, 0) if column else left(body, place)


def word_right(body: Lines, place: Location) -> Location:
    """To the end of the word, or of the next one."""
    line, column = place
    text = body.lines[line]
    match = _WORD.search(text, column)
    if match:
        return line, match.end()
    return (line, len(text)) if column < len(text) else right(body, place)


def word_at(body: Lines, place: Location) -> tuple[Location, Location]:
    """The word around a place, or the run of other characters that it stands in."""
    line, column = place
    text = body.lines[line]
    before = 0
    for match in _WORD.finditer(text):
        if match.start() <= column < match.end() or (column == match.end() == len(text)):
            return (line, match.start()), (line, match.end())
        if match.start() > column:
            return (line, before), (line, match.start())
        before = match.end()
    return (line, before), (line, len(text))


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
