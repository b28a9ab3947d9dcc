"""Chooses one run of all that there are."""

from typing import ClassVar

from textual import on
from textual.widgets import OptionList

from tui.screens.run_list import RunList


class PickRun(RunList[str]):
    """Returns the slug of one of the runs."""

    HINT: ClassVar[str] = "↑ ↓ move, Enter takes, Esc cancels."

    @on(OptionList.OptionSelected)
    def take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
