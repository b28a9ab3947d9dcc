"""Text as a list of lines, with who wrote what, changed one range at a time. A line ends at ``\\n`` only."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from tui.manuscript.counting import count_words, word_after, word_before
from tui.manuscript.provenance import Fragment, Origin, Runs, cut, join, model_characters, origin_at

Location = tuple[int, int]  # line, column; both from 0, columns in code points


@dataclass(frozen=True)
class Change:
    """One range of text replaced by another: enough to do it, to undo it, and to redraw what it touched."""

    start: Location
    end: Location  # of what was removed, before the change
    new_end: Location  # of what was inserted, after it
    removed: str
    inserted: str
    removed_origins: Fragment = None
    inserted_origins: Fragment = None

    def inverse(self) -> "Change":
        """The change that takes this one back."""
        return Change(
            self.start,
            self.new_end,
            self.end,
            self.inserted,
            self.removed,
            self.inserted_origins,
            self.removed_origins,
        )

    def moved(self, place: Location) -> Location:
        """Where a place of the text before the change is after it: behind what was inserted, if it was at its end."""
        if place < self.start or place == self.start < self.end:
            return place
        if place < self.end:
            return self.new_end
        rows = self.new_end[0] - self.end[0]
        columns = self.new_end[1] - self.end[1] if place[0] == self.end[0] else 0
        return place[0] + rows, place[1] + columns

    def joined(self, later: "Change") -> "Change | None":
        """This change and a later one as one, where both only type or both only delete side by side; else None."""
        if (self.removed_origins, self.inserted_origins, later.removed_origins, later.inserted_origins) != (None,) * 4:
            return None
        if not (self.removed or later.removed) and later.start == self.new_end:
            return Change(self.start, self.end, later.new_end, "", self.inserted + later.inserted)
        if self.inserted or later.inserted:
            return None
        if later.end == self.start:  # backspace
            end = advance(later.start, later.removed + self.removed)
            return Change(later.start, end, later.start, later.removed + self.removed, "")
        if later.start == self.start:  # delete
            return Change(
                self.start,
                advance(self.start, self.removed + later.removed),
                self.start,
                self.removed + later.removed,
                "",
            )
        return None


class Lines:
    """The lines of a text, with its words counted as they change. A change costs what it touches, not the whole."""

    def __init__(self, text: str = "") -> None:
        self.lines = text.split("\n")
        self.origins: list[Runs] = [()] * len(self.lines)
        self.words = sum(map(count_words, self.lines))
        self.characters = len(text) - len(self.lines) + 1  # line ends are nobody's
        self.by_model = 0  # characters that a model wrote
        self.version = 0  # grows with every change
        self.watchers: list[Callable[[Change], None]] = []  # told of each change as soon as it is made

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

    def origins_between(self, start: Location, end: Location) -> Fragment:
        """Who wrote the text from `start` to `end`, which must be in order."""
        rows = self.origins[start[0] : end[0] + 1]
        if not any(rows):
            return None
        ends = [len(line) for line in self.lines[start[0] : end[0]]] + [end[1]]
        starts = [start[1]] + [0] * (len(rows) - 1)
        found = tuple(cut(runs, first, last) for runs, first, last in zip(rows, starts, ends, strict=True))
        return found if any(found) else None

    def take_around(self, start: Location, end: Location) -> Origin:
        """The number of the take that wrote what stands on both sides of a range; 0 where none did."""
        if start[1] == 0 or end[1] >= len(self.lines[end[0]]):
            return 0
        before = abs(origin_at(self.origins[start[0]], start[1] - 1))
        return before if before == abs(origin_at(self.origins[end[0]], end[1])) else 0

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

    def after(self, place: Location, limit: int) -> str:
        """The first `limit` characters behind `place`, reading no further than that."""
        row, column = self.clamp(place)
        parts = [self.lines[row][column : column + limit]]
        room = limit - len(parts[0])
        while room > 0 and row + 1 < len(self.lines):
            row += 1
            parts.append(("\n" + self.lines[row])[:room])
            room -= len(parts[-1])
        return "".join(parts)

    def replace(self, start: Location, end: Location, text: str, origins: Fragment = None) -> Change:
        """Puts `text` where the range was. Places outside the text are clamped, and may come in either order.

        `origins` says who wrote it: the writer, where it is None.
        """
        start, end = sorted((self.clamp(start), self.clamp(end)))
        removed, removed_origins = self.between(start, end), self.origins_between(start, end)
        old = self.lines[start[0] : end[0] + 1]
        new = text.split("\n")
        last = len(new) - 1
        new_end = (start[0] + last, len(new[last]) + (start[1] if last == 0 else 0))
        self._replace_origins(start, end, old, new, origins)
        words = _gained(old, new, start[1], end[1])
        new[0] = old[0][: start[1]] + new[0]
        new[last] += old[-1][end[1] :]
        self.lines[start[0] : end[0] + 1] = new
        self.words += words
        self.characters += sum(map(len, new)) - sum(map(len, old))
        self.version += 1
        change = Change(start, end, new_end, removed, text, removed_origins, origins)
        for watcher in self.watchers:
            watcher(change)
        return change

    def copy(self) -> "Lines":
        """The same text once more, watched by nobody. Costs as much as it has lines."""
        other = copy(self)
        other.lines, other.origins, other.watchers = self.lines.copy(), self.origins.copy(), []
        return other

    def set_origins(self, line: int, runs: Runs) -> None:
        """For a journal: who wrote a line. Raises `ValueError` where that is about a line of another length."""
        if runs and sum(length for length, _ in runs) != len(self.lines[line]):
            raise ValueError("origins of another line")
        self.by_model += model_characters(runs) - model_characters(self.origins[line])
        self.origins[line] = runs

    def make(self, change: Change) -> None:
        """Makes a change that was made before, or an inverse."""
        self.replace(change.start, change.end, change.inserted, change.inserted_origins)

    def _replace_origins(
        self, start: Location, end: Location, old: Sequence[str], new: Sequence[str], origins: Fragment
    ) -> None:
        rows = self.origins[start[0] : end[0] + 1]
        if origins is None and not any(rows):
            if len(old) != len(new):
                self.origins[start[0] : end[0] + 1] = [()] * len(new)
            return
        head, tail = cut(rows[0], 0, start[1]), cut(rows[-1], end[1], len(old[-1]))
        made = list(origins or [()] * len(new))
        made[0] = join((head, start[1]), (made[0], len(new[0])))
        length = len(new[-1]) + (start[1] if len(new) == 1 else 0)
        made[-1] = join((made[-1], length), (tail, len(old[-1]) - end[1]))
        self.origins[start[0] : end[0] + 1] = made
        self.by_model += sum(map(model_characters, made)) - sum(map(model_characters, rows))


def advance(start: Location, text: str) -> Location:
    """Where `text` ends if it begins at `start`."""
    breaks = text.count("\n")
    if breaks == 0:
        return start[0], start[1] + len(text)
    return start[0] + breaks, len(text) - text.rfind("\n") - 1


def _gained(old: Sequence[str], new: Sequence[str], start: int, end: int) -> int:
    """How many words there are more, where `new` stands in the place of `old` from column `start` to column `end`.

    Only the words that the change touches are counted, as a line may be long.
    """
    left, right = word_before(old[0], start), word_after(old[-1], end)
    head, tail = old[0][left:start], old[-1][end:right]
    before = old[0][left:right] if len(old) == 1 else "\n".join([old[0][left:], *old[1:-1], old[-1][:right]])
    return count_words(head + "\n".join(new) + tail) - count_words(before)
