"""Asks where to save."""

from textual.widgets import Input
from textual_fspicker import FileSave


class SaveDialog(FileSave):
    """The file picker's dialog with the caret in the name, ready to be typed over."""

    def on_mount(self) -> None:
        """Focuses the name once the picker, which prefers its list, has had its way."""
        self.call_after_refresh(self.query_one(Input).focus)
