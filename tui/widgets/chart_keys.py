"""One line beneath the charts that says which keys they have, as they are now; a click does the same."""

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

SHARED: tuple[tuple[str, tuple[str, ...]], ...] = (  # what is said, and the commands whose keys stand before it
    ("zoom", ("train.zoom_in", "train.zoom_out")),
    ("whole", ("train.whole",)),
    ("read", ("train.read_left", "train.read_right")),
)
CURVES = (
    *SHARED,
    ("smooth", ("train.rougher", "train.smoother")),
    ("log", ("train.logarithmic",)),
    ("step/token/time", ("train.axis",)),
)
HINTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "loss": (*CURVES, ("other runs", ("train.overlay",)), ("compare two", ("train.compare",))),
    "flow": (*SHARED, ("next layer", ("train.part",)), ("step/token/time", ("train.axis",))),
    "sample": (
        ("earlier, later", ("train.earlier", "train.later")),
        ("first, newest", ("train.first", "train.newest")),
    ),
}
HELP = ("what this shows", ("app.help",))


class ChartKeys(Static):
    """Says the keys for the pane that was last given to `show_for`; what doesn't fit is left out, help last."""

    DEFAULT_CSS = """
    ChartKeys { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; link-color: $primary;
        link-background: transparent; link-style: bold; }
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._pane = "loss"

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        self._write()

    def show_for(self, pane: str) -> None:
        """Says the keys that this pane has."""
        if pane != self._pane:
            self._pane = pane
            self._write()

    def _bindings_changed(self, screen: Screen[object]) -> None:
        self._write()

    def _write(self) -> None:
        if not self.is_attached or not self.screen.is_current:
            return  # Textual's answer would be about the screen that is
        keys = self._keys()
        line = Content("")
        ending = self._hint(*HELP, keys)
        for label, commands in HINTS.get(self._pane, CURVES):
            hint = self._hint(label, commands, keys)
            if hint and line.cell_length + hint.cell_length + ending.cell_length + 4 <= self.size.width:
                line = Content.assemble(line, "  " if line else "", hint)
        self.update(Content.assemble(line, "  " if line else "", ending))

    def _keys(self) -> Mapping[str, tuple[str, str]]:
        """By command: the key that has it now, and its action; without those whose keys something else has."""
        found: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.id and active.enabled:
                space = "app" if active.node is self.app else "screen"
                found.setdefault(binding.id, (self.app.get_key_display(binding), f"{space}.{binding.action}"))
        return found

    def _hint(self, label: str, commands: tuple[str, ...], keys: Mapping[str, tuple[str, str]]) -> Content:
        shown = [keys[command] for command in commands if command in keys]
        if not shown:
            return Content("")
        parts: list[Content | str] = []
        for key, action in shown:
            parts += [Content(key).stylize(Style.from_meta({"@click": action})), " "]
        return Content.assemble(*parts, label)
