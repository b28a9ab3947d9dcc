"""The file picker's dialogs, which show brackets in a path as they are, and survive every path.

Imported when wanted: starting the app should not wait for the picker.
"""

import asyncio
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input
from textual_fspicker import FileOpen, FileSave, SelectDirectory
from textual_fspicker.base_dialog import FileSystemPickerScreen
from textual_fspicker.file_dialog import BaseFileDialog
from textual_fspicker.parts import CurrentDirectory, DirectoryNavigation
from textual_fspicker.suggest_path import SuggestPath

from corpora.paths import is_folder
from tui.library.paths import suggestion
from tui.widgets.folder_list import FolderList


def folder_near(path: Path | None) -> Path:
    """The folder of a file, or where that is gone the nearest one above it that is there; the present one for none."""
    for folder in path.parents if path is not None else ():
        if is_folder(folder):
            return folder
    try:
        return Path.cwd()
    except OSError:  # deleted
        return Path.home()


class _Suggestions(SuggestPath):
    """Completes what is typed to an entry of the folder that is looked at; whatever is typed, it's no error."""

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(suggestion, value, self.root)


def _with_our_list(dialog: FileSystemPickerScreen, widgets: ComposeResult) -> ComposeResult:
    """The widgets of a dialog, with a list of folders of ours."""
    for widget in widgets:
        ours = isinstance(widget, DirectoryNavigation)
        yield FolderList(dialog._location, dialog._double_click_directories) if ours else widget


class _FileDialog(BaseFileDialog):
    """Its path is no markup, and what can't be a path is refused in a sentence."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._suggest_path = _Suggestions()

    def compose(self) -> ComposeResult:
        yield from _with_our_list(self, super().compose())

    def _header_area(self) -> ComposeResult:
        yield CurrentDirectory(markup=False)

    @on(Input.Submitted)
    @on(Button.Pressed, "#select")
    def _confirm_file(self, event: Input.Submitted | Button.Pressed) -> None:
        event.prevent_default()  # Textual would call the picker's own as well
        try:
            super()._confirm_file(event)
        except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte in it, links in a circle
            reason = error.strerror if isinstance(error, OSError) else "links in a circle, or no path at all"
            self._set_error(f"That can't be opened: {reason}")


class OpenDialog(FileOpen, _FileDialog):
    """Asks for a file."""


class FolderDialog(SelectDirectory):
    """Asks for a folder."""

    def compose(self) -> ComposeResult:
        yield from _with_our_list(self, super().compose())

    def _input_bar(self) -> ComposeResult:
        yield CurrentDirectory(markup=False)


class SaveDialog(FileSave, _FileDialog):
    """Asks where to save, with the caret in the name, ready to be typed over."""

    def on_mount(self) -> None:
        """Focuses the name once the picker, which prefers its list, has had its way."""
        self.call_after_refresh(self.query_one(Input).focus)
