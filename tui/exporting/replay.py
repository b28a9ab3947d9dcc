"""A writing session as JSON lines that can be played again: see the section on exporting in ``docs/usage.md``."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from corpora.errors import InputError
from tui.exporting.tree import ChangeEntry, Entry, beginning, entry, in_order
from tui.manuscript.lines import Lines, Location, advance
from tui.manuscript.manuscript import Manuscript

FORMAT = 1


class Beginning(msgspec.Struct, frozen=True):
    """The first line."""

    format: int
    replay: str  # the document's name
    start: str  # the text at the beginning
    here: int  # the node whose text stands at the end


class Event(msgspec.Struct, frozen=True):
    """Each other line: so many seconds after the first one, this step was made."""

    at: float
    step: Entry


def replay(manuscript: Manuscript, name: str) -> bytes:
    """The file: every step that was ever made, in the order of time, those of other branches too."""
    nodes = in_order(manuscript.history)
    first = next((node.made for node in nodes if node.made), 0.0)
    lines = [msgspec.json.encode(Beginning(FORMAT, name, beginning(manuscript), manuscript.history.here.number))]
    at = 0.0
    for node in nodes:
        at = max(at, round(node.made - first, 3))
        lines.append(msgspec.json.encode(Event(at, entry(node))))
    return b"\n".join(lines) + b"\n"


@dataclass(frozen=True)
class Moment:
    """A state of the text while it is played: what it is, where it changed, and who changed it."""

    at: float  # seconds after the beginning
    text: Lines
    place: Location
    who: str
    step: int  # how many steps were made by then
    node: int


class Recording:
    """A replay file that was read."""

    def __init__(self, data: bytes, name: str) -> None:
        """Raises `InputError` where it is none."""
        lines = [line for line in data.split(b"\n") if line]
        try:
            self.head = msgspec.json.decode(lines[0], type=Beginning)
            self.events = [msgspec.json.decode(line, type=Event) for line in lines[1:]]
        except (IndexError, ValueError, msgspec.MsgspecError, RecursionError) as error:
            raise InputError(f"{name} is no replay. Make one with `pantoum export --format replay`.") from error
        if self.head.format > FORMAT:
            raise InputError(f"{name} was written by a newer Pantoum (format {self.head.format}). Update Pantoum.")
        self.name = name

    def play(self) -> Iterator[Moment]:
        """The states one after the other; typed text letter by letter, all else at once. Ends with the final text.

        Raises `InputError` where a step doesn't fit the text.
        """
        body = Lines(self.head.start)
        steps: dict[int, Entry] = {}
        here = 0
        for number, event in enumerate(self.events, 1):
            step = event.step
            if step.node in steps or step.node == 0 or (step.parent and step.parent not in steps):
                raise InputError(f"{self.name} is damaged: its step {number:,} goes on from none that is there.")
            steps[step.node] = step
            self._go(body, steps, here, step.parent)
            here = step.node
            who = step.model or {"outside": "another program"}.get(step.kind, "you")
            for change in step.changes:
                for place in _make(body, change, by_letter=step.kind == "typing"):
                    yield Moment(event.at, body, place, who, number, here)
        if self.head.here != here and (self.head.here in steps or self.head.here == 0):
            self._go(body, steps, here, self.head.here)
            last = self.events[-1].at if self.events else 0.0
            yield Moment(last, body, body.end, "", len(self.events), self.head.here)

    def _go(self, body: Lines, steps: dict[int, Entry], start: int, goal: int) -> None:
        """From the text of one step to that of another."""
        forth = list(_path(steps, goal))
        shared = {0, *forth}
        while start not in shared:
            for change in reversed(steps[start].changes):
                body.replace(change.start, advance(change.start, change.inserted), change.removed)
            start = steps[start].parent
        for node in reversed(forth[: forth.index(start)] if start else forth):
            for change in steps[node].changes:
                body.replace(change.start, change.end, change.inserted)


def _path(steps: dict[int, Entry], node: int) -> Iterator[int]:
    while node:
        yield node
        node = steps[node].parent


def _make(body: Lines, change: ChangeEntry, *, by_letter: bool) -> Iterator[Location]:
    """Makes a change, and says after each part of it where it ended."""
    if not by_letter or change.removed:
        yield body.replace(change.start, change.end, change.inserted).new_end
        return
    place = change.start
    for letter in change.inserted:
        place = body.replace(place, place, letter).new_end
        yield place
