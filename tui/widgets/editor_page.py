"""The editor's page: which rows of the text are on the screen, and how they are painted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from tui.manuscript.lines import Lines
from tui.manuscript.manuscript import Manuscript
from tui.widgets.editor_acts import EditorActs
from tui.widgets.editor_layout import Layout, Row
from tui.widgets.editor_paint import Mark, paint
from tui.widgets.editor_wrap import wrap

Colouring = Callable[[int], list[tuple[int, int, str]]]  # a line's marks: columns and component class
FIRST_WIDTH = 80  # cells, until the screen says how many there are


class EditorPage(EditorActs):
    """Scrolls and paints. Knows the manuscript's text, and asks for the styles of each line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "editor--cursor",
        "editor--selection",
        "editor--pending",
        "editor--ghost",
        "editor--replaced",
        "editor--placeholder",
        "editor--model",
        "editor--edited",
        "editor--copied",
        "editor--surprising-1",
        "editor--surprising-2",
        "editor--surprising-3",
    }
    ALLOW_SELECT = False

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.placeholder = placeholder
        self.colouring: Colouring | None = None
        self.manuscript = Manuscript()
        self.layout_ = Layout(Lines(), FIRST_WIDTH)
        self._page: list[Row] | None = None
        self._drawn_thumb: tuple[int, ...] = ()  # of the scrollbar
        self._styles: dict[int, list[Mark]] = {}  # of the page's lines
        self._keys: list[_Key | None] | None = None  # of the page as it was painted last
        self._look: _Look | None = None
        self._painted: dict[tuple[_Key, _Look], Strip] = {}
        self._repaints = False  # whether a painting is about to happen
        self._away = False  # whether the page stays where it is, wherever the caret goes

    # --- what others add ---

    def line_marks(self, line: int) -> list[tuple[int, int, str]]:
        """Columns of a line of the text and the component class that they are shown in; later ones win.

        For those who colour the text: who wrote it, how surprising it is, where it was copied from.
        """
        marks = self.colouring(line) if self.colouring is not None else []
        placed = self.manuscript.pending_range
        if placed is not None and placed[0][0] <= line <= placed[1][0]:
            start = placed[0][1] if line == placed[0][0] else 0
            end = placed[1][1] if line == placed[1][0] else len(self.manuscript.body.lines[line])
            if end > start:
                marks.append((start, end, "editor--pending"))
        return marks

    def colour(self, colouring: Colouring | None) -> None:
        """Colours the text so from now on; None for not at all."""
        self.colouring = colouring
        self.refresh_page()

    def provenance(self, line: int) -> list[tuple[int, int, str]]:
        """A colouring: what a model wrote, and what the writer put into that."""
        marks = []
        at = 0
        for length, origin in self.manuscript.body.origins[line]:
            if origin:
                marks.append((at, at + length, "editor--model" if origin > 0 else "editor--edited"))
            at += length
        return marks

    # --- size and scrolling ---

    @property
    def page_rows(self) -> int:
        return max(1, self.scrollable_content_region.height)

    @property
    def _cells(self) -> int:
        return self.scrollable_content_region.width

    def fit(self) -> None:
        """Brings the scrollbar up to date with the text, and makes the heights around the page exact."""
        self._page = None
        top = self.scroll_offset.y
        moved = self.layout_.settle(top, 2 * self.page_rows)
        self._set_height()
        if moved:
            self.scroll_to(y=top + moved, animate=False, force=True)

    def _set_height(self) -> None:
        size = Size(self._cells, self.layout_.height)
        if size != self.virtual_size:
            # assigning would lay the whole screen out again, for a scrollbar that is always there
            self.set_reactive(Widget.virtual_size, size)
            if (thumb := self._thumb()) != self._drawn_thumb:  # a long text is laid out in a hundred slices
                self._drawn_thumb = thumb
                self._scroll_update(size)
            else:  # what that does, without painting
                self.vertical_scrollbar.set_reactive(ScrollBar.window_virtual_size, size.height)
                self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def _thumb(self) -> tuple[int, ...]:
        """What of the text is in view, as drawn by a scrollbar of eighths of cells: where that begins and its size."""
        height, rows = max(1, self.virtual_size.height), self.page_rows
        return rows, self._cells, 8 * rows * self.scroll_offset.y // height, 8 * rows * rows // height

    def on_resize(self, event: events.Resize) -> None:
        width = max(self._cells - 1, 2)  # the last cell is the caret's
        if width != self.layout_.width:
            line, _ = self.layout_.find(self.scroll_offset.y)
            self.rewrap(width)
            self._page = None
            self._set_height()
            self.scroll_to(y=self.layout_.rows.top(line), animate=False, force=True)
        self._look = None
        self.fit()
        self.show_caret()
        self.refresh_page()

    def rewrap(self, width: int) -> None:
        """Lays the whole text out anew, in rows of this many cells."""
        self.layout_ = Layout(self.manuscript.body, width)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        self._page = None
        super().watch_scroll_y(old_value, new_value)
        self._keys = None
        if round(old_value) != round(new_value):
            self.fit()

    def refine(self, characters: int) -> bool:
        """Makes some guessed heights exact, without moving the page; False where none is left."""
        top = self.scroll_offset.y
        moved, more = self.layout_.refine(top, characters)
        self._set_height()
        if moved:
            self.scroll_to(y=top + moved, animate=False, force=True)
        return more

    @contextmanager
    def held(self) -> Iterator[None]:
        """While a model changes the text: whoever has scrolled away from the caret goes on looking at the same rows."""
        top, row, height = self.scroll_offset.y, self.layout_.offset(self.caret)[1], self.layout_.height
        if top <= row < top + self.page_rows:
            yield
            return
        self._away = True
        try:
            yield
        finally:
            self._away = False
        if row < top and self.layout_.height != height:
            self.scroll_to(y=top + self.layout_.height - height, animate=False, force=True)

    def show_caret(self, *, center: bool = False) -> None:
        """Scrolls as far as it takes to have the caret on the page, and of a ghost behind it as much as fits."""
        if not self.is_mounted or self._away:
            return
        _, row = self.layout_.offset(self.caret)
        top, rows = self.scroll_offset.y, self.page_rows
        last = max(row, self.layout_.ghost_end)
        if center and not top <= row < top + rows:
            target = row - rows // 2
        elif row < top:
            target = row
        elif last >= top + rows:
            target = min(last - rows + 1, row)
        else:
            target = top
        if target != top:
            self.scroll_to(y=max(target, 0), animate=False, force=True)
        if self.has_focus:
            x, row = self.layout_.offset(self.caret)
            region = self.content_region
            self.app.cursor_position = Offset(region.x + x, region.y + row - self.scroll_offset.y)

    # --- painting ---

    def notify_style_update(self) -> None:
        self._painted.clear()
        self._look = None
        self.refresh_page()
        super().notify_style_update()

    def refresh_page(self) -> None:
        """Paints everything anew."""
        self._page = self._keys = None
        self.refresh()

    def repaint(self) -> None:
        """Paints the rows that have changed since the last time, soon."""
        if self.is_mounted and not self._repaints:
            self._repaints = True
            self.call_later(self._repaint)

    def _repaint(self) -> None:
        self._repaints = False
        before = self._keys
        self._keys = keys = None if self._shows_placeholder else [self._key(y) for y in range(self.page_rows)]
        if before is None or keys is None or len(before) != len(keys):
            self.refresh()
        elif changed := [y for y, key in enumerate(keys) if key != before[y]]:
            self.refresh(*(Region(0, y, self._look_now.cells, 1) for y in changed))

    @property
    def _look_now(self) -> "_Look":
        if self._look is None:
            cursor = self.get_component_rich_style("editor--cursor", partial=True)
            self._look = _Look(self.rich_style, cursor, self.scrollable_content_region.width)
        return self._look

    def _key(self, y: int) -> "_Key | None":
        """All that decides how a row of the page looks; None where the text doesn't reach."""
        if self._page is None:
            self._page, self._styles = self.layout_.page(self.scroll_offset.y, self.page_rows), {}
        if y >= len(self._page) or self._shows_placeholder:
            return None
        row = self._page[y]
        return row, tuple(self._marks(row)), self._caret_in(row)

    def render_line(self, y: int) -> Strip:
        look, key = self._look_now, self._key(y)
        if key is None:
            return self._placeholder_row(y, look) if self._shows_placeholder else Strip.blank(look.cells, look.base)
        strip = self._painted.get((key, look))
        if strip is None:
            if len(self._painted) > 1000:
                self._painted.clear()
            strip = self._painted[key, look] = paint(*key, look.cursor, look.base, look.cells)
        return strip

    def _caret_in(self, row: Row) -> int | None:
        """The caret's column in a row, if it is there and to be seen."""
        if not self.has_focus or row.line != self.caret[0]:
            return None
        there = self.layout_.row_of(self.caret)
        return self.layout_.to_shown(self.caret) if there.start == row.start else None

    def _marks(self, row: Row) -> list[Mark]:
        """Those that cover some of a row, or the cell behind its end."""
        line, shown = row.line, self.layout_.to_shown
        marks = self._line_styles(line)
        begin, finish = self.selected
        if begin != finish and begin[0] <= line <= finish[0]:
            first = shown((line, begin[1])) if line == begin[0] else 0
            last = shown((line, finish[1])) if line == finish[0] else len(row.shown) + 1
            marks = [*marks, Mark(first, last, self.get_component_rich_style("editor--selection", partial=True))]
        marks = [mark for mark in marks if mark.end > row.start and mark.start <= max(row.end, 1)]
        if row.ghost[1]:
            marks.append(Mark(*row.ghost, self.get_component_rich_style("editor--ghost", partial=True)))
        return marks

    def _line_styles(self, line: int) -> list[Mark]:
        """What a line is coloured in where it is on the page: made once for all its rows."""
        found = self._styles.get(line)
        if found is None:
            rows = [row for row in self._page or () if row.line == line]
            shown, names = self.layout_.to_shown, dict[str, Style]()
            found = self._styles[line] = []
            for start, end, name in self.line_marks(line):
                first, last = shown((line, start)), shown((line, end))
                if last > rows[0].start and first <= max(rows[-1].end, 1):
                    style = names.get(name) or self.get_component_rich_style(name, partial=True)
                    names[name] = style
                    found.append(Mark(first, last, style))
        return found

    @property
    def _shows_placeholder(self) -> bool:
        return (
            bool(self.placeholder)
            and self.manuscript.body.end == (0, 0)
            and self.layout_.height == 1
            and (not self.layout_.shown(0))
        )

    def _placeholder_row(self, y: int, look: "_Look") -> Strip:
        breaks = [0, *wrap(self.placeholder, max(look.cells - 1, 2)), len(self.placeholder)]
        if y + 1 >= len(breaks):
            return Strip.blank(look.cells, look.base)
        row = Row(0, self.placeholder, breaks[y], breaks[y + 1])
        style = self.get_component_rich_style("editor--placeholder", partial=True)
        caret = 0 if y == 0 and self.has_focus else None
        return paint(row, (Mark(0, row.end, style),), caret, look.cursor, look.base, look.cells)


class _Look(NamedTuple):
    """What all rows have in common."""

    base: Style
    cursor: Style
    cells: int


_Key = tuple[Row, tuple[Mark, ...], int | None]
