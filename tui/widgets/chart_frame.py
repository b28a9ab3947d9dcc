"""What a chart over a run has around it: a title with its legend, the x axis, a crosshair; its mouse zooms and pans."""

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.training.viewport import XAxis
from tui.widgets.chart_axes import places
from tui.widgets.chart_colours import Colours
from tui.widgets.chart_dots import Cells
from tui.widgets.painted import Painted

LEFT = 8  # columns before the plot: seven of a figure and the axis
KEYS_MARK = "▸"  # before the title of the chart that has the keys
WHEEL = 0.8  # how much narrower a view gets with each turn of the wheel


@dataclass(frozen=True)
class Across:
    """The x axis as it is looked at."""

    axis: XAxis = "step"
    start: float = 0.0
    end: float = 1.0
    crosshair: float | None = None
    mark: float | None = None  # the place of the sample that is shown


class ChartFrame(Painted, can_focus=True):
    """Subclasses say what is in the plot, at its left and in its title."""

    DEFAULT_CSS = """
    ChartFrame { height: 1fr; width: 1fr; }
    """

    class Pointed(Message):
        """The pointer is at this place of the x axis, or has left the chart (None)."""

        def __init__(self, place: float | None) -> None:
            super().__init__()
            self.place = place

    class Picked(Message):
        """This place was clicked."""

        def __init__(self, place: float) -> None:
            super().__init__()
            self.place = place

    class Zoomed(Message):
        """The view is to become `factor` times as wide around a place."""

        def __init__(self, factor: float, place: float) -> None:
            super().__init__()
            self.factor = factor
            self.place = place

    class Panned(Message):
        """The view is to move by a share of its width."""

        def __init__(self, share: float) -> None:
            super().__init__()
            self.share = share

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.across = Across()
        self._has_keys = False
        self._held: int | None = None  # the column of the pointer while its button is down
        self._dragged = False

    @property
    def has_keys(self) -> bool:
        """Whether the keys for charts are for this one, of several."""
        return self._has_keys

    @has_keys.setter
    def has_keys(self, has_keys: bool) -> None:
        if has_keys != self._has_keys:
            self._has_keys = has_keys
            self.redraw()

    @property
    def plot_width(self) -> int:
        """Cells across the plot."""
        return max(1, self.size.width - LEFT)

    # What a subclass says.

    def prepare(self, columns: int) -> bool:
        """Makes ready for a plot of so many cells across. False where there is nothing to be drawn."""
        raise NotImplementedError

    def legend(self, colours: Colours) -> list[Text]:
        """The parts of the title, the heading first; called after `prepare`."""
        raise NotImplementedError

    def ticks(self, rows: int) -> list[tuple[int, str]]:
        """Rows of the plot with the labels at its left; called after `prepare`."""
        raise NotImplementedError

    def draw(self, cells: Cells, colours: Colours) -> None:
        """Draws into the plot; called after `prepare`."""
        raise NotImplementedError

    # What is drawn around it.

    def paint(self) -> list[Strip]:
        colours = Colours(self.app)
        width, height = self.size
        base = self.rich_style
        columns = self.plot_width
        there = self.prepare(columns)
        parts = self.legend(colours)
        if self.has_keys and parts:
            parts[0] = Text.assemble((f"{KEYS_MARK} ", colours.strong("accent", bold=True)), parts[0])
        title = self._title(parts, width, most=max(1, height // 5))
        rows = height - len(title) - 1
        if not there or rows < 1 or width <= LEFT + 2:
            return [self._strip(list(line.render(self.app.console)), width, base) for line in title[:height]]
        cells = Cells(columns, rows, base)
        self.draw(cells, colours)
        self._rules(cells, colours)
        labels = dict(self.ticks(rows))
        lines = [self._strip(list(line.render(self.app.console)), width, base) for line in title]
        muted, axis = colours.muted(), colours.strong("border-blurred")
        for row in range(rows):
            label = labels.get(row, "")
            left = [Segment(f"{label[: LEFT - 1]:>{LEFT - 1}}", muted), Segment("┤" if label else "│", axis)]
            lines.append(self._strip([*left, *cells.line(row)], width, base))
        lines.append(self._strip(self._below(columns, muted, axis), width, base))
        return lines

    def _strip(self, segments: list[Segment], width: int, base: Style) -> Strip:
        return Strip(segments).apply_style(base).adjust_cell_length(width, base).simplify()

    def _title(self, parts: list[Text], width: int, most: int) -> list[Text]:
        """The parts side by side, broken between two of them, in at most so many lines."""
        lines = [Text(no_wrap=True, end="")]
        for part in parts:
            if lines[-1].cell_len and lines[-1].cell_len + 2 + part.cell_len > width and len(lines) < most:
                lines.append(Text(no_wrap=True, end=""))
            if lines[-1].cell_len:
                lines[-1].append("  ")
            lines[-1].append_text(part)
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return lines

    def _rules(self, cells: Cells, colours: Colours) -> None:
        """The sample's mark and the crosshair."""
        for place, character, name in ((self.across.mark, "┊", "accent"), (self.across.crosshair, "│", "foreground")):
            if place is not None and self.across.start <= place <= self.across.end:
                column = min(int(self._share(place) * cells.columns), cells.columns - 1)
                cells.rule(column, character, colours.strong(name))
                if character == "┊":
                    cells.put(0, column, "◆", colours.strong(name))

    def _below(self, columns: int, muted: Style, axis: Style) -> list[Segment]:
        """The labels of the x axis, one line."""
        line = [" "] * columns
        across = self.across
        free = 0
        for place, label in places(across.axis, across.start, across.end, max(2, columns // 12)):
            at = min(int(self._share(place) * columns), columns - 1)
            begin = min(max(0, at - len(label) // 2), columns - len(label))
            if begin >= free and begin >= 0:
                line[begin : begin + len(label)] = label
                free = begin + len(label) + 2
        return [Segment(f"{across.axis:>{LEFT - 1}}", muted), Segment("└", axis), Segment("".join(line), muted)]

    def _share(self, place: float) -> float:
        return (place - self.across.start) / ((self.across.end - self.across.start) or 1.0)

    # The mouse.

    def _place(self, x: int) -> float:
        share = min(max((x - LEFT + 0.5) / self.plot_width, 0.0), 1.0)
        return self.across.start + share * (self.across.end - self.across.start)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            self._held, self._dragged = event.x, False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._held is None:
            self.post_message(self.Pointed(self._place(event.x)))
        elif event.x != self._held:
            self.post_message(self.Panned((self._held - event.x) / self.plot_width))
            self._held, self._dragged = event.x, True

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._held is None:
            return
        self.release_mouse()
        self._held = None
        if not self._dragged:
            self.post_message(self.Picked(self._place(event.x)))

    def on_leave(self, _: events.Leave) -> None:
        self.post_message(self.Pointed(None))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Zoomed(WHEEL, self._place(event.x)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Zoomed(1 / WHEEL, self._place(event.x)))
