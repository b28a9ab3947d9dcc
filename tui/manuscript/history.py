"""Undo and redo in steps that a writer thinks in: a run of typing, a run of deleting, one paste, one continuation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tui.manuscript.lines import Change, Location

Kind = Literal["typing", "deleting", "edit", "model"]
Caret = tuple[Location, Location]  # where the selection began, where the caret is

PAUSE = 2.0  # seconds without a key that end a run
RUN = 100  # characters that end a run


@dataclass
class Step:
    """What one undo takes back."""

    number: int
    kind: Kind
    before: Caret
    after: Caret
    changes: list[Change] = field(default_factory=list)


class History:
    """The steps behind and ahead of the text as it is. It has no limit: a step is as small as what was typed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._behind: list[Step] = []
        self._ahead: list[Step] = []
        self._numbers = 0
        self._open = False  # whether the last step may still grow
        self._last = 0.0

    @property
    def position(self) -> tuple[int, int]:
        """Names the state of the text: equal positions have equal texts. For "has it changed since it was saved?"."""
        return (self._behind[-1].number, len(self._behind[-1].changes)) if self._behind else (0, 0)

    @property
    def can_undo(self) -> bool:
        return bool(self._behind)

    @property
    def can_redo(self) -> bool:
        return bool(self._ahead)

    def record(self, change: Change, before: Caret, after: Caret, *, model: bool = False) -> None:
        """Notes a change that was made; what was undone and not redone is forgotten."""
        kind = "model" if model else _kind(change)
        now = self._clock()
        if not (self._open and self._joins(kind, change, now)):
            self._numbers += 1
            self._behind.append(Step(self._numbers, kind, before, after))
        step = self._behind[-1]
        step.changes.append(change)
        step.after = after
        self._ahead.clear()
        self._open = kind in ("typing", "deleting") and change.inserted != "\n"
        self._last = now

    def close(self) -> None:
        """Ends the run: what is typed next is a step of its own."""
        self._open = False

    def undo(self) -> Step | None:
        """Takes the last step off, for the caller to take back; None where there is none."""
        return self._move(self._behind, self._ahead)

    def redo(self) -> Step | None:
        """The step that was undone last, for the caller to do again; None where there is none."""
        return self._move(self._ahead, self._behind)

    def _move(self, source: list[Step], target: list[Step]) -> Step | None:
        self._open = False
        if not source:
            return None
        target.append(source.pop())
        return target[-1]

    def _joins(self, kind: Kind, change: Change, now: float) -> bool:
        step = self._behind[-1]
        last = step.changes[-1]
        if step.kind != kind or now - self._last > PAUSE or len(step.changes) >= RUN:
            return False
        if kind == "typing":
            return change.start == last.new_end
        return change.end == last.start or change.start == last.start  # backspace, or delete


def _kind(change: Change) -> Kind:
    if not change.removed and len(change.inserted) == 1:
        return "typing"
    if not change.inserted and len(change.removed) == 1:
        return "deleting"
    return "edit"
