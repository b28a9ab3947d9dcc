"""What the editing keys do, in terms of the page: moving, selecting, deleting, the clipboard."""

import asyncio

from textual.actions import SkipAction
from textual.document._document import Selection
from textual.reactive import Reactive
from textual.scroll_view import ScrollView

from tui.clipboard import Clipboard, find_clipboard
from tui.manuscript.lines import Change, Location
from tui.manuscript.manuscript import Manuscript
from tui.widgets import editor_moves as moves
from tui.widgets.editor_layout import Layout


class EditorActs(ScrollView):
    """The actions of the editor. The widget itself keeps manuscript, layout and selection."""

    manuscript: Manuscript
    layout_: Layout
    read_only: Reactive[bool]
    selection: Reactive[Selection]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.wished_x: int | None = None  # the cell that going up and down holds on to

    # --- what the widget provides ---

    @property
    def caret(self) -> Location:
        """Where the caret is."""
        raise NotImplementedError

    @property
    def selected(self) -> Selection:
        """What is selected, in the order of the text."""
        raise NotImplementedError

    @property
    def page_rows(self) -> int:
        """How many rows the page shows."""
        raise NotImplementedError

    def move_cursor(self, place: Location, *, select: bool = False, center: bool = False) -> None:
        """Puts the caret somewhere; with `select` the selection reaches there from where it began."""
        raise NotImplementedError

    def replace(self, text: str, start: Location, end: Location) -> Change | None:
        """Replaces a range as one recorded edit; None where nothing changes."""
        raise NotImplementedError

    # --- moving ---

    def action_left(self, select: bool = False) -> None:
        start, end = self.selected
        if start != end and not select:
            self.move_cursor(start)
        else:
            self.move_cursor(moves.left(self.manuscript.body, self.caret), select=select)

    def action_right(self, select: bool = False) -> None:
        start, end = self.selected
        if start != end and not select:
            self.move_cursor(end)
        else:
            self.move_cursor(moves.right(self.manuscript.body, self.caret), select=select)

    def action_up(self, select: bool = False) -> None:
        self._move_rows(-1, select)

    def action_down(self, select: bool = False) -> None:
        self._move_rows(1, select)

    def action_page(self, pages: int, select: bool = False) -> None:
        self._move_rows(pages * max(1, self.page_rows - 1), select)

    def action_word_left(self, select: bool = False) -> None:
        self.move_cursor(moves.word_left(self.manuscript.body, self.caret), select=select)

    def action_word_right(self, select: bool = False) -> None:
        self.move_cursor(moves.word_right(self.manuscript.body, self.caret), select=select)

    def action_row_start(self, select: bool = False) -> None:
        self.move_cursor(self.layout_.row_start(self.caret), select=select)

    def action_row_end(self, select: bool = False) -> None:
        self.move_cursor(self.layout_.row_end(self.caret), select=select)

    def action_paragraph_up(self, select: bool = False) -> None:
        self.move_cursor(moves.paragraph_up(self.manuscript.body, self.caret), select=select)

    def action_paragraph_down(self, select: bool = False) -> None:
        self.move_cursor(moves.paragraph_down(self.manuscript.body, self.caret), select=select)

    def action_text_start(self, select: bool = False) -> None:
        self.move_cursor((0, 0), select=select)

    def action_text_end(self, select: bool = False) -> None:
        self.move_cursor(self.manuscript.body.end, select=select)

    def action_select_all(self) -> None:
        self.move_cursor((0, 0))
        self.move_cursor(self.manuscript.body.end, select=True)

    def _move_rows(self, rows: int, select: bool) -> None:
        x, row = self.layout_.offset(self.caret)
        wished = x if self.wished_x is None else self.wished_x
        self.move_cursor(self.layout_.place(wished, row + rows), select=select)
        self.wished_x = wished

    # --- deleting ---

    def action_delete_left(self) -> None:
        self._delete_to(moves.left(self.manuscript.body, self.caret))

    def action_delete_right(self) -> None:
        self._delete_to(moves.right(self.manuscript.body, self.caret))

    def action_delete_word_left(self) -> None:
        self._delete_to(moves.word_left(self.manuscript.body, self.caret))

    def action_delete_word_right(self) -> None:
        self._delete_to(moves.word_right(self.manuscript.body, self.caret))

    def action_delete_to_row_start(self) -> None:
        start = self.layout_.row_start(self.caret)
        self._delete_to(start if start != self.caret else moves.left(self.manuscript.body, self.caret))

    def action_delete_to_line_end(self) -> None:
        line, column = self.caret
        end = len(self.manuscript.body.lines[line])
        self._delete_to((line, end) if column < end else moves.right(self.manuscript.body, self.caret))

    def action_delete_line(self) -> None:
        self._take_lines()

    def _delete_to(self, place: Location) -> None:
        """Deletes the selection, or from the caret to a place where there is none."""
        start, end = self.selected
        if start == end:
            start, end = sorted((self.caret, place))
        self.replace("", start, end)

    def _take_lines(self, *, cut: bool = False) -> str:
        """Deletes the lines of the selection and returns them. A last line that is `cut` leaves an empty one."""
        start, end = self.selected
        last = end[0] - 1 if end[0] > start[0] and end[1] == 0 else end[0]
        body = self.manuscript.body
        if last + 1 < len(body.lines):
            change = self.replace("", (start[0], 0), (last + 1, 0))
            return change.removed if change else ""
        begin = (start[0] - 1, len(body.lines[start[0] - 1])) if start[0] and not cut else (start[0], 0)
        change = self.replace("", begin, body.end)
        return change.removed.removeprefix("\n") + "\n" if change else ""

    # --- clipboard, undo ---

    def action_cut(self) -> None:
        start, end = self.selected
        if self.read_only:
            return
        if start == end:
            taken = self._take_lines(cut=True)
        else:
            taken = self.manuscript.body.between(start, end)
            self.replace("", start, end)
        if taken:
            self.app.copy_to_clipboard(taken)

    def action_copy(self) -> None:
        start, end = self.selected
        if start == end:
            raise SkipAction
        self.app.copy_to_clipboard(self.manuscript.body.between(start, end))

    def action_paste(self) -> None:
        clipboard = find_clipboard()
        if clipboard is None:
            self.type_text(self.app.clipboard)
        else:
            self.run_worker(self._paste(clipboard), group="paste")

    async def _paste(self, clipboard: Clipboard) -> None:
        """Pastes what the desktop's clipboard holds, or else what was copied here last."""
        text = await asyncio.to_thread(clipboard.paste)
        if self.is_attached:
            self.type_text(self.app.clipboard if text is None else text)

    def type_text(self, text: str) -> None:
        """Puts a text where the caret is, instead of what is selected, as a step of its own."""
        raise NotImplementedError

    def undo(self) -> None:
        """Drops pending text, else takes the last step back."""
        raise NotImplementedError

    def redo(self) -> None:
        """Does the step that was undone last again."""
        raise NotImplementedError

    def action_undo(self) -> None:
        self.undo()

    def action_redo(self) -> None:
        self.redo()
