"""The dialog that asks which files to add: typed, pasted, dropped into the terminal, or looked for."""

import asyncio
import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, Label, Static

from corpora.errors import InputError
from corpora.paths import there
from tui.commands.adding import ADDING
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.registry import bindings
from tui.library.paths import completion, describe, typed_paths
from tui.waiting import in_thread

BUTTONS = (
    ("Look for a file  {ctrl+o|adding.file}", "add-browse"),
    ("a folder  {ctrl+d|adding.folder}", "add-browse-folder"),
)


@dataclass(frozen=True)
class AddRequest:
    """Files and folders to add as one text; an empty name leaves it to them."""

    paths: tuple[Path, ...]
    name: str = ""


class PathSuggester(Suggester):
    """Completes the path that is being typed; the right arrow takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(_completion, value)


class AddTextScreen(ModalScreen[AddRequest | None]):
    """Returns an `AddRequest`, or None where the person thought better of it."""

    CSS_PATH = "add_text.tcss"
    TITLE = "Add text"
    BINDINGS: ClassVar[list[BindingType]] = bindings(ADDING)
    commands: ClassVar[tuple[Command, ...]] = ADDING

    def compose(self) -> ComposeResult:
        with Vertical(id="add-box") as box:
            box.border_title = "Add text"
            box.border_subtitle = Content(with_keys("Enter adds · {Esc|adding.close} cancels", self.app))
            yield Label("A file or folder: type, paste, or drop it here (several in quotes)")
            yield Input(placeholder="~/novel.txt", suggester=PathSuggester(), compact=True, id="add-path")
            yield Static(" ", id="add-found", markup=False)
            yield Label("Name, if not that of the file")
            yield Input(compact=True, max_length=80, id="add-name")
            with Horizontal(id="add-buttons"):
                for label, id in BUTTONS:
                    yield Button(Content(with_keys(label, self.app)), compact=True, id=id)
                yield Button("Add", variant="primary", compact=True, id="add-go")

    @on(Input.Changed, "#add-path")
    @work(exclusive=True, group="describe")
    async def _describe(self, event: Input.Changed) -> None:
        text, there = await in_thread(self.app, describe, event.value)
        found = self.query_one("#add-found", Static)
        found.update(text or " ")
        found.set_class(bool(text) and not there, "-missing")

    @on(Input.Submitted)
    @on(Button.Pressed, "#add-go")
    async def _add(self) -> None:
        """Goes on where everything is there; otherwise the dialog stays, with what was typed and what is wrong."""
        typed = self.query_one("#add-path", Input).value
        said, there = await in_thread(self.app, describe, typed)
        if there:
            self.dismiss(AddRequest(tuple(typed_paths(typed)), self.query_one("#add-name", Input).value.strip()))
            return
        found = self.query_one("#add-found", Static)
        found.update(said or "Type the path of a file or folder first.")
        found.add_class("-missing")
        self.query_one("#add-path").focus()

    @on(Button.Pressed, "#add-browse")
    def action_browse(self) -> None:
        from tui.widgets.file_dialogs import OpenDialog

        self.app.push_screen(OpenDialog(self._place(), "Add a text file", open_button="Add"), self._take)

    @on(Button.Pressed, "#add-browse-folder")
    def action_browse_folders(self) -> None:
        from tui.widgets.file_dialogs import FolderDialog

        self.app.push_screen(FolderDialog(self._place(), "Add all texts of a folder"), self._take)

    def _take(self, path: Path | None) -> None:
        """Appends what was found: looking again adds another file. What names none gives way to it."""
        if path is not None:
            field = self.query_one("#add-path", Input)
            before: list[Path] = []
            with contextlib.suppress(InputError):
                before = [path for path in typed_paths(field.value) if there(path)]
            field.value = shlex.join(map(str, [*before, path]))
            field.cursor_position = len(field.value)
            field.focus()

    def _place(self) -> Path:
        """The folder to look in first: that of the last path, or home."""
        with contextlib.suppress(InputError, OSError, ValueError):
            for path in typed_paths(self.query_one("#add-path", Input).value)[-1:]:
                if path.parent.is_dir():
                    return path.parent
        return Path.home()


def _completion(value: str) -> str | None:
    try:
        return completion(value)
    except (InputError, ValueError, OSError):
        return None
