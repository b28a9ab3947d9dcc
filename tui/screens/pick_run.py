"""Chooses one run of all that there are."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from engine.folder import ModelEntry
from tui.screens.overlay_runs import described
from tui.training.look import Look


class PickRun(ModalScreen[str | None]):
    """Returns the slug of one of `runs`, or None for Escape; every run has a record."""

    DEFAULT_CSS = """
    PickRun { align: center middle; background: $background 60%; }
    PickRun > Vertical {
        width: 72; max-width: 90%; height: auto; max-height: 80%; padding: 1 2; background: $surface;
        border: round $border;
    }
    PickRun Label { width: 1fr; height: auto; }
    PickRun OptionList { height: auto; max-height: 12; margin: 1 0; border: none; padding: 0; background: $surface; }
    PickRun .hint { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", show=False)]

    def __init__(self, question: str, runs: Sequence[ModelEntry], look: Look) -> None:
        super().__init__()
        self._question = question
        self._runs = runs
        self._look = look

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._question, markup=False)
            yield OptionList(
                *(Option(described(entry, self._look, self.app), id=entry.folder.slug) for entry in self._runs),
                compact=True,
            )
            yield Label("↑ ↓ move, Enter takes, Esc cancels.", classes="hint")

    @on(OptionList.OptionSelected)
    def take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
