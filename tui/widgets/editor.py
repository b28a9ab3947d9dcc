"""The editor: shows a `Manuscript`, which owns the text, its history and what the model writes into it.

A key costs the lines that it touches and the rows on the screen, whatever the length of the text.
"""

import re
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.document._document import Selection
from textual.message import Message
from textual.reactive import reactive

from tui.commands.command import Command
from tui.commands.editing import EDITOR
from tui.manuscript.history import Node
from tui.manuscript.lines import Change, Location
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.opening import take_over
from tui.manuscript.takes import Take
from tui.terminal_keys import is_bound
from tui.widgets.editor_cells import snap, snap_on
from tui.widgets.editor_ghost import EditorGhost
from tui.widgets.editor_layout import Layout
from tui.widgets.editor_mouse import EditorMouse
from tui.widgets.editor_page import EditorPage

_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no file can hold
JOINERS = "\u200c\u200d\u200e\u200f"  # typed with emoji and bidirectional scripts, though they print nothing
TYPED = {
    "enter": "\n",
    "shift+enter": "\n",
    "shift+space": " ",
}  # some terminals tell of the shift, without a character
IDLE = 0.3  # seconds after a key before guessed heights are made exact
SLICE = 0.05  # seconds between two slices of that work
SLICE_CHARACTERS = 20_000  # read in one slice


class Editor(EditorMouse, EditorGhost, EditorPage, inherit_bindings=False):
    """A text that is typed by a person and continued by a model.

    Pending text is drawn in the style of ``editor--pending``. Any edit keeps it first.
    """

    DEFAULT_CSS = """
    Editor {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        pointer: text;
        & > .editor--cursor { background: $foreground; color: $background; }
        & > .editor--selection { background: $primary-muted; }
        & > .editor--pending { color: $accent; text-style: italic; }
        & > .editor--ghost { text-style: dim italic; }
        & > .editor--replaced { text-style: dim strike; }
        & > .editor--placeholder { text-style: dim; }
        & > .editor--model { color: $accent; }
        & > .editor--edited { color: $warning; }
        & > .editor--copied { color: $error; text-style: underline; }
        & > .editor--surprising-1 { color: $warning; }
        & > .editor--surprising-2 { background: $warning-muted; }
        & > .editor--surprising-3 { background: $warning; color: $background; }
    }
    Editor:nocolor, Editor:ansi, Editor.-few-colours {
        & > .editor--model { text-style: bold; }
        & > .editor--edited { text-style: bold underline; }
        & > .editor--copied { text-style: underline; }
        & > .editor--surprising-1 { color: $foreground; text-style: underline; }
        & > .editor--surprising-2 { background: $background; text-style: bold; }
        & > .editor--surprising-3 { color: $foreground; background: $background; text-style: bold underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [command.binding() for command in EDITOR]
    commands: ClassVar[tuple[Command, ...]] = EDITOR
    can_focus = True

    selection: reactive[Selection] = reactive(Selection.cursor((0, 0)), init=False, repaint=False)
    read_only: reactive[bool] = reactive(False)

    @dataclass
    class Changed(Message):
        """The text, or what is shown of it, is another."""

        editor: "Editor"

    @dataclass
    class SelectionChanged(Message):
        """The caret moved, or the selection grew or shrank."""

        editor: "Editor"

    @dataclass
    class PendingChanged(Message):
        """A take began, was kept, dropped, or exchanged for another."""

        editor: "Editor"

    @dataclass
    class Refused(Message):
        """Somebody tried to change a text that is only to be read here."""

        editor: "Editor"

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id)
        self.adopt(Manuscript())
        self._last_key = 0.0

    def on_mount(self) -> None:
        self._refining = self.set_interval(SLICE, self._refine)
        self.set_class(self.app.console.color_system == "standard", "-few-colours")
        self.fit()

    # --- the document ---

    def open(self, manuscript: Manuscript, caret: Location = (0, 0)) -> None:
        """Shows another manuscript, its caret at the nearest place that exists."""
        self.dismiss_ghost()
        self.adopt(manuscript)
        self.fit()
        self.move_cursor(manuscript.body.clamp(caret), center=True)
        self.refresh_page()
        self._resume_refining()
        self.post_message(self.Changed(self))
        self.post_message(self.PendingChanged(self))

    def adopt(self, manuscript: Manuscript) -> None:
        """Takes a manuscript's text in the place of the one that is shown."""
        if self.manuscript is not None and self._changed in self.manuscript.body.watchers:
            self.manuscript.body.watchers.remove(self._changed)
        self.manuscript = manuscript
        self.layout_ = Layout(manuscript.body, self.layout_.width)
        manuscript.body.watchers.append(self._changed)
        self.set_reactive(Editor.selection, Selection.cursor((0, 0)))

    @property
    def caret(self) -> Location:
        return self.selection.end

    cursor_location = caret  # as Textual's own editors call it

    @property
    def selected(self) -> Selection:
        start, end = sorted(self.selection)
        return Selection(start, end)

    @property
    def selected_text(self) -> str:
        """What is selected."""
        return self.manuscript.body.between(*self.selected)

    # --- what the model writes ---

    def begin(self, place: Location, take: Take) -> None:
        """Begins a take at `place`; the caret goes there and moves along."""
        self.dismiss_ghost()
        self.manuscript.begin(place, take)
        self.settle_view(Selection.cursor(place))
        self.post_message(self.PendingChanged(self))

    def write(self, text: str) -> None:
        """Adds to the pending take. A caret at its end moves along, any other stays where it is in the text."""
        with self.held():
            self.manuscript.write(text)
            self.settle_view(self.selection)

    def turn_take(self, steps: int) -> None:
        """Shows the take so many further on; the caret goes to its end."""
        self.dismiss_ghost()
        self.manuscript.turn(steps)
        shown = self.manuscript.pending_range
        self.settle_view(Selection.cursor(shown[1]) if shown else self.selection)
        self.post_message(self.PendingChanged(self))

    def keep(self) -> bool:
        """Makes the pending text the writer's; False where there was none."""
        if not self.manuscript.pending:
            return False
        selection = self.selection
        kept = self.manuscript.keep((selection.start, selection.end))
        self.settle_view(selection)
        self.post_message(self.PendingChanged(self))
        return kept

    def drop(self) -> None:
        """Takes the pending text out again."""
        if self.manuscript.pending:
            self.manuscript.drop()
            self.settle_view(self.selection)
            self.post_message(self.PendingChanged(self))

    # --- what the person does ---

    def replace(self, text: str, start: Location, end: Location) -> Change | None:
        """Replaces a range as one recorded edit; the caret goes behind it. Pending text is kept first.

        A ghost is consumed by typing what it says, and dismissed by any other edit.
        """
        if self.read_only:
            self.post_message(self.Refused(self))
            return None
        self.keep()
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = text.replace("\0", "")  # a file with one is no text: it could not be opened again
        start, end = sorted((start, end))
        if start == end and not text:
            return None
        ghost = self.lift_ghost()
        typed = ghost is not None and start == end == ghost.place and ghost.says(text)
        if ghost is not None and not typed:
            self.note_ghost(ghost)
        change = self.manuscript.edit(start, end, text, (self.selection.start, self.selection.end))
        line, column = change.new_end
        behind = line, snap_on(self.manuscript.body.lines[line], column)  # it may have joined what follows
        self.settle_view(Selection.cursor(behind))
        if ghost is not None:
            self.lay_ghost(ghost if typed and ghost.consume(text, change.new_end) else None)
        return change

    def type_text(self, text: str) -> None:
        """Puts a text where the caret is, instead of what is selected, as a step of its own."""
        self.keep()
        self.manuscript.history.close()
        self.replace(text, *self.selection)
        self.manuscript.history.close()

    def put(self, take: Take, start: Location, end: Location) -> None:
        """Puts what a model says in the place of a range, as a step of its own that is the model's."""
        if self.read_only:
            self.post_message(self.Refused(self))
            return
        self.dismiss_ghost()
        self.keep()
        start, end = sorted((start, end))
        before = (self.selection.start, self.selection.end)
        self.settle_view(Selection.cursor(self.manuscript.insert_take(start, take, take.text, before, end)))

    def undo(self) -> None:
        """Drops pending text, else takes the last step back."""
        self.dismiss_ghost()
        if self.manuscript.pending:
            self.drop()
        elif self.read_only:
            self.post_message(self.Refused(self))
        elif step := self.manuscript.undo():
            self.settle_view(Selection(*step.before))

    def redo(self) -> None:
        """Does the step that was undone last again. Pending text stays as it is, and nothing is redone."""
        self.dismiss_ghost()
        if not self.manuscript.pending and not self.read_only and (step := self.manuscript.redo()):
            self.settle_view(Selection(*step.after))

    def go(self, node: Node) -> None:
        """Makes the text that of any node of its history."""
        self.dismiss_ghost()
        self.keep()
        self.settle_view(Selection(*self.manuscript.go(node)))

    def take_over(self, text: str) -> None:
        """Exchanges the text for another as one step; only what differs is touched."""
        self.dismiss_ghost()
        self.keep()
        take_over(self.manuscript, text)
        self.settle_view(self.selection)

    def move_cursor(self, place: Location, *, select: bool = False, center: bool = False) -> None:
        """Puts the caret somewhere; with `select` the selection reaches there from where it began.

        Ends a run of typing, and dismisses a ghost that stands elsewhere.
        """
        self.manuscript.history.close()
        self.selection = Selection(self.selection.start, place) if select else Selection.cursor(place)
        self.show_caret(center=center)

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return _prints(key, character)

    async def _on_key(self, event: events.Key) -> None:
        self._last_key = monotonic()
        text = event.character
        if event.key in TYPED and (event.key == "enter" or not is_bound(self.screen, event.key)):
            text = TYPED[event.key]
        if text == "\n" or _prints(event.key, text):
            event.stop()
            event.prevent_default()
            self.replace(text or "", *self.selection)
        elif await self._obey(event.key):
            event.stop()
            event.prevent_default()

    async def _obey(self, key: str) -> bool:
        """Does what a key is bound to at once: on its way up to the app it is overtaken by what is typed next."""
        return self.has_focus and self.screen.is_current and await self.app._check_bindings(key)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.type_text(event.text)

    # --- keeping the page true ---

    def validate_selection(self, selection: Selection) -> Selection:
        """Brings both ends to places that exist, between clusters."""
        body = self.manuscript.body
        start, end = map(body.clamp, selection)
        return Selection((start[0], snap(body.lines[start[0]], start[1])), (end[0], snap(body.lines[end[0]], end[1])))

    def watch_selection(self, old: Selection, new: Selection) -> None:
        self.wished_x = None
        if old == new or not self.is_mounted:
            return
        if self.ghost is not None and self.ghost.place != new.end:
            self.dismiss_ghost()
        self.repaint()
        self.post_message(self.SelectionChanged(self))

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.manuscript.history.close()
        self.refresh_page()

    def _changed(self, change: Change) -> None:
        """Lays out what one change touched, and carries the caret along."""
        self.layout_.changed(change)
        start, end = self.selection
        self.set_reactive(Editor.selection, Selection(change.moved(start), change.moved(end)))

    def settle_view(self, selection: Selection) -> None:
        """Brings the view up to date after changes, and the caret to where it belongs."""
        self.fit()
        self.selection = selection
        self.show_caret()
        self.repaint()
        self._resume_refining()
        self.post_message(self.Changed(self))

    def _resume_refining(self) -> None:
        if self.is_mounted:
            self._refining.resume()

    def _refine(self) -> None:
        """Makes guessed heights exact while nobody types."""
        if monotonic() - self._last_key > IDLE and self.is_on_screen and not self.refine(SLICE_CHARACTERS):
            self._refining.pause()


def _prints(key: str, character: str | None) -> bool:
    if character is None or key.startswith("alt+"):  # a command without a use now, not its letter
        return False
    return character.isprintable() or character in JOINERS
