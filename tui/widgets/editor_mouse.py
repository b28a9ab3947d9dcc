"""The editor under the mouse: a click, a drag, a double click for a word, a triple one for a line."""

from time import monotonic

from textual import events
from textual.document._document import Selection
from textual.geometry import Offset
from textual.timer import Timer

from tui.manuscript.lines import Location
from tui.widgets import editor_moves as moves
from tui.widgets.editor_page import EditorPage

CHAIN = 0.5  # seconds between two clicks that belong together
SCROLL = 0.05  # seconds between two scrolls while a drag is held beside the page


class EditorMouse(EditorPage):
    """Clicks put the caret, drags select, by as much as the click took."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id)
        self._clicks = 0
        self._clicked = (0.0, (-1, -1))  # when and where the last click was
        self._anchor: tuple[Location, Location] | None = None  # what the click that began a drag took
        self._pointer = Offset(0, 0)  # on the page, or beside it
        self._scrolling: Timer | None = None  # while the pointer is held above or below the page

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button != 1:
            return
        now, at = monotonic(), (event.screen_x, event.screen_y)
        again = now - self._clicked[0] < CHAIN and at == self._clicked[1]
        self._clicks = self._clicks % 3 + 1 if again else 1
        self._clicked = (now, at)
        place = self._place_at(self._offset_of(event))
        if event.shift:
            self._anchor = (self.selection.start, self.selection.start)
        else:
            self._anchor = self._around(place)
        self.capture_mouse()
        self._select_to(place)

    async def _on_mouse_move(self, event: events.MouseMove) -> None:
        self._pointer = self._offset_of(event)
        self._drag_on()

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        self._end_drag()

    def _on_hide(self, event: events.Hide) -> None:
        self._end_drag()

    def _end_drag(self) -> None:
        if self._anchor is not None:
            self._anchor = None
            self._stop_scrolling()
            self.release_mouse()

    def _drag_on(self) -> None:
        """Selects to what is under the pointer by now: the page goes on while it is held beside it."""
        if self._anchor is None:
            return
        self._select_to(self._place_at(self._pointer))
        beside = not 0 <= self._pointer.y < self.page_rows
        if beside and self._scrolling is None:
            self._scrolling = self.set_interval(SCROLL, self._drag_on)
        elif not beside:
            self._stop_scrolling()

    def _stop_scrolling(self) -> None:
        if self._scrolling is not None:
            self._scrolling.stop()
            self._scrolling = None

    def _select_to(self, place: Location) -> None:
        """Selects from where the drag began to `place`, in whole words or lines after two or three clicks."""
        assert self._anchor is not None
        start, end = self._around(place)
        first, last = self._anchor
        self.manuscript.history.close()
        self.selection = Selection(last, start) if start < first else Selection(first, end)
        self.show_caret()

    def _around(self, place: Location) -> tuple[Location, Location]:
        """What a click takes: a place, a word, or a line with its end."""
        body = self.manuscript.body
        if self._clicks == 2:
            return moves.word_at(body, place)
        if self._clicks == 3:
            line = place[0]
            return (line, 0), ((line + 1, 0) if line + 1 < len(body.lines) else body.end)
        return place, place

    def _offset_of(self, event: events.MouseEvent) -> Offset:
        return Offset(event.x - self.gutter.left, event.y - self.gutter.top)

    def _place_at(self, offset: Offset) -> Location:
        return self.layout_.place(offset.x, offset.y + self.scroll_offset.y)
