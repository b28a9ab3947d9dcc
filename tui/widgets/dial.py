"""A dial: a row of choices, one of them taken, turned with the arrow keys or a click."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Dial(Widget, can_focus=True):
    """``Dial([("1 min", "1"), ("2 min", "2")], value="1")``; posts `Dial.Turned`, read `value`."""

    DEFAULT_CSS = """
    Dial { height: 1; width: 1fr; color: $text-muted; }
    Dial > .dial--taken { color: $primary; background: $panel; text-style: bold; }
    Dial:focus > .dial--taken { color: $block-cursor-foreground; background: $block-cursor-background; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"dial--taken"}
    BINDINGS: ClassVar = [
        Binding("left", "turn(-1)", "Less", show=False),
        Binding("right", "turn(1)", "More", show=False),
        Binding("home", "turn(-99)", "First", show=False),
        Binding("end", "turn(99)", "Last", show=False),
    ]

    index: reactive[int] = reactive(0, init=False)

    class Turned(Message):
        """Another choice was taken."""

        def __init__(self, dial: "Dial") -> None:
            super().__init__()
            self.dial = dial

        @property
        def control(self) -> "Dial":
            return self.dial

    def __init__(self, choices: Sequence[tuple[str, str]], *, value: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices = list(choices)
        self.set_reactive(Dial.index, self._index_of(value))

    @property
    def value(self) -> str:
        return self._choices[self.index][1]

    @value.setter
    def value(self, value: str) -> None:
        self.index = self._index_of(value)

    def offer(self, choices: Sequence[tuple[str, str]], *, value: str) -> None:
        """Has other choices from now on, of which this one is taken."""
        self._choices = list(choices)
        self.set_reactive(Dial.index, self._index_of(value))
        self.refresh()
        self.post_message(self.Turned(self))

    def render(self) -> Text:
        taken = self.get_component_rich_style("dial--taken")
        line = Text(no_wrap=True, overflow="ellipsis")
        for index, (label, _) in enumerate(self._choices):
            line.append(f" {label} ", taken if index == self.index else "")
        return line

    def validate_index(self, index: int) -> int:
        return min(max(index, 0), len(self._choices) - 1)

    def watch_index(self) -> None:
        self.post_message(self.Turned(self))

    def action_turn(self, by: int) -> None:
        self.index += by

    def on_click(self, event: events.Click) -> None:
        """Takes the choice under the pointer."""
        column = event.x
        for index, (label, _) in enumerate(self._choices):
            column -= len(label) + 2
            if column < 0:
                self.index = index
                return

    def _index_of(self, value: str) -> int:
        return [choice for _, choice in self._choices].index(value)
