"""The file picker's dialogs, whose line with the path shows brackets as they are.

Imported when wanted: starting the app should not wait for the picker.
"""

from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input
from textual_fspicker import FileOpen, FileSave, SelectDirectory
from textual_fspicker.parts import CurrentDirectory

from corpora.paths import is_folder


def folder_near(path: Path | None) -> Path:
    """The folder of a file, or where that is gone the nearest one above it that is there; the present one for none."""
    for folder in path.parents if path is not None else ():
        if is_folder(folder):
            return folder
    try:
        return Path.cwd()
    except OSError:  # deleted
        return Path.home()


class _AsItIs:
    """Its path is no markup."""

    def _header_area(self) -> ComposeResult:
        yield CurrentDirectory(markup=False)


class OpenDialog(_AsItIs, FileOpen):
    """Asks for a file."""


class FolderDialog(SelectDirectory):
    """Asks for a folder."""

    def _input_bar(self) -> ComposeResult:
        yield CurrentDirectory(markup=False)


class SaveDialog(_AsItIs, FileSave):
    """Asks where to save, with the caret in the name, ready to be typed over."""

    def on_mount(self) -> None:
        """Focuses the name once the picker, which prefers its list, has had its way."""
        self.call_after_refresh(self.query_one(Input).focus)
