"""Where each place of a text stands on the page, a ghost at the caret included."""

from bisect import bisect_right
from dataclasses import dataclass

from tui.manuscript.lines import Change, Lines, Location
from tui.widgets.editor_cells import cells_in, column_at, snap
from tui.widgets.editor_rows import Rows
from tui.widgets.editor_wrap import Breaks, wrap


@dataclass(frozen=True)
class Row:
    """One row of the page: the columns from `start` to `end` of what its line shows."""

    line: int
    shown: str  # the whole line as it is shown, a ghost in it included
    start: int
    end: int
    ghost: tuple[int, int] = (0, 0)  # the columns of `shown` that are the ghost's


class Layout:
    """Rows of so many cells over the lines of a text. A change or a question costs the lines that it is about."""

    def __init__(self, body: Lines, width: int) -> None:
        self.body = body
        self.rows = Rows(body.lines, width)
        self._ghost: tuple[Location, str] | None = None

    @property
    def width(self) -> int:
        """The cells of a row."""
        return self.rows.width

    @property
    def height(self) -> int:
        """The rows of the whole text."""
        return self.rows.total

    def changed(self, change: Change) -> None:
        """The text was changed. A ghost must be taken away before that."""
        self.rows.replace(change.start[0], change.end[0], self.body.lines[change.start[0] : change.new_end[0] + 1])

    def show_ghost(self, place: Location, text: str) -> None:
        """Lets `text` stand at `place`, what follows behind it; an empty one takes the ghost away."""
        if self._ghost is not None:
            line = self._ghost[0][0]
            self._ghost = None
            self.rows.replace(line, line, [self.body.lines[line]])
        if text:
            self._ghost = place, text
            line = place[0]
            shown = self.shown(line)
            self.rows.replace(line, line, [shown], _wrap_with_ends(shown, self.width))

    @property
    def ghost_end(self) -> int:
        """The last row of the ghost; -1 where there is none."""
        if self._ghost is None:
            return -1
        (line, column), text = self._ghost
        return self.rows.top(line) + bisect_right(self.breaks(line), column + len(text) - 1)

    def shown(self, line: int) -> str:
        """A line as it is shown: with the ghost, where that stands in it."""
        text = self.body.lines[line]
        if self._ghost is not None and self._ghost[0][0] == line:
            column = self._ghost[0][1]
            return text[:column] + self._ghost[1] + text[column:]
        return text

    def breaks(self, line: int) -> Breaks:
        """The columns of a shown line at which its second and later rows begin."""
        return self.rows.breaks(self.body.lines, line)

    def find(self, number: int) -> tuple[int, int]:
        """The line that stands at a row, and which of its rows that is; the last one for a row below the text."""
        while True:
            line, index = self.rows.at(number)
            if self.rows.known(line):
                return line, index
            self.breaks(line)  # its height was a guess

    def page(self, first: int, count: int) -> list[Row]:
        """What stands in the rows from `first` on: fewer than `count` at the end of the text."""
        if first >= self.height:
            return []
        found: list[Row] = []
        line, index = self.find(max(first, 0))
        for line, breaks in self.rows.walk(self.body.lines, line):  # noqa: B020
            found.extend(self._row(line, each, breaks) for each in range(index, len(breaks) + 1))
            index = 0
            if len(found) >= count:
                break
        return found[:count]

    def row_of(self, place: Location) -> Row:
        """The row in which a place stands."""
        breaks = self.breaks(place[0])
        return self._row(place[0], bisect_right(breaks, self.to_shown(place)), breaks)

    def offset(self, place: Location) -> tuple[int, int]:
        """Cell and row of a place."""
        row = self.row_of(place)
        index = bisect_right(self.breaks(place[0]), row.start) if row.start else 0
        return cells_in(row.shown, row.start, self.to_shown(place)), self.rows.top(place[0]) + index

    def place(self, x: int, row_number: int) -> Location:
        """The place nearest to a cell of a row. Above the text its beginning, below it its end."""
        if row_number < 0:
            return (0, 0)
        if row_number >= self.height:
            return self.body.end
        line, index = self.find(row_number)
        row = self._row(line, index, self.breaks(line))
        column = column_at(row.shown, row.start, row.end, x)
        if column == row.end and row.end < len(row.shown):  # that is where the next row begins
            column = snap(row.shown, column - 1)
        return line, self._from_shown(line, column)

    def row_start(self, place: Location) -> Location:
        """Where the row of a place begins."""
        row = self.row_of(place)
        return row.line, self._from_shown(row.line, row.start)

    def row_end(self, place: Location) -> Location:
        """The last place of the row of a place."""
        row = self.row_of(place)
        column = row.end if row.end == len(row.shown) else snap(row.shown, row.end - 1)
        return row.line, self._from_shown(row.line, column)

    def settle(self, first: int, count: int) -> int:
        """Makes the heights of the lines exact that stand in so many rows from `first` on, and in as many before.

        Returns how far down that moves what stands at `first`.
        """
        line, index = self.find(max(first, 0))
        top = self.rows.top(line)
        for each, _ in self.rows.walk(self.body.lines, max(0, line - count)):
            if each >= line:
                break
        seen = -index
        for _, breaks in self.rows.walk(self.body.lines, line):
            seen += len(breaks) + 1
            if seen >= count:
                break
        return self.rows.top(line) - top

    def refine(self, anchor: int, characters: int) -> tuple[int, bool]:
        """Makes some guessed heights exact: how far that moves what stands at row `anchor`, and whether some are left.

        Reads about so many characters.
        """
        line, index = self.find(max(anchor, 0))
        more = self.rows.refine(self.body.lines, characters)
        return self.rows.top(line) + index - max(anchor, 0), more

    def _row(self, line: int, index: int, breaks: Breaks) -> Row:
        shown = self.shown(line)
        start = breaks[index - 1] if index else 0
        end = breaks[index] if index < len(breaks) else len(shown)
        if self._ghost is not None and self._ghost[0][0] == line:
            column = self._ghost[0][1]
            return Row(line, shown, start, end, (column, column + len(self._ghost[1])))
        return Row(line, shown, start, end)

    def to_shown(self, place: Location) -> int:
        """A place's column in its line as it is shown."""
        if self._ghost is not None and self._ghost[0][0] == place[0] and place[1] > self._ghost[0][1]:
            return place[1] + len(self._ghost[1])
        return place[1]

    def _from_shown(self, line: int, column: int) -> int:
        if self._ghost is None or self._ghost[0][0] != line:
            return column
        start, length = self._ghost[0][1], len(self._ghost[1])
        return column if column <= start else max(start, column - length)


def _wrap_with_ends(text: str, width: int) -> Breaks:
    """The breaks of a line that shows line ends of a ghost: it is broken at each of them too."""
    breaks: list[int] = []
    start = 0
    for part in text.split("\n"):
        if start:
            breaks.append(start)
        breaks.extend(start + column for column in wrap(part, width))
        start += len(part) + 1
    return tuple(breaks)
