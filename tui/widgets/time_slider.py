"""A slider through a run's samples, drawn as its loss: the mark is where the sample that is shown was written."""

import numpy as np
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.training.growing import Array
from tui.widgets.chart_colours import Colours
from tui.widgets.chart_curves import Curve, columns_of
from tui.widgets.chart_dots import ACROSS, DOWN, Cells, Indices, curve_dots
from tui.widgets.painted import Painted


class TimeSlider(Painted):
    """Two rows of curve over one of places where a sample was written. Click or drag to go there."""

    DEFAULT_CSS = """
    TimeSlider { height: 3; width: 1fr; }
    """

    class Moved(Message):
        """This sample was asked for."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._places: Array = np.empty(0)  # of the samples, ascending
        self._index = -1
        self._curve: Curve | None = None
        self._end = 1.0
        self._held = False

    def show(self, places: Array, index: int, curve: Curve | None, end: float) -> None:
        """Takes the places of the samples, which of them is shown, the loss, and where the run ends."""
        self._places, self._index, self._curve, self._end = places, index, curve, max(end, 1e-9)
        self.redraw()

    def paint(self) -> list[Strip]:
        width = self.size.width
        if width < 1:
            return []
        colours = Colours(self.app)
        cells = Cells(width, self.size.height, self.rich_style)
        rows = max(1, cells.rows - 1)
        part = columns_of(self._curve, 0.0, self._end, width * ACROSS) if self._curve is not None else None
        if part is not None and not np.isnan(part.mean).all():
            low, high = float(np.nanmin(part.mean)), float(np.nanmax(part.mean))
            share = (part.mean - low) / ((high - low) or 1.0)
            dots = np.zeros((cells.rows * DOWN, width * ACROSS), np.bool_)
            dots[: rows * DOWN] = curve_dots(share, share, rows * DOWN)
            cells.draw(dots, colours.muted())
        cells.put(cells.rows - 1, 0, "─" * width, colours.strong("border-blurred"))
        cells.scatter(cells.rows - 1, self._columns(self._places), "┴", colours.muted())
        if 0 <= self._index < len(self._places):
            column = int(self._columns(self._places[self._index : self._index + 1])[0])
            for row in range(rows):
                cells.put(row, column, "┊", colours.strong("accent"))
            cells.put(cells.rows - 1, column, "◆", colours.strong("accent"))
        base = self.rich_style
        return [Strip(cells.line(y)).apply_style(base).adjust_cell_length(width, base) for y in range(cells.rows)]

    def _columns(self, places: Array) -> Indices:
        """The cells of places (N,): (N,)."""
        return np.minimum((places / self._end * self.size.width).astype(np.intp), self.size.width - 1)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._held = True
        self.capture_mouse()
        self._go(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._held:
            self._go(event.x)

    def on_mouse_up(self, _: events.MouseUp) -> None:
        if self._held:
            self._held = False
            self.release_mouse()

    def _go(self, x: int) -> None:
        if len(self._places):
            place = (x + 0.5) / max(1, self.size.width) * self._end
            self.post_message(self.Moved(int(np.abs(self._places - place).argmin())))
