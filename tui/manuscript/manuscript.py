"""The writer's document: its text, its undo history, and a continuation that is not yet part of it."""

from collections.abc import Callable
from time import monotonic

from tui.manuscript.history import Caret, History, Step
from tui.manuscript.lines import Change, Lines, Location, advance
from tui.manuscript.takes import Take, Takes


class Manuscript:
    """A text that is edited by a person and continued by a model.

    What the model writes is *pending*: it stands in the lines, so that it wraps and scrolls like all text, but not in
    the history, and is dropped or kept as a whole. An edit needs it settled first. Whoever draws the text watches its
    body, which tells of each change as it is made.
    """

    def __init__(self, text: str = "", clock: Callable[[], float] = monotonic) -> None:
        self.body = Lines(text)
        self.history = History(clock)
        self.takes: Takes | None = None  # of the last place that was continued, while they still fit there
        self.pending = False  # whether the shown take stands in the text
        self._version = -1  # of the body, when the takes were last true to it

    @property
    def text(self) -> str:
        """The whole text as it is shown, the pending part included. Costs as much as it is long."""
        return self.body.text

    @property
    def pending_range(self) -> tuple[Location, Location] | None:
        """Where the pending text stands, or None."""
        if not self.pending or self.takes is None:
            return None
        return self.takes.place, advance(self.takes.place, self.takes.shown.text)

    def edit(self, start: Location, end: Location, text: str, before: Caret) -> Change:
        """Replaces a range as one recorded edit; the caret goes behind it. Pending text must be settled first."""
        assert not self.pending, "keep or drop the pending text before editing"
        change = self.body.replace(start, end, text)
        self.history.record(change, before, (change.new_end, change.new_end))
        return change

    def undo(self) -> Step | None:
        """Takes the last step back and returns it; None where there is none."""
        assert not self.pending, "keep or drop the pending text before undoing"
        step = self.history.undo()
        for change in reversed(step.changes) if step else ():
            self.body.replace(change.start, change.new_end, change.removed)
        return step

    def redo(self) -> Step | None:
        """Does the step that was undone last again."""
        assert not self.pending, "keep or drop the pending text before redoing"
        step = self.history.redo()
        for change in step.changes if step else ():
            self.body.replace(change.start, change.end, change.inserted)
        return step

    def begin(self, place: Location, take: Take) -> None:
        """Begins a take at `place`: another one of the same place where its takes still fit, else the first.

        While a take is pending, `place` must be where it stands; it is hidden.
        """
        self._hide()
        if self.takes is not None and self.offers_takes and self.takes.place == place:
            self.takes.add(take)
        else:
            self.takes = Takes(self.body.clamp(place), take)
        self._show()

    def write(self, text: str) -> None:
        """Adds the model's text to the shown take, which must be pending."""
        assert self.takes is not None and self.pending, "begin a take before writing to it"
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        end = advance(self.takes.place, self.takes.shown.text)
        self.takes.shown.text += text
        self._replace(end, end, text)

    @property
    def offers_takes(self) -> bool:
        """Whether the takes still fit: nothing but they themselves has changed the text since."""
        return self.takes is not None and self._version == self.body.version

    def turn(self, steps: int) -> None:
        """Shows the take so many further on, or brings a dropped one back. Needs `offers_takes`."""
        assert self.takes is not None and self.offers_takes
        was_pending = self.pending
        self._hide()
        self.takes.discard_empty()
        if was_pending:
            self.takes.turn(steps)
        self._show()

    def keep(self, caret: Caret) -> bool:
        """Makes the shown take part of the text, as one step of the history; False where there was no text in it.

        `caret` is where the caret is now, and where a redo puts it; an undo puts it where the take begins.
        """
        assert self.takes is not None and self.pending
        place, text = self.takes.place, self.takes.shown.text
        self.takes, self.pending = None, False
        self.history.close()
        if text:
            change = Change(place, place, advance(place, text), "", text)
            self.history.record(change, (place, place), caret, model=True)
        return bool(text)

    def insert_take(self, place: Location, take: Take, text: str, before: Caret) -> Location:
        """Makes `text`, which is of `take`, part of the text at `place`, as one step; returns where it ends."""
        assert not self.pending, "keep or drop the pending text before accepting another"
        self.history.close()
        change = self.body.replace(place, place, text)
        self.history.record(change, before, (change.new_end, change.new_end), model=True)
        return change.new_end

    def drop(self) -> None:
        """Takes the pending text out again. Its takes stay on offer until the text changes."""
        assert self.takes is not None and self.pending
        self._hide()
        self.takes.discard_empty()

    def _hide(self) -> None:
        placed = self.pending_range
        self.pending = False
        if placed is not None:
            self._replace(*placed, "")

    def _show(self) -> None:
        assert self.takes is not None
        self.pending = True
        self._replace(self.takes.place, self.takes.place, self.takes.shown.text)

    def _replace(self, start: Location, end: Location, text: str) -> None:
        """A change outside the history, after which the takes still fit."""
        if start != end or text:
            self.body.replace(start, end, text)
        self._version = self.body.version
