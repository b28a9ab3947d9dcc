"""Text as a list of lines, changed one range at a time. A line ends at ``\\n`` and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Location = tuple[int, int]  # line, column; both from 0, columns in code points


@dataclass(frozen=True)
class Change:
    """One range of text replaced by another: enough to do it, to undo it, and to redraw what it touched."""

    start: Location
    end: Location  # of what was removed, before the change
    new_end: Location  # of what was inserted, after it
    removed: str
    inserted: str

    def inverse(self) -> "Change":
        """The change that takes this one back."""
        return Change(self.start, self.new_end, self.end, removed=self.inserted, inserted=self.removed)

    def moved(self, place: Location) -> Location:
        """Where a place of the text before the change is after it: behind what was inserted, if it was at its end."""
        if place < self.start or place == self.start < self.end:
            return place
        if place < self.end:
            return self.new_end
        rows = self.new_end[0] - self.end[0]
        columns = self.new_end[1] - self.end[1] if place[0] == self.end[0] else 0
        return place[0] + rows, place[1] + columns


class Lines:
    """The lines of a text, with its words counted as they change. A change costs what it touches, not the whole."""

    def __init__(self, text: str = "") -> None:
        self.lines = text.split("\n")
        self.words = sum(len(line.split()) for line in self.lines)
        self.version = 0  # grows with every change
        self.watcher: Callable[[Change], None] | None = None  # told of each change as soon as it is made

    @property
    def text(self) -> str:
        """The whole text. Costs as much as the text is long: not for a key press."""
        return "\n".join(self.lines)

    @property
    def end(self) -> Location:
        """The place after the last character."""
        return len(self.lines) - 1, len(self.lines[-1])

    def clamp(self, place: Location) -> Location:
        """The nearest place that exists."""
        row = min(max(place[0], 0), len(self.lines) - 1)
        return row, min(max(place[1], 0), len(self.lines[row]))

    def between(self, start: Location, end: Location) -> str:
        """The text from `start` to `end`, which must be in order."""
        if start[0] == end[0]:
            return self.lines[start[0]][start[1] : end[1]]
        middle = self.lines[start[0] + 1 : end[0]]
        return "\n".join([self.lines[start[0]][start[1] :], *middle, self.lines[end[0]][: end[1]]])

    def before(self, place: Location, limit: int) -> str:
        """The last `limit` characters in front of `place`, reading no further back than that."""
        row, column = self.clamp(place)
        parts = [self.lines[row][max(0, column - limit) : column]]
        room = limit - len(parts[0])
        while room > 0 and row > 0:
            row -= 1
            line = self.lines[row] + "\n"
            parts.append(line[-room:])
            room -= len(parts[-1])
        return "".join(reversed(parts))

    def replace(self, start: Location, end: Location, text: str) -> Change:
        """Puts `text` where the range was. Places outside the text are clamped, and may come in either order."""
        start, end = sorted((self.clamp(start), self.clamp(end)))
        removed = self.between(start, end)
        old = self.lines[start[0] : end[0] + 1]
        new = text.split("\n")
        last = len(new) - 1
        new_end = (start[0] + last, len(new[last]) + (start[1] if last == 0 else 0))
        new[0] = old[0][: start[1]] + new[0]
        new[last] += old[-1][end[1] :]
        self.lines[start[0] : end[0] + 1] = new
        self.words += _words(new) - _words(old)
        self.version += 1
        change = Change(start, end, new_end, removed, text)
        if self.watcher is not None:
            self.watcher(change)
        return change


def advance(start: Location, text: str) -> Location:
    """Where `text` ends if it begins at `start`."""
    breaks = text.count("\n")
    if breaks == 0:
        return start[0], start[1] + len(text)
    return start[0] + breaks, len(text) - text.rfind("\n") - 1


def _words(lines: Sequence[str]) -> int:
    return sum(len(line.split()) for line in lines)
