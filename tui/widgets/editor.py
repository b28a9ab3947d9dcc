"""The editor: Textual's text area over a `Manuscript`, which owns the text, the undo history and the pending take."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.document._document import EditResult, Selection
from textual.document._document_navigator import DocumentNavigator
from textual.document._edit import Edit
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from tui.manuscript.lines import Change, Location
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.takes import Take
from tui.widgets.manuscript_document import ManuscriptDocument, WrappedManuscript


class Editor(TextArea):
    """A text that is typed by a person and continued by a model.

    Pending text is drawn in the style of ``editor--pending``. Any edit keeps it first.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"editor--pending"}

    @dataclass
    class PendingChanged(Message):
        """A take began, was kept, dropped, or exchanged for another."""

        editor: "Editor"

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        self.manuscript = Manuscript()
        super().__init__(
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
            placeholder=placeholder,
            id=id,
        )
        for key in ("f6", "f7"):  # the text area selects with them; here they turn dials
            self._bindings.key_to_bindings.pop(key, None)

    # --- the document ---

    def open(self, manuscript: Manuscript, caret: Location = (0, 0)) -> None:
        """Shows another manuscript, its caret at the nearest place that exists."""
        self._adopt(manuscript)
        self.move_cursor(manuscript.body.clamp(caret), center=True)
        self.post_message(self.Changed(self))
        self.post_message(self.PendingChanged(self))

    def _set_document(self, text: str, language: str | None) -> None:
        self._adopt(Manuscript(text))

    def _adopt(self, manuscript: Manuscript) -> None:
        self.manuscript.body.watcher = None
        self.manuscript = manuscript
        self.document = ManuscriptDocument(manuscript.body)
        self.wrapped_document = WrappedManuscript(self.document, self.wrap_width, self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        manuscript.body.watcher = self._changed
        self._line_cache.clear()
        self.move_cursor((0, 0))
        self._refresh_size()

    def before_caret(self, limit: int) -> str:
        """The last `limit` characters in front of the caret."""
        return self.manuscript.body.before(self.cursor_location, limit)

    # --- what the model writes ---

    def begin(self, place: Location, take: Take) -> None:
        """Begins a take at `place`; the caret goes there and moves along."""
        self.manuscript.begin(place, take)
        self._settle_view(Selection.cursor(place))
        self.post_message(self.PendingChanged(self))

    def write(self, text: str) -> None:
        """Adds to the pending take. A caret at its end moves along, any other stays where it is in the text."""
        self.manuscript.write(text)
        self._settle_view(self.selection)

    def turn_take(self, steps: int) -> None:
        """Shows the take so many further on; the caret goes to its end."""
        self.manuscript.turn(steps)
        shown = self.manuscript.pending_range
        self._settle_view(Selection.cursor(shown[1]) if shown else self.selection)
        self.post_message(self.PendingChanged(self))

    def keep(self) -> bool:
        """Makes the pending text the writer's; False where there was none."""
        if not self.manuscript.pending:
            return False
        kept = self.manuscript.keep((self.selection.start, self.selection.end))
        self._settle_view(self.selection)
        self.post_message(self.PendingChanged(self))
        return kept

    def drop(self) -> None:
        """Takes the pending text out again."""
        if self.manuscript.pending:
            self.manuscript.drop()
            self._settle_view(self.selection)
            self.post_message(self.PendingChanged(self))

    # --- what the person does ---

    def edit(self, edit: Edit) -> EditResult:
        """Replaces a range as one recorded edit; the caret goes behind it. Pending text is kept first."""
        self.keep()
        text = edit.text.replace("\r\n", "\n").replace("\r", "\n")
        top, bottom = sorted((edit.from_location, edit.to_location))
        if top == bottom and not text:
            return EditResult(bottom, "")
        before = (self.selection.start, self.selection.end)
        change = self.manuscript.edit(top, bottom, text, before)
        self._settle_view(Selection.cursor(change.new_end))
        return EditResult(change.new_end, change.removed)

    def type_text(self, text: str) -> None:
        """Puts a text where the caret is, instead of what is selected, as a step of its own."""
        self.keep()
        self.manuscript.history.close()
        self.replace(text, *self.selection)
        self.manuscript.history.close()

    def undo(self) -> None:
        """Drops pending text, else takes the last step back."""
        if self.manuscript.pending:
            self.drop()
        elif step := self.manuscript.undo():
            self._settle_view(Selection(*step.before))

    def redo(self) -> None:
        """Does the step that was undone last again. Pending text stays as it is, and nothing is redone."""
        if not self.manuscript.pending and (step := self.manuscript.redo()):
            self._settle_view(Selection(*step.after))

    # --- drawing ---

    def _changed(self, change: Change) -> None:
        """Wraps what one change touched, and carries the caret along."""
        self.wrapped_document.wrap_range(change.start, change.end, change.new_end)
        start, end = self.selection
        self.set_reactive(TextArea.selection, Selection(change.moved(start), change.moved(end)))

    def _settle_view(self, selection: Selection) -> None:
        """Brings the view up to date after changes, and the caret to where it belongs."""
        self._line_cache.clear()
        self._refresh_size()
        self.selection = selection
        self.record_cursor_width()
        self.refresh()
        self.post_message(self.Changed(self))

    def get_line(self, line_index: int) -> Text:
        line = Text(self.document.get_line(line_index), end="", no_wrap=True)
        placed = self.manuscript.pending_range
        if placed is not None and placed[0][0] <= line_index <= placed[1][0]:
            start = placed[0][1] if line_index == placed[0][0] else 0
            end = placed[1][1] if line_index == placed[1][0] else len(line)
            line.stylize(self.get_component_rich_style("editor--pending", partial=True), start, end)
        return line

    def render_line(self, y: int) -> Strip:
        """As the text area does it, without reading the whole text to see whether there is any."""
        if self.manuscript.body.end == (0, 0):
            return super().render_line(y)
        scroll_x, scroll_y = self.scroll_offset
        row = y + scroll_y
        on_caret_line = row == self._cursor_offset[1]
        key = (row, scroll_x, self.size, self.selection, self.theme, on_caret_line and self._draw_cursor)
        strip = self._line_cache.get(key)
        if strip is None:
            strip = self._line_cache[key] = self._render_line(y)
        return strip

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """None: in prose a bracket's partner is no help, and looking for one can read the whole text."""
        return None
