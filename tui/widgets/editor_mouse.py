"""The editor under the mouse: a click, a drag, a double click for a word, a triple one for a line."""

from time import monotonic

from textual import events
from textual.document._document import Selection

from tui.manuscript.lines import Location
from tui.widgets import editor_moves as moves
from tui.widgets.editor_page import EditorPage

CHAIN = 0.5  # seconds between two clicks that belong together


class EditorMouse(EditorPage):
    """Clicks put the caret, drags select, by as much as the click took."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id)
        self._clicks = 0
        self._clicked = (0.0, (-1, -1))  # when and where the last click was
        self._anchor: tuple[Location, Location] | None = None  # what the click that began a drag took

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button != 1:
            return
        now, at = monotonic(), (event.screen_x, event.screen_y)
        again = now - self._clicked[0] < CHAIN and at == self._clicked[1]
        self._clicks = self._clicks % 3 + 1 if again else 1
        self._clicked = (now, at)
        place = self._place_under(event)
        if event.shift:
            self._anchor = (self.selection.start, self.selection.start)
        else:
            self._anchor = self._around(place)
        self.capture_mouse()
        self._select_to(place)

    async def _on_mouse_move(self, event: events.MouseMove) -> None:
        if self._anchor is not None:
            self._select_to(self._place_under(event))

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        self._end_drag()

    def _on_hide(self, event: events.Hide) -> None:
        self._end_drag()

    def _end_drag(self) -> None:
        if self._anchor is not None:
            self._anchor = None
            self.release_mouse()

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

    def _place_under(self, event: events.MouseEvent) -> Location:
        return self.layout_.place(event.x - self.gutter.left, event.y - self.gutter.top + self.scroll_offset.y)
