"""A question about the runs that there are, over the screen: what `PickRun` and `OverlayRuns` share."""

from collections.abc import Sequence
from typing import ClassVar, Generic

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from engine.folder import ModelEntry
from tui.training.look import Look
from tui.widgets.chart_colours import Colours


class RunList(ModalScreen[ScreenResultType | None], Generic[ScreenResultType]):
    """Asks about `runs`, each of which has a record; Escape returns None."""

    DEFAULT_CSS = """
    RunList { align: center middle; background: $background 60%; }
    RunList > Vertical {
        width: 72; max-width: 90%; height: auto; max-height: 80%; padding: 1 2; background: $surface;
        border: round $border;
    }
    RunList Label { width: 1fr; height: auto; }
    RunList OptionList { height: auto; max-height: 12; margin: 1 0; border: none; padding: 0; background: $surface; }
    RunList .hint { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", show=False)]
    HINT: ClassVar[str] = ""

    def __init__(self, question: str, runs: Sequence[ModelEntry], look: Look) -> None:
        super().__init__()
        self._question = question
        self._runs = runs
        self._look = look

    def compose(self) -> ComposeResult:
        with Vertical():
            if not self._runs:
                yield Label("There is no other run yet.")
                yield Label("Esc closes.", classes="hint")
                return
            yield Label(self._question, markup=False)
            yield OptionList(*(Option(self.line(entry), id=entry.folder.slug) for entry in self._runs), compact=True)
            yield Label(self.HINT, classes="hint")

    def on_mount(self) -> None:
        for runs in self.query(OptionList):
            runs.highlighted = 0

    def line(self, entry: ModelEntry) -> Text:
        """How a run stands in the list."""
        return described(entry, self._look, self.app)


def described(entry: ModelEntry, look: Look, app: App[None]) -> Text:
    """A run's colour, where it is laid over another, its name, kind and state. It has a record."""
    assert entry.record is not None
    colours, slug = Colours(app), entry.folder.slug
    text = Text("━━ ", colours.strong(look.colour_of(slug))) if slug in look.others else Text("   ")
    text.append(entry.record.name, colours.strong("foreground"))
    text.append(f"  {entry.record.model.unit} {entry.record.model.cell}, {entry.status.state}", colours.muted())
    return text
