"""Chooses the runs whose curves are laid over the one that is watched."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from engine.folder import ModelEntry
from tui.screens.run_list import RunList
from tui.training.look import Look


class OverlayRuns(RunList[tuple[str, ...]]):
    """Returns the slugs of those that are marked; a click marks as well as Space does."""

    HINT: ClassVar[str] = "↑ ↓ move, Space marks, Enter shows the marked ones, Esc leaves all as it was."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False),
        Binding("enter", "take", "Show", show=False, priority=True),
    ]

    def __init__(self, runs: Sequence[ModelEntry], look: Look) -> None:
        super().__init__("Which runs shall be shown beside this one?", runs, look)
        there = {entry.folder.slug for entry in runs}
        self._marked = {slug for slug in look.others if slug in there}
        self._touched = False

    def line(self, entry: ModelEntry) -> Text:
        mark = "[✓] " if entry.folder.slug in self._marked else "[ ] "
        return Text(mark).append_text(super().line(entry))

    @on(OptionList.OptionSelected)
    def mark_clicked(self, event: OptionList.OptionSelected) -> None:
        self._mark(event.option_index)

    def action_mark(self) -> None:
        for runs in self.query(OptionList):
            if runs.highlighted is not None:
                self._mark(runs.highlighted)

    def action_take(self) -> None:
        """Whoever has marked nothing at all means the run that they are on."""
        if not self._touched and not self._marked:
            self.action_mark()
        self.dismiss(tuple(entry.folder.slug for entry in self._runs if entry.folder.slug in self._marked))

    def _mark(self, index: int) -> None:
        self._touched = True
        self._marked ^= {self._runs[index].folder.slug}
        self.query_one(OptionList).replace_option_prompt_at_index(index, self.line(self._runs[index]))
