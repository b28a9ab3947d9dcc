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
NAME_WIDTH = 13  # cells of the longest name, with its mark
SLIDER = 4  # cells at least that a slider has; it is drawn where there is room for that


@dataclass
class Pressed:
    """Where a mouse button went down."""

    dial: int
    x: int  # column of the screen, or of where it was dragged to
    slides: bool  # whether on the dial's slider
    dragged: bool = False


class DialPanel(Widget, can_focus=True):
    """One row for each dial. It shows the settings that it is given, and posts the settings that a turn makes.

    Where the panel is wide each dial has a slider; where it is narrow the name's background is one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "Dial above", show=False),
        Binding("down", "choose(1)", "Dial below", show=False),
        Binding("left,minus", "turn(-1)", "Down", show=False),
        Binding("right,plus", "turn(1)", "Up", show=False),
        Binding("enter", "ask", "Type a value", show=False),
    ]

    ALLOW_SELECT = False  # what is dragged is a dial

    settings: reactive[WriteSettings] = reactive(WriteSettings())
    chosen: reactive[int] = reactive(0)
    _pressed: Pressed | None = None

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
        self.tooltip = None  # it would lie over the dials below: a pointer that moves brings one back

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
        if len(value) > VALUE_WIDTH:
            value = f"…{value[1 - VALUE_WIDTH :]}"
        slider, share, off = self._slider, dial.share(self.settings), value == "off"
        name_width = slider.start if slider else max(self.size.width - VALUE_WIDTH - 4, 4)
        name = f"{'▸' if here else ' '} {dial.name}"[:name_width].ljust(name_width)
        style = "$primary bold" if here else "$foreground-muted"
        if slider:
            left, right = _track(share, len(slider)) if share is not None else ("", " " * len(slider))
            parts = [
                (name, style),
                (left, "$surface-lighten-2" if off else "$primary" if here else "$foreground-muted"),
                (f"{right} ", "$surface-lighten-2"),
            ]
        else:
            upto = 0 if off else round((share or 0.0) * name_width)
            parts = [(name[:upto], f"{style} on $surface-lighten-2"), (name[upto:], style)]
        return Content.assemble(
            *parts,
            ("− ", "$foreground-muted"),
            (value.rjust(VALUE_WIDTH), "$foreground bold" if here else "$foreground"),
            (" +", "$foreground-muted"),
        )

    @property
    def _slider(self) -> range:
        """The columns of the sliders; none where there is no room for them."""
        width = self.size.width - VALUE_WIDTH - 4 - NAME_WIDTH - 2
        return range(NAME_WIDTH + 1, NAME_WIDTH + 1 + width) if width >= SLIDER else range(0)

    def turn(self, clicks: int) -> None:
        """Turns the chosen dial."""
        self._turn_to(self.dial.turn(self.settings, clicks))

    def _turn_to(self, settings: WriteSettings) -> None:
        self.tooltip = None
        if settings != self.settings:
            self.settings = settings
            self.post_message(self.Turned(settings))

    def action_choose(self, rows: int) -> None:
        self.chosen += rows

    def action_turn(self, clicks: int) -> None:
        self.turn(clicks)

    def action_ask(self) -> None:
        self.post_message(self.Asked())

    def on_mouse_down(self, event: events.MouseDown) -> None:
        row = event.get_content_offset(self)
        if row is None or not 0 <= row.y < len(self._shown):
            self._pressed = None
            return
        index = self._shown[row.y]
        slides = row.x in self._slider and DIALS[index].share(self.settings) is not None
        self._pressed = Pressed(index, event.screen_x, slides)
        self.capture_mouse()
        if self._pressed.slides:
            self._slide(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Its slider follows the pointer; dragged elsewhere in its row, a dial turns one step for each cell."""
        pressed = self._pressed
        if pressed is None or self.app.mouse_captured is not self:
            row = event.get_content_offset(self)
            self.tooltip = DIALS[self._shown[row.y]].help if row is not None and row.y < len(self._shown) else None
            return
        if event.screen_x == pressed.x:
            return
        self.chosen, pressed.dragged = pressed.dial, True
        if pressed.slides:
            self._slide(event)
        else:
            self.turn(event.screen_x - pressed.x)
        pressed.x = event.screen_x

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _slide(self, event: events.MouseEvent) -> None:
        """Turns the pressed dial to where the pointer is."""
        assert self._pressed is not None
        self.chosen = self._pressed.dial
        column = event.screen_x - self.content_region.x - self._slider.start
        self._turn_to(self.dial.at(self.settings, column / (len(self._slider) - 1)))

    def on_click(self, event: events.Click) -> None:
        row, pressed = event.get_content_offset(self), self._pressed
        if row is None or pressed is None or pressed.dragged:
            return
        self.chosen = pressed.dial
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


def _track(share: float, width: int) -> tuple[str, str]:
    """The two parts of a slider, before and behind where it stands, to half a cell."""
    halves = round(share * 2 * width)
    left = "━" * (halves // 2) + "╸" * (halves % 2)
    return left, "─" * (width - len(left))
