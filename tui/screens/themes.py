"""Chooses the app's colours: each theme is shown while the cursor is on it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from tui.themes import MEANINGS


class ThemeChooser(ModalScreen[str | None]):
    """Returns the name of the theme, or None for Escape, with whichever was looked at last still in use."""

    CSS = """
    ThemeChooser { align: right middle; background: $background 0%; }
    ThemeChooser > Vertical {
        width: 40; max-width: 90%; height: auto; max-height: 90%; margin-right: 2; padding: 1 2;
        background: $surface; border: round $border;
    }
    ThemeChooser OptionList { height: auto; max-height: 14; margin: 1 0; border: none; padding: 0; }
    ThemeChooser Label { width: 1fr; height: auto; }
    ThemeChooser .hint { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", show=False)]

    def compose(self) -> ComposeResult:
        others = sorted(name for name in self.app.available_themes if name not in MEANINGS)
        names = [name for name in (*MEANINGS, *others) if name in self.app.available_themes]
        with Vertical():
            yield Label("Which colours?")
            yield OptionList(*(Option(MEANINGS.get(name, name), id=name) for name in names), compact=True, markup=False)
            yield Label("↑ ↓ show them, Enter takes, Esc leaves it as it was.", classes="hint")
            if self.app.no_color:
                yield Label("NO_COLOR is set: you see shades only.", classes="hint")

    def on_mount(self) -> None:
        themes = self.query_one(OptionList)
        themes.highlighted = themes.get_option_index(self.app.theme)
        themes.focus()

    @on(OptionList.OptionHighlighted)
    def show(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None:
            self.app.theme = event.option_id

    @on(OptionList.OptionSelected)
    def take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
