"""Chooses the runs whose curves are laid over the one that is watched."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, SelectionList

from engine.folder import ModelEntry
from tui.training.look import Look
from tui.widgets.chart_colours import Colours


class OverlayRuns(ModalScreen[tuple[str, ...]]):
    """A list of runs to mark; closing it returns the slugs of those that are marked."""

    DEFAULT_CSS = """
    OverlayRuns { align: center middle; background: $background 60%; }
    OverlayRuns > Vertical {
        width: 64; max-width: 90%; height: auto; max-height: 80%; padding: 1 2; background: $surface;
        border: round $primary;
    }
    OverlayRuns Label { width: 1fr; height: auto; }
    OverlayRuns SelectionList { height: auto; max-height: 12; margin: 1 0; border: none; padding: 0;
        background: $surface; }
    OverlayRuns .hint { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", show=False)]

    def __init__(self, runs: Sequence[ModelEntry], look: Look) -> None:
        super().__init__()
        self._runs = runs
        self._look = look

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("Which runs shall be shown beside this one?" if self._runs else "There is no other run yet.")
            if self._runs:
                yield SelectionList[str](
                    *(
                        (
                            described(entry, self._look, self.app),
                            entry.folder.slug,
                            entry.folder.slug in self._look.others,
                        )
                        for entry in self._runs
                    )
                )
            yield Label("Space marks, Esc closes." if self._runs else "Esc closes.", classes="hint")

    def action_close(self) -> None:
        lists = self.query(SelectionList)
        chosen = set(lists.first().selected) if lists else set()
        self.dismiss(tuple(entry.folder.slug for entry in self._runs if entry.folder.slug in chosen))


def described(entry: ModelEntry, look: Look, app: App[None]) -> Text:
    """A run's colour, name, kind and state. It has a record."""
    assert entry.record is not None
    colours = Colours(app)
    text = Text("━━ ", colours.strong(look.colour_of(entry.folder.slug)))
    text.append(entry.record.name, colours.strong("foreground"))
    text.append(f"  {entry.record.model.unit} {entry.record.model.cell}, {entry.status.state}", colours.muted())
    return text
