"""The Write screen's files: opening and saving them."""

import asyncio
from collections.abc import Awaitable
from itertools import count
from pathlib import Path

from corpora.errors import InputError
from corpora.paths import expanded, there
from tui.engine_link import EngineLink
from tui.manuscript.journal import InUse, Journal, in_use, journal_file
from tui.manuscript.opening import Opened, left_of, new_document, open_document, read_only
from tui.manuscript.saving import Gone, Overtaken, Saver
from tui.manuscript.textfile import TextFile, changed_outside
from tui.screens.write_aside import WriteAside
from tui.screens.write_desk import WriteDesk
from tui.waiting import to_the_end
from tui.widgets.dialogs import Choice, ChoiceDialog


class WriteFiles(WriteAside):
    """Opens, saves, and never overwrites unseen."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._saver = Saver()

    # --- for the app and the status line ---

    async def open_file(self, path: Path) -> None:
        """Opens a text file; one that doesn't exist yet is begun. Asks first where unsaved text would go."""
        self._opening = True
        try:
            path = expanded(path).absolute()
        except InputError as error:
            self.say(str(error), "text", wrong=True)
        else:
            self.in_turn(self._open(path))

    # --- actions ---

    def action_save(self) -> None:
        self.in_turn(self.save())

    def action_save_as(self) -> None:
        self.in_turn(self._save_as())

    def action_open(self) -> None:
        self.in_turn(self._choose_file())

    def action_new(self) -> None:
        self.in_turn(self._new())

    # --- opening ---

    async def _choose_file(self) -> None:
        from tui.widgets.file_dialogs import OpenDialog, folder_near

        folder = await asyncio.to_thread(folder_near, self._path)
        path = await self.app.push_screen_wait(OpenDialog(folder, "Open a text"))
        if path is not None:
            await self._open(path.absolute(), asked=True)

    async def _new(self) -> None:
        if not await self.may_leave():
            return
        try:
            opened = await asyncio.to_thread(new_document, self.root)
        except InputError as error:
            self.say(str(error), "text", wrong=True)
        else:
            await self.show_text(opened)

    async def _open(self, path: Path, *, asked: bool = False) -> None:
        """Opens a file that the person has `asked` for just now, or when the app was started."""
        if self._journal is not None and await self._is_own(path):
            self.editor.focus()
            return
        if not await self.may_leave():
            return
        progress = self._progress(path, "Reading")
        try:
            left = await asyncio.to_thread(left_of, path, self.root)
            if left is not None:
                answer = await self.ask_about(left, asked=asked)
                if answer == "later":
                    self.say(f"{path.name} was not opened: first decide about its unsaved text.", "text", lasting=True)
                if answer != "discard":
                    return
            opened = await asyncio.to_thread(open_document, path, self.root, progress)
        except InUse:
            question = f"{path.name} is open in another window of Pantoum."
            choices = (Choice("read", "r", "Read only"), Choice("cancel", "c", "Cancel"))
            if await self.app.push_screen_wait(ChoiceDialog(question, choices)) == "read":
                await self._show(asyncio.to_thread(read_only, path, progress))
            return
        except InputError as error:
            self.say(str(error), "text", wrong=True)
            return
        await self.show_text(opened)
        if opened.file is None:
            new = f"{path.name} is new; it is written when you save."
            self.say(" ".join([*opened.notices, new]), "text", lasting=bool(opened.notices))

    async def _is_own(self, path: Path) -> bool:
        """Whether this is the file of the text that is open, by whatever name."""
        own = self._path
        return own is not None and await asyncio.to_thread(_are_one, path, own, self.root)

    async def _show(self, opening: Awaitable[Opened]) -> None:
        try:
            await self.show_text(await opening)
        except InputError as error:
            self.say(str(error), "text", wrong=True)

    # --- saving ---

    async def save(self) -> None:
        self.editor.keep()
        if self._path is None or self.editor.read_only:
            await self._save_as()
            return
        try:
            overtaken = await asyncio.to_thread(_overtaken, self._path, self._file)
        except InputError as error:
            self.say(str(error), "text", wrong=True)
            return
        if overtaken:
            await self._ask_overtaken(self._path)
        else:
            await self._write(self._path)

    async def _save_as(self, *, elsewhere: bool = False) -> None:
        """Asks for a name; where it is to be `elsewhere`, another one than its own is offered."""
        from tui.widgets.file_dialogs import SaveDialog, folder_near

        self.editor.keep()
        known = self._path or (self._file.path if self._file is not None else None)
        own = self._path is not None and not self.editor.read_only and not elsewhere
        name = "text.txt" if known is None else known.name if own else await asyncio.to_thread(_another, known)
        folder = await asyncio.to_thread(folder_near, known)
        path = await self.app.push_screen_wait(SaveDialog(folder, "Save the text as", default_file=name))
        if path is None:
            return
        path = path.absolute()
        if self._journal is not None and await self._is_own(path):
            await self.save()
            return
        if await asyncio.to_thread(_in_use, path, self.root):
            self.say(
                f"{path.name} is open in another window of Pantoum. Save the text under another name.",
                "text",
                wrong=True,
            )
            return
        if await asyncio.to_thread(there, path):
            question = f"{path.name} exists already. Replace what is in it?"
            choices = (Choice("replace", "r", "Replace"), Choice("cancel", "c", "Cancel"))
            if await self.app.push_screen_wait(ChoiceDialog(question, choices)) != "replace":
                return
        await self._write(path)

    async def _write(self, path: Path, *, known: TextFile | None = None, by_itself: bool = False) -> None:
        """Writes the text as it is now; what is typed meanwhile stays unsaved.

        With `known`, only over a file that is as it was then: raises `Overtaken` or `Gone`. What saves `by_itself`
        says nothing, and raises `InputError` instead.
        """
        self.editor.keep()
        history = self.editor.manuscript.history
        history.close()
        position, lines = history.position, self.editor.manuscript.body.lines.copy()
        file = self._file if path == self._path else None  # another file: plain UTF-8, Unix line ends
        newline = file.newline if file is not None else "\n"
        encoding = file.encoding if file is not None else "utf-8"
        progress = None if by_itself else self._progress(path, "Writing")
        order = self._saver.order()
        try:
            stamp = await asyncio.to_thread(
                self._saver.write,
                order,
                path,
                lines,
                newline=newline,
                encoding=encoding,
                known=known,
                progress=progress,
            )
        except InputError as error:
            if by_itself or isinstance(error, Overtaken | Gone):
                raise
            self.say(str(error), "text", wrong=True)
            return
        moved = path != self._path
        self._path, self._saved_at = path, position
        self._file = TextFile(path, "", newline, encoding, stamp)
        if moved:
            await self._move_journal(path)
        if not by_itself:
            self.say("", "text")
            self.flash("saved")
        await self.note_saved()
        self.refresh_status()

    async def _move_journal(self, path: Path) -> None:
        """The journal follows the text to its new name. One that was only to be read gets a journal now."""
        try:
            await to_the_end(self._move_journal_now(path))
        except InputError as error:
            self.say(str(error), "text", wrong=True)

    async def _move_journal_now(self, path: Path) -> None:
        async with self._noting:
            file = await asyncio.to_thread(journal_file, path, self.root)
            if self._journal is not None:
                await asyncio.to_thread(self._journal.move, file)
                return
            journal = await asyncio.to_thread(Journal, file)
            opened = Opened(self.editor.manuscript, path, self._file, journal, self.editor.caret)
            opened.saved_at = self._saved_at
            opened.begin()
            self._journal, self.editor.read_only = opened.journal, False

    async def _ask_overtaken(self, path: Path) -> None:
        """Asks what to do with a file that others have changed. For the part that knows how to merge."""
        raise NotImplementedError

    def _progress(self, path: Path, verb: str) -> "_Progress":
        return _Progress(self, f"{verb} {path.name}")


class _Progress:
    """Called in a thread; says in the status line how far a file is, at every tenth. A small one is done at once."""

    def __init__(self, desk: WriteDesk, what: str) -> None:
        self._desk, self._what = desk, what
        self._loop = asyncio.get_running_loop()
        self._tenth = 0

    def __call__(self, share: float) -> None:
        tenth = int(share * 10)
        if self._tenth < tenth < 10:
            self._tenth = tenth
            self._loop.call_soon_threadsafe(self._desk.flash, f"{self._what}… {tenth * 10} %")


def _are_one(one: Path, other: Path, root: Path | None) -> bool:
    return journal_file(one, root) == journal_file(other, root)


def _in_use(path: Path, root: Path | None) -> bool:
    return in_use(journal_file(path, root))


def _another(path: Path) -> str:
    """The name for one more file like this, which no other one has."""
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(each.name for each in names if not there(each))


def _overtaken(path: Path, file: TextFile | None) -> bool:
    return there(path) if file is None else changed_outside(path, file.stamp)
