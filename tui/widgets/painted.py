"""A widget whose lines are drawn all at once, when the terminal asks for one: what isn't shown costs nothing."""

from textual import events
from textual.strip import Strip
from textual.widget import Widget


class Painted(Widget):
    """Subclasses paint; `redraw` has them paint anew. So do another theme, style or size."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.paintings = 0  # how often it was drawn
        self._lines: list[Strip] = []
        self._stale = True

    def paint(self) -> list[Strip]:
        """The lines, from the top; what is below them is blank."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draws anew, when it is next seen."""
        self._stale = True
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._stale:
            self._stale = False
            self.paintings += 1
            self._lines = self.paint()
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width, self.rich_style)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def on_resize(self, _: events.Resize) -> None:
        self.redraw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._stale = True
