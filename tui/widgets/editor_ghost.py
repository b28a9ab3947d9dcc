"""Ghost text in the editor: shown, turned, accepted by the word, the line or whole, and dismissed."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.document._document import Selection
from textual.message import Message

from tui.manuscript.ghost import Ghost, Part
from tui.manuscript.takes import Take
from tui.widgets.editor_page import EditorPage


class EditorGhost(EditorPage):
    """At most one ghost, always at the caret."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id)
        self.ghost: Ghost | None = None

    @dataclass
    class GhostChanged(Message):
        """A ghost appeared, turned, shrank, or went: `ghost` is what is shown now."""

        ghost: Ghost | None

    def show_ghost(self, takes: Sequence[Take], *, replacing: bool = False) -> Ghost:
        """Shows the first of these takes at the caret; more can be added to the ghost that is returned.

        With `replacing` an accepted take goes into the place of what is selected, which is shown struck out meanwhile;
        the caret goes to its end. Pending text is kept first. After a take has grown, or one was added, call
        `refresh_ghost`.
        """
        self.keep()
        self.dismiss_ghost()
        self.manuscript.history.close()
        if replacing:
            self.selection = self.selected
        ghost = Ghost(self.caret, takes, self.selection.start if replacing else None)
        self.lay_ghost(ghost)
        return ghost

    def refresh_ghost(self) -> None:
        """Shows what the ghost's takes say now."""
        if self.ghost is not None:
            with self.held():
                self.lay_ghost(self.ghost)

    def dismiss_ghost(self) -> None:
        """Takes the ghost away; nothing happens where there is none. What was seen of it stays as branches."""
        ghost = self.lift_ghost()
        if ghost is not None:
            self.note_ghost(ghost)
            self.lay_ghost(None)

    def turn_ghost(self, steps: int) -> None:
        """Shows the take so many further on."""
        if self.ghost is not None:
            self.ghost.turn(steps)
            self.lay_ghost(self.ghost)

    def pick_ghost(self, number: int) -> None:
        """Shows the take of this number, from 1."""
        if self.ghost is not None and self.ghost.pick(number):
            self.lay_ghost(self.ghost)

    def accept_ghost(self, part: Part = "all") -> None:
        """Makes the next word, line, or all of the ghost text, as one step of the history."""
        ghost = self.ghost
        if ghost is None or ghost.take is None or self.read_only or not (text := ghost.part(part)):
            return
        take = ghost.take
        self.lift_ghost()
        self.note_ghost(ghost, but=take)
        before = (self.selection.start, self.selection.end)
        end = self.manuscript.insert_take(ghost.start, take, text, before, ghost.place)
        self.settle_view(Selection.cursor(end))
        self.lay_ghost(ghost if ghost.consume(text, end) else None)

    def lift_ghost(self) -> Ghost | None:
        """Takes the ghost off the page, so that the text under it can change, and returns it."""
        ghost, self.ghost = self.ghost, None
        if ghost is not None:
            self.layout_.show_ghost(ghost.place, "")
        return ghost

    def note_ghost(self, ghost: Ghost, but: Take | None = None) -> None:
        """Makes branches of the takes that were seen, before the text changes."""
        for take in ghost.seen if not ghost.typed and not self.read_only else ():
            if take is not but:
                self.manuscript.note_take(ghost.start, take, ghost.place)

    def lay_ghost(self, ghost: Ghost | None) -> None:
        """Puts a ghost on the page, or the one that is there anew, or none, and says so."""
        self.ghost = ghost
        self.layout_.show_ghost(ghost.place if ghost else (0, 0), ghost.text if ghost else "")
        self.fit()
        self.repaint()
        self.post_message(self.GhostChanged(ghost))
        if ghost is not None:
            if ghost.take is not None and ghost.take not in ghost.seen:
                ghost.seen.append(ghost.take)
            self.show_caret()

    def line_marks(self, line: int) -> list[tuple[int, int, str]]:
        marks, ghost = super().line_marks(line), self.ghost
        if ghost is not None and ghost.replaces and ghost.text and ghost.start[0] <= line <= ghost.place[0]:
            start = ghost.start[1] if line == ghost.start[0] else 0
            end = ghost.place[1] if line == ghost.place[0] else len(self.manuscript.body.lines[line])
            marks.append((start, end, "editor--replaced"))
        return marks

    def keep(self) -> bool:
        """Makes the pending text the writer's; False where there was none."""
        raise NotImplementedError

    def settle_view(self, selection: Selection) -> None:
        """Brings the view up to date after changes, and the caret to where it belongs."""
        raise NotImplementedError

    def rewrap(self, width: int) -> None:
        super().rewrap(width)
        if self.ghost is not None:
            self.layout_.show_ghost(self.ghost.place, self.ghost.text)
