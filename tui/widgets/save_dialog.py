"""Asks where to save."""

from pathlib import Path

from textual.widgets import Input
from textual_fspicker import FileSave


def folder_near(path: Path | None) -> Path:
    """The folder of a file, or where that is gone the nearest one above it that is there; the present one for none."""
    for folder in path.parents if path is not None else ():
        if folder.is_dir():
            return folder
    try:
        return Path.cwd()
    except FileNotFoundError:  # deleted
        return Path.home()


class SaveDialog(FileSave):
    """The file picker's dialog with the caret in the name, ready to be typed over."""

    def on_mount(self) -> None:
        """Focuses the name once the picker, which prefers its list, has had its way."""
        self.call_after_refresh(self.query_one(Input).focus)
