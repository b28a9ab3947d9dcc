"""The panel of dials: turned by key wherever the focus is, by arrow keys when focused, by mouse always."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.widgets.dial_steps import DIALS, Dial
from tui.write_settings import WriteSettings

VALUE_WIDTH = 8  # cells between minus and plus


class DialPanel(Widget, can_focus=True):
    """One row for each dial. It shows the settings that it is given, and posts the settings that a turn makes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "Dial above", show=False),
        Binding("down", "choose(1)", "Dial below", show=False),
        Binding("left,minus", "turn(-1)", "Down", show=False),
        Binding("right,plus", "turn(1)", "Up", show=False),
        Binding("enter", "ask", "Type a value", show=False),
    ]

    settings: reactive[WriteSettings] = reactive(WriteSettings())
    chosen: reactive[int] = reactive(0)

    @dataclass
    class Turned(Message):
        """A dial was turned; these are the settings now."""

        settings: WriteSettings

    class Asked(Message):
        """The person wants to type the chosen dial's value."""

    @property
    def dial(self) -> Dial:
        """The chosen dial."""
        return DIALS[self.chosen]

    def validate_chosen(self, chosen: int) -> int:
        return chosen % len(DIALS)

    def watch_chosen(self) -> None:
        self.tooltip = self.dial.help

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(DIALS)

    @property
    def _shown(self) -> range:
        """The dials that have room, the chosen one among them."""
        rows = min(self.content_size.height or len(DIALS), len(DIALS))
        first = min(max(self.chosen - rows // 2, 0), len(DIALS) - rows)
        return range(first, first + rows)

    def render(self) -> Content:
        return Content("\n").join([self._row(index, DIALS[index]) for index in self._shown])

    def _row(self, index: int, dial: Dial) -> Content:
        here = index == self.chosen
        value = dial.show(dial.read(self.settings))
        name_width = max(self.size.width - VALUE_WIDTH - 4, 4)
        name = f"{'▸' if here else ' '} {dial.name}"[:name_width].ljust(name_width)
        return Content.assemble(
            (name, "$primary bold" if here else "$foreground-muted"),
            ("− ", "$foreground-muted"),
            (value.rjust(VALUE_WIDTH), "$foreground bold" if here else "$foreground"),
            (" +", "$foreground-muted"),
        )

    def turn(self, clicks: int) -> None:
        """Turns the chosen dial."""
        settings = self.dial.turn(self.settings, clicks)
        if settings != self.settings:
            self.settings = settings
            self.post_message(self.Turned(settings))

    def action_choose(self, rows: int) -> None:
        self.chosen += rows

    def action_turn(self, clicks: int) -> None:
        self.turn(clicks)

    def action_ask(self) -> None:
        self.post_message(self.Asked())

    def on_click(self, event: events.Click) -> None:
        row = event.get_content_offset(self)
        if row is None or not 0 <= row.y < len(self._shown):
            return
        self.chosen = self._shown[row.y]
        from_right = self.content_size.width - row.x
        if from_right <= 2:
            self.turn(1)
        elif VALUE_WIDTH + 2 < from_right <= VALUE_WIDTH + 5:
            self.turn(-1)
        elif event.chain == 2:
            self.post_message(self.Asked())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scrolled(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scrolled(event, -1)

    def _scrolled(self, event: events.MouseEvent, clicks: int) -> None:
        row = event.get_content_offset(self)
        if row is not None and 0 <= row.y < len(self._shown):
            self.chosen = self._shown[row.y]
            self.turn(clicks)
            event.stop()
