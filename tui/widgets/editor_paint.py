"""Paints one row of the editor: its text in pieces, each in the styles of the marks that cover it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.editor_cells import column_after, expanded, visible
from tui.widgets.editor_layout import Row


class Mark(NamedTuple):
    """A style for some columns of a line as it is shown. Later marks win over earlier ones."""

    start: int
    end: int
    style: Style


def paint(row: Row, marks: Sequence[Mark], caret: int | None, caret_style: Style, base: Style, width: int) -> Strip:
    """The cells of a row, `width` of them. `caret` is its column in the shown line, if it is in this row.

    A mark that goes beyond the line's end covers one cell behind it, as a selected line end does.
    """
    inside = [mark for mark in marks if mark.start < max(row.end, 1) + 1 and mark.end > row.start]
    stops = {row.start, row.end}
    for mark in inside:
        stops.update(stop for stop in (mark.start, mark.end) if row.start < stop < row.end)
    if caret is not None and caret < row.end:
        stops.update((caret, min(column_after(row.shown, caret), row.end)))
    segments: list[Segment] = []
    x = 0
    edges = sorted(stops)
    for start, end in pairwise(edges):
        style = base
        for mark in inside:
            if mark.start <= start < mark.end:
                style += mark.style
        text = expanded(visible(row.shown[start:end].replace("\n", "")), x)
        if caret == start:
            style, text = style + caret_style, text or " "
        if text:
            segments.append(Segment(text, style))
            x += cell_len(text)
    if row.end == len(row.shown):
        if caret == row.end:
            segments.append(Segment(" ", base + caret_style))
            x += 1
        elif any(mark.end > row.end for mark in inside):
            style = base
            for mark in inside:
                if mark.end > row.end:
                    style += mark.style
            segments.append(Segment(" ", style))
            x += 1
    return Strip(segments, x).adjust_cell_length(width, base)
