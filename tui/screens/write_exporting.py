"""The Write screen's exports."""

import asyncio
from pathlib import Path

from corpora.errors import InputError
from corpora.files import write_bytes
from corpora.paths import resolved, there
from tui.manuscript.journal_records import Snapshot, manuscript_of, snapshot_of
from tui.manuscript.opening import file_state
from tui.screens.write_autosave import WriteAutosave
from tui.widgets.dialogs import Choice, ChoiceDialog


class WriteExporting(WriteAutosave):
    """Writes the text as something else. The text keeps its own file."""

    def action_export(self) -> None:
        self.in_turn(self._export())

    async def _export(self) -> None:
        from tui.exporting.documents import FORMATS
        from tui.widgets.file_dialogs import SaveDialog, folder_near

        self.editor.keep()
        kind = await self.app.push_screen_wait(
            ChoiceDialog(
                "Export as what? HTML marks what a model wrote; the branches come as JSON; a replay has every step "
                "with its time (pantoum replay plays it), and a player is a page that plays it in a browser.",
                tuple(Choice(each.name, each.key, each.label) for each in FORMATS),
            )
        )
        if kind is None:
            return
        name = self.file_name() or "text.txt"
        suffix = next(each.suffix for each in FORMATS if each.name == kind)
        folder = await asyncio.to_thread(folder_near, self._path)
        stem = Path(name).stem + ("-export" if suffix == Path(name).suffix else "")
        path = await self.app.push_screen_wait(SaveDialog(folder, "Export to", default_file=stem + suffix))
        if path is None:
            return
        path = path.absolute()
        if await self._is_own(path):
            self.say(
                "That is the text's own file. Export it under another name, or save it with {F9|write.save}.",
                wrong=True,
            )
            return
        if await asyncio.to_thread(there, path):
            question = f"{path.name} exists already. Replace what is in it?"
            choices = (Choice("replace", "r", "Replace"), Choice("cancel", "c", "Cancel"))
            if await self.app.push_screen_wait(ChoiceDialog(question, choices)) != "replace":
                return
        place = (self.editor.caret, self.editor.caret)
        snapshot = snapshot_of(self.editor.manuscript, place, file_state(self._path, self._file, self._saved_at))
        try:
            await asyncio.to_thread(_write, snapshot, kind, name, path)
        except InputError as error:
            self.say(str(error), wrong=True)
        else:
            self.say(f"Exported to {path}.")


def _write(snapshot: Snapshot, kind: str, name: str, path: Path) -> None:
    """For a thread, as the text may go on changing. Raises `InputError`."""
    from tui.exporting.documents import export

    target = resolved(path)
    if there(target) and not target.is_file():
        raise InputError(f"{path} is not a file that can be replaced. Give another name.")
    try:
        write_bytes(target, export(manuscript_of(snapshot), kind, name))
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror or error}).") from error
