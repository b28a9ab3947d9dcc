"""The one line on top of every mode: where you are, where you can go, and whether something is training."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from tui.commands.key_names import with_keys

TIGHT = 96  # columns below which a note takes the place of the palette's hint
MODES = (
    ("library", "{F2|app.library} Library"),
    ("train", "{F3|app.train} Train"),
    ("write", "{F4|app.write} Write"),
)


class ModeTab(Static):
    """One mode's name and key; a click goes there."""

    DEFAULT_CSS = """
    ModeTab { width: auto; padding: 0 1; color: $text-muted; }
    ModeTab:hover { color: $foreground; background: $panel; }
    ModeTab.-here { color: $primary; text-style: bold; }
    """

    def __init__(self, mode: str, title: str, *, here: bool) -> None:
        super().__init__(title, classes="-here" if here else "", markup=False)
        self._mode = mode

    async def on_click(self) -> None:
        await self.app.run_action(f"app.mode('{self._mode}')")


class ModeHint(Static):
    """A key that works everywhere; a click does the same."""

    DEFAULT_CSS = """
    ModeHint { width: auto; padding: 0 1; color: $text-muted; }
    ModeHint:hover { color: $foreground; background: $panel; }
    """

    def __init__(self, text: str, action: str, *, id: str) -> None:
        super().__init__(text, markup=False, id=id)
        self._action = action

    async def on_click(self) -> None:
        await self.app.run_action(f"app.{self._action}")


class ModeBar(Horizontal):
    """``ModeBar("library")`` on the Library screen, and so on."""

    DEFAULT_CSS = """
    ModeBar { height: 1; dock: top; background: $surface; }
    ModeBar > #mode-bar-name { width: auto; padding: 0 2 0 1; color: $secondary; text-style: bold; }
    ModeBar > #mode-bar-note { width: 1fr; padding: 0 1; text-align: right; color: $success; text-wrap: nowrap;
        text-overflow: ellipsis; }
    ModeBar > #mode-bar-alt { width: auto; display: none; color: $background; background: $warning; }
    ModeBar.-alt > #mode-bar-alt { display: block; }
    ModeBar.-tight.-noted > #mode-bar-palette { display: none; }
    """

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        yield Static("Pantoum", id="mode-bar-name")
        for mode, title in MODES:
            yield ModeTab(mode, with_keys(title, self.app), here=mode == self._here)
        yield Static("", id="mode-bar-note", markup=False)
        yield Static(" alt + … ", id="mode-bar-alt", markup=False)
        yield ModeHint(with_keys("{F1|app.help} Help", self.app), "help", id="mode-bar-help")
        yield ModeHint(with_keys("{^p|app.palette} Commands", self.app), "command_palette", id="mode-bar-palette")

    def on_mount(self) -> None:
        self.watch(self.app, "training_note", self._note)
        self.watch(self.app, "alt", self._alt)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < TIGHT, "-tight")

    def _alt(self, waits: bool) -> None:
        self.set_class(waits, "-alt")

    def _note(self, text: str) -> None:
        self.set_class(bool(text), "-noted")
        self.query_one("#mode-bar-note", Static).update(text)
