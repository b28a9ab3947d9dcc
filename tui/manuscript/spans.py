"""What is known of passages of a text, such as what a word costs: kept by line, and carried along as it changes."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from tui.manuscript.lines import Change, Lines, Location

T = TypeVar("T")


class Spans(Generic[T]):
    """Values for columns of lines. A change costs the lines that it touches, or all spans where lines come or go."""

    def __init__(self, most: int) -> None:
        """Keeps about `most` spans: those that are furthest from the newest ones are forgotten first."""
        self._most = most
        self._lines: dict[int, list[tuple[int, int, T]]] = {}

    def on(self, line: int) -> list[tuple[int, int, T]]:
        """The columns of a line that something is known of, in order: start, end, value."""
        return self._lines.get(line, [])

    def at(self, place: Location) -> T | None:
        """What is known of the characters that a caret at this place stands in, or at the beginning of."""
        return next((value for start, end, value in self.on(place[0]) if start <= place[1] < end), None)

    def values(self) -> Iterator[T]:
        """All of them; a passage of several lines comes once for each."""
        for marks in self._lines.values():
            for _, _, value in marks:
                yield value

    def clear(self) -> None:
        """Forgets everything."""
        self._lines.clear()

    def put(self, body: Lines, start: Location, end: Location, found: list[tuple[Location, Location, T]]) -> None:
        """What is known of the text from `start` to `end` is from now on this: in order, within it."""
        for line in range(start[0], end[0] + 1):
            first = start[1] if line == start[0] else 0
            last = end[1] if line == end[0] else len(body.lines[line]) + 1
            kept = [mark for mark in self.on(line) if mark[1] <= first or mark[0] >= last]
            self._set(line, kept)
        new: dict[int, list[tuple[int, int, T]]] = {}
        for begin, finish, value in found:
            for line in range(begin[0], finish[0] + 1):
                first = begin[1] if line == begin[0] else 0
                last = finish[1] if line == finish[0] else len(body.lines[line])
                if last > first:
                    new.setdefault(line, []).append((first, last, value))
        for line, marks in new.items():
            self._set(line, sorted([*self.on(line), *marks], key=lambda mark: mark[:2]))
        self._forget((start[0] + end[0]) // 2)

    def changed(self, change: Change) -> None:
        """The text was changed: what stood in what was removed is forgotten, and what follows moves."""
        if not self._lines:
            return
        touched = range(change.start[0], change.end[0] + 1)
        if change.end[0] == change.new_end[0]:
            marks = [(line, mark) for line in touched for mark in self._lines.pop(line, [])]
        else:
            old, self._lines = self._lines, {}
            marks = [(line, mark) for line, found in old.items() for mark in found]
        for line, (first, last, value) in marks:
            if (line, last) <= change.start:
                self._lines.setdefault(line, []).append((first, last, value))
            elif (line, first) >= change.end:
                there, column = change.moved((line, first))
                self._lines.setdefault(there, []).append((column, column + last - first, value))

    def _set(self, line: int, marks: list[tuple[int, int, T]]) -> None:
        if marks:
            self._lines[line] = marks
        else:
            self._lines.pop(line, None)

    def _forget(self, near: int) -> None:
        count = sum(map(len, self._lines.values()))
        if count <= self._most:
            return
        for line in sorted(self._lines, key=lambda line: abs(line - near), reverse=True):
            if count <= self._most:
                return
            count -= len(self._lines.pop(line))
