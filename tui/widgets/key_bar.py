"""The line at the bottom: the keys that do something now. A click on one presses it.

Textual's own footer makes a widget for each key and lays the screen out anew whenever one changes: with every
suggestion that came and went 15 ms, several times, in which nothing else was painted. This is one widget that paints.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.css.query import NoMatches
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.commands.registry import commands_of

SCROLL = 8  # cells that a turn of the wheel moves a line that is too long


class Key(NamedTuple):
    """One key of the line."""

    key: str  # what a click presses
    shown: str
    title: str
    help: str
    enabled: bool


class KeyBar(Widget):
    """Shows a screen's bindings. With `compact` they stand closer together."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        & > .key-bar--key { color: $footer-key-foreground; background: $footer-key-background; text-style: bold; }
        & > .key-bar--title { color: $footer-description-foreground; background: $footer-description-background; }
        & > .key-bar--hovered { color: $footer-key-foreground; background: $block-hover-background; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--title", "key-bar--hovered"}
    ALLOW_SELECT = False

    keys: reactive[tuple[Key, ...]] = reactive(())
    scrolled: reactive[int] = reactive(0)  # cells of the line's beginning that are not shown
    hovered: reactive[int | None] = reactive(None)

    def __init__(self, *, compact: bool = False) -> None:
        super().__init__()
        self._compact = compact

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _changed(self, screen: Screen[object]) -> None:
        if not (self.is_attached and screen.app.app_focus):
            return
        with suppress(NoMatches):  # a screen that is being built or taken down; it tells again once it stands
            self.keys = tuple(_keys(screen))

    def watch_keys(self) -> None:
        self.hovered = None
        self.scrolled = self.validate_scrolled(self.scrolled)

    def validate_scrolled(self, cells: int) -> int:
        """Between nothing and what doesn't fit."""
        length = sum(part.cell_length for _, part in self._parts())
        return max(0, min(cells, length - self.size.width))

    def render_line(self, y: int) -> Strip:
        parts, width = [part for _, part in self._parts()], self.size.width
        if not self.scrolled:  # no key is cut in half
            while len(parts) > 1 and sum(part.cell_length for part in parts) > width:
                parts.pop()
        strip = Strip.join(parts)
        return strip.crop(self.scrolled, self.scrolled + width).adjust_cell_length(width, self.rich_style)

    def _parts(self) -> list[tuple[int | None, Strip]]:
        """Pieces of the line, each with the number of the key that it belongs to, if any."""
        base, key_style = self.rich_style, self.get_component_rich_style("key-bar--key")
        title_style = self.get_component_rich_style("key-bar--title")
        over = self.get_component_rich_style("key-bar--hovered")
        space = Strip([Segment(" ", base)])
        parts: list[tuple[int | None, Strip]] = [(None, space)] if self._compact else []
        for number, key in enumerate(self.keys):
            style = over if number == self.hovered else Style()
            style += Style(dim=True) if not key.enabled else Style()
            shown, title = (key.shown, f" {key.title}") if self._compact else (f" {key.shown} ", f"{key.title} ")
            pieces = [Segment(shown, base + key_style + style), Segment(title, base + title_style + style)]
            parts.append((number, Strip(pieces)))
            if self._compact:
                parts += [(None, space), (None, space)]
        return parts

    # --- the mouse ---

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._at(event.x)
        self.tooltip = self.keys[self.hovered].help or None if self.hovered is not None else None

    def on_leave(self) -> None:
        self.hovered = None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if (number := self._at(event.x)) is None:
            return
        if self.keys[number].enabled:
            self.app.simulate_key(self.keys[number].key)
        else:
            self.app.bell()

    def on_mouse_scroll_down(self) -> None:
        self.scrolled += SCROLL

    def on_mouse_scroll_up(self) -> None:
        self.scrolled -= SCROLL

    def _at(self, x: int) -> int | None:
        """The number of the key at a cell of the widget."""
        x += self.scrolled
        for number, part in self._parts():
            if x < part.cell_length:
                return number
            x -= part.cell_length
        return None


def _keys(screen: Screen[object]) -> Iterable[Key]:
    """The keys that a screen's bindings want shown, once for each action, in the order of the screen's commands."""
    seen = set()
    order = {command.id: number for number, command in enumerate(commands_of(screen))}
    active = sorted(screen.active_bindings.values(), key=lambda each: order.get(each.binding.id or "", -1))
    for _, binding, enabled, help_ in active:
        if binding.show and binding.action not in seen:
            seen.add(binding.action)
            yield Key(binding.key, screen.app.get_key_display(binding), binding.description, help_, enabled)
