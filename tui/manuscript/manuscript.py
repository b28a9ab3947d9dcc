"""The writer's document: its text, its history, who wrote what, and a continuation that is not yet part of it."""

from collections.abc import Callable
from time import monotonic

from tui.manuscript.history import Caret, History, Node
from tui.manuscript.lines import Change, Lines, Location, advance
from tui.manuscript.provenance import fragment_of
from tui.manuscript.takes import Take, Takes


class Manuscript:
    """A text that is edited by a person and continued by a model.

    What the model writes is *pending*: it stands in the lines, so that it wraps and scrolls like all text, but not in
    the history, and is dropped or kept as a whole. An edit needs it settled first. A take that is dropped, or exchanged
    for another, becomes a node of the history all the same. Whoever draws the text watches its body, which tells of
    each change as it is made.
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

    def settled(self) -> Lines:
        """The text without what is pending; only to be read."""
        placed = self.pending_range
        if placed is None:
            return self.body
        body = self.body.copy()
        body.replace(*placed, "")
        return body

    @property
    def own_share(self) -> float:
        """The share of the characters that is not a model's, from 0 to 1. What is pending is a model's."""
        body = self.body
        pending = 0
        if self.pending and self.takes is not None:
            pending = len(self.takes.shown.text) - self.takes.shown.text.count("\n")
        return 1.0 - (body.by_model + pending) / body.characters if body.characters else 1.0

    # --- the writer's steps ---

    def edit(self, start: Location, end: Location, text: str, before: Caret) -> Change:
        """Replaces a range as one recorded edit; the caret goes behind it. Pending text must be settled first."""
        assert not self.pending, "keep or drop the pending text before editing"
        start, end = sorted((self.body.clamp(start), self.body.clamp(end)))
        within = self.body.take_around(start, end)
        change = self.body.replace(start, end, text, fragment_of(text, -within))
        self.history.record(change, before, (change.new_end, change.new_end))
        return change

    def undo(self) -> Node | None:
        """Takes the last step back and returns it; None where there is none."""
        assert not self.pending, "keep or drop the pending text before undoing"
        step = self.history.undo()
        if step is not None:
            self._take_back(step)
        return step

    def redo(self) -> Node | None:
        """Does the step that was undone last again."""
        assert not self.pending, "keep or drop the pending text before redoing"
        step = self.history.redo()
        if step is not None:
            self._do(step)
        return step

    # --- branches ---

    def go(self, node: Node) -> Caret:
        """Makes the text that of any node of the history; returns where the caret belongs."""
        assert not self.pending, "keep or drop the pending text before going elsewhere"
        back, forth = self.history.go(node)
        for step in back:
            self._take_back(step)
        for step in forth:
            self._do(step)
        return node.after if forth or not back else back[-1].before

    def way_to(self, node: Node) -> list[Change]:
        """The changes that make this text, without what is pending, that of another node. Nothing is done."""
        back, forth = self.history.way(node)
        changes = [change.inverse() for step in back for change in reversed(step.changes)]
        return changes + [change for step in forth for change in step.changes]

    def split(self, caret: Location) -> Node | None:
        """Cuts the step that wrote the text around the caret in two there, so that it can go on otherwise from there.

        Returns the first half, or the step that ends there already; None where what stands before the caret was written
        later than what stands behind it, or by nobody.
        """
        place = caret
        goes_on = False  # whether what stands behind the caret was written there later than what stands before it
        for node in self.history.here.path():
            for index in reversed(range(len(node.changes))):
                change = node.changes[index]
                if change.start < place < change.new_end:
                    return self.history.split(node, index, _between(change, place))
                if change.inserted and place == change.new_end:
                    if not goes_on or index + 1 == len(node.changes):
                        return node if goes_on else None
                    return self.history.split(node, index, len(change.inserted))
                goes_on = goes_on or (bool(change.inserted) and place == change.start)
                if place >= change.new_end:
                    place = change.inverse().moved(place)
        return None

    def _take_back(self, step: Node) -> None:
        for change in reversed(step.changes):
            self.body.make(change.inverse())

    def _do(self, step: Node) -> None:
        for change in step.changes:
            self.body.make(change)

    # --- what the model writes ---

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
        place, take = self.takes.place, self.takes.shown
        self.pending = False
        self.history.close()
        if take.text:
            self.body.replace(place, advance(place, take.text), "")
            self._step(place, take, take.text, (place, place), caret, place)
        self.takes = None
        return bool(take.text)

    def drop(self) -> None:
        """Takes the pending text out again. Its takes stay on offer until the text changes."""
        assert self.takes is not None and self.pending
        self._hide()
        self.takes.discard_empty()

    def insert_take(
        self, place: Location, take: Take, text: str, before: Caret, until: Location | None = None
    ) -> Location:
        """Makes `text`, which is of `take`, part of the text, as one step; returns where it ends.

        It stands at `place`; what was there up to `until` goes.
        """
        assert not self.pending, "keep or drop the pending text before accepting another"
        self.history.close()
        end = advance(place, text)
        self._step(place, take, text, before, (end, end), until or place)
        return end

    def note_take(self, place: Location, take: Take, until: Location | None = None) -> None:
        """Keeps a take that nobody accepted as a branch of the text as it is, unless it is one already."""
        if take.text and not take.node:
            end = advance(place, take.text)
            take.node = self.history.next_number()
            until = until or place
            removed, origins = self.body.between(place, until), self.body.origins_between(place, until)
            made = fragment_of(take.text, take.node)
            self.history.offer(Change(place, until, end, removed, take.text, origins, made), take)

    def offer_take(self, place: Location, take: Take) -> None:
        """Puts a take on offer, as if it had been dropped just now."""
        self.note_take(place, take)
        self.takes, self._version = Takes(place, take), self.body.version

    def _step(self, place: Location, take: Take, text: str, before: Caret, after: Caret, until: Location) -> None:
        """Goes into the take's node where it has one with this text, else into a new one."""
        node = self.history.nodes.get(take.node)
        if node is not None and node.parent is self.history.here and node.said == text:
            self.history.go(node)
            self._do(node)
            return
        number = self.history.next_number()
        change = self.body.replace(place, until, text, fragment_of(text, number))
        take.node = take.node or number  # before the step is recorded: the journal notes it as it is then
        self.history.record(change, before, after, take=take)

    def _hide(self) -> None:
        placed = self.pending_range
        self.pending = False
        if placed is not None:
            self._replace(*placed, "")
            if self.takes is not None:
                self.note_take(placed[0], self.takes.shown)

    def _show(self) -> None:
        assert self.takes is not None
        self.pending = True
        self._replace(self.takes.place, self.takes.place, self.takes.shown.text)

    def _replace(self, start: Location, end: Location, text: str) -> None:
        """A change outside the history, after which the takes still fit."""
        if start != end or text:
            self.body.replace(start, end, text)
        self._version = self.body.version


def _between(change: Change, place: Location) -> int:
    """How many of the inserted characters stand before a place within them."""
    if place[0] == change.start[0]:
        return place[1] - change.start[1]
    lines = change.inserted.split("\n")[: place[0] - change.start[0]]
    return sum(len(line) + 1 for line in lines) + place[1]
