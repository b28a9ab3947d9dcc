"""The Write screen saves by itself, and sees what others do to the file."""

import asyncio
from pathlib import Path
from time import monotonic

import msgspec

from corpora.errors import InputError
from corpora.paths import gone
from tui.engine_link import EngineLink
from tui.manuscript.opening import Opened
from tui.manuscript.saving import Gone, Overtaken
from tui.manuscript.textfile import TextFile, changed_outside
from tui.quitting import Guarded
from tui.screens.write_desk import Trouble
from tui.screens.write_overtaken import WriteOvertaken
from tui.widgets.dialogs import Choice, ChoiceDialog

TICK = 0.5  # seconds between two looks at whether something is to be done
AGAIN = 10.0  # seconds until saving is tried again after it failed
REST = 2.0  # seconds without a change before the text is saved, and between two looks at the file


class WriteAutosave(WriteOvertaken):
    """Saves a text that has a file once the writer pauses, and on leaving; never over what others have written.

    A text that was not changed here follows its file. Text that is neither kept nor dropped is not saved by itself.
    """

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._version, self._since = -1, 0.0  # of the text, and since when it is that
        self._looked_at, self._seen = 0.0, (0, 0)  # when the file was looked at, and its time and size then
        self._held: TextFile | None = None  # the state of the file over which others wrote, or which they deleted
        self._gone = False  # whether it was deleted
        self._unsaved = Trouble(self, "saving")  # with the file
        self._retry = 0.0  # when to try again after trouble

    def on_mount(self) -> None:
        self.set_interval(TICK, self._tick)
        if isinstance(self.app, Guarded):
            self.app.guards.append(self.may_quit)

    async def save_last(self) -> None:
        """Saves on leaving. What a model wrote and nobody kept stays out of the file, and on offer for the journal."""
        manuscript = self.editor.manuscript
        self.editor.dismiss_ghost()
        pending = manuscript.pending
        if pending:
            self.editor.drop()
        await self._save_by_itself()
        if pending and manuscript.offers_takes:
            self.editor.turn_take(0)

    async def note_saved(self) -> None:
        self._unsaved.over()
        await super().note_saved()

    def _adopt(self, opened: Opened) -> None:
        self._unsaved.over()  # with the file of another text
        super()._adopt(opened)

    def action_autosave(self) -> None:
        wanted = not self.settings.autosave
        self.adopt_settings(msgspec.structs.replace(self.settings, autosave=wanted))
        self.flash("saves by itself" if wanted else "saves only when told to")

    async def may_leave(self) -> bool:
        if not self.editor.manuscript.pending:
            await self._save_by_itself()
        return await super().may_leave()

    async def may_quit(self) -> bool:
        """Whether nothing would be lost: the text is in its journal or in its file. Else the person decides."""
        await self.set_aside()
        if self.editor.read_only or (self._journal is not None and not self._unkept.sentence):
            return True
        if not self.editor.manuscript.pending:
            await self._save_by_itself()
        if not self.unsaved():
            return True
        await self.app.switch_mode("write")
        answer = await self.app.push_screen_wait(
            ChoiceDialog(
                f"{self._unkept.sentence or 'This text has no journal.'} If you quit now, what you wrote last is lost.",
                (Choice("save", "s", "Save elsewhere"), Choice("quit", "q", "Quit"), Choice("cancel", "c", "Cancel")),
            )
        )
        if answer == "save":
            await self._save_as(elsewhere=True)
        return answer == "quit" or not self.unsaved()

    def _tick(self) -> None:
        now, version = monotonic(), self.editor.manuscript.body.version
        if version != self._version:
            self._version, self._since = version, now
        if self._turn.locked() or self._path is None or self._file is None or self.editor.manuscript.pending:
            return
        if self.unsaved() and self._file is not self._held:
            if now - self._since >= REST and now >= self._retry and self._saves:
                self.in_turn(self._save_by_itself())
        elif now - self._looked_at >= REST:
            self._looked_at = now
            self.in_turn(self._look_at_file())

    @property
    def _saves(self) -> bool:
        """Whether this text is one to be saved by itself."""
        known = self._file is not None and self._file is not self._held
        return self.settings.autosave and self._path is not None and known and not self.editor.read_only

    async def _save_by_itself(self) -> None:
        if not self._saves or not self.unsaved() or self._path is None:
            return
        try:
            await self._write(self._path, known=self._file, by_itself=True)
        except InputError as error:
            if isinstance(error, Gone | Overtaken):
                self._held, self._gone = self._file, isinstance(error, Gone)
            self._retry = monotonic() + AGAIN
            self._unsaved.failed(error)

    async def _look_at_file(self) -> None:
        """Takes over what others made of the file of a text that has no changes of its own."""
        path, file = self._path, self._file
        if path is None or file is None or (file is self._held and not self._gone):
            return
        try:
            status = await asyncio.to_thread(path.stat)
        except OSError:
            if file is not self._held and await asyncio.to_thread(gone, path):
                self._held, self._gone = file, True
                self._unsaved.failed(Gone(path))
            return
        if file is self._held:  # deleted, and there again
            self._held = None
            self._unsaved.over()
        seen, self._seen = self._seen, (status.st_mtime_ns, status.st_size)
        if self._seen == seen or not await asyncio.to_thread(_changed, path, file):
            return
        if file is self._file and not self.unsaved() and not self.editor.manuscript.pending:
            said = f"{path.name} was changed by another program: this is what it holds now."
            await self._take_theirs(path, said, asked=False)
            if self._file is file and self.editor.manuscript.pending:
                self._seen = (0, 0)  # to be looked at again once that is kept or dropped


def _changed(path: Path, file: TextFile) -> bool:
    """Whether others have surely changed the file."""
    try:
        return changed_outside(path, file.stamp)
    except InputError:
        return False
