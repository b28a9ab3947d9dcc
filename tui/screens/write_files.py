"""The Write screen's files: open, save, and never lose a word."""

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path

from corpora.errors import InputError
from tui.engine_link import EngineLink
from tui.manuscript.drafts import Draft, DraftSlot, FoundDraft, find_drafts
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.textfile import Stamp, TextFile, changed_outside, read_text, write_text
from tui.screens.write_desk import WriteDesk
from tui.widgets.dialogs import Choice, ChoiceDialog

SET_ASIDE_EVERY = 2.0  # seconds
BIG = 1 << 20  # bytes from which on progress is shown
NOWHERE = (-1, -1)  # no position of a history: the text counts as unsaved


class WriteFiles(WriteDesk):
    """One text at a time, which may belong to a file."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._path: Path | None = None
        self._file: TextFile | None = None  # as it was last read or written; None for a text that has no file yet
        self._saved_at = (0, 0)  # the history's position when text and file were last the same
        self._aside_version = -1  # of the text, when it was last set aside
        self._slot = DraftSlot(self.root)
        self._opening = False  # whether a file was asked for: then older drafts can wait
        self._turn, self._setting_aside = asyncio.Lock(), asyncio.Lock()

    def on_mount(self) -> None:
        self.set_interval(SET_ASIDE_EVERY, self.set_aside)
        self.call_after_refresh(lambda: self._in_turn(self._offer_drafts()))

    def on_screen_suspend(self) -> None:
        self.run_worker(self.set_aside(), group="aside")

    async def on_unmount(self) -> None:
        self.editor.keep()
        if (draft := self._draft()) is not None:
            with contextlib.suppress(InputError):  # nobody is there any more to be told
                self._slot.write(draft)
        else:
            self._slot.clear()

    # --- for the app and the status line ---

    def file_name(self) -> str:
        return self._path.name if self._path is not None else ""

    def unsaved(self) -> bool:
        return self.editor.manuscript.history.position != self._saved_at

    async def open_file(self, path: Path) -> None:
        """Opens a text file; one that doesn't exist yet is begun. Asks first where unsaved text would go."""
        self._opening = True
        self._in_turn(self._open(_absolute(path)))

    # --- actions ---

    def action_save(self) -> None:
        self._in_turn(self._save())

    def action_save_as(self) -> None:
        self._in_turn(self._save_as())

    def action_open(self) -> None:
        self._in_turn(self._choose_file())

    def action_new(self) -> None:
        self._in_turn(self._new())

    def action_drafts(self) -> None:
        self._in_turn(self._offer_drafts(asked=True))

    def _in_turn(self, work: Coroutine[object, object, None]) -> None:
        """Does one thing with files after the other, so that two questions never lie on each other."""

        async def wait_and_work() -> None:
            async with self._turn:
                await work

        self.run_worker(wait_and_work(), group="file")

    # --- opening ---

    async def _choose_file(self) -> None:
        from textual_fspicker import FileOpen  # imported when wanted: starting the app should not wait for it

        folder = self._path.parent if self._path is not None else Path.cwd()
        path = await self.app.push_screen_wait(FileOpen(folder, "Open a text"))
        if path is not None:
            await self._open(path.absolute())

    async def _new(self) -> None:
        if await self._may_leave():
            self._show(Manuscript(), None, None)

    async def _open(self, path: Path) -> None:
        draft = await asyncio.to_thread(self._draft_of, path)
        if draft is not None and await self._ask_about(draft) == "restore":
            return
        if not await self._may_leave():
            return
        if await asyncio.to_thread(_is_new, path):
            self._show(Manuscript(), path, None)
            self.say(f"{path.name} is new; it is written when you save.")
            return
        await self._read(path)

    async def _read(self, path: Path) -> bool:
        try:
            file = await asyncio.to_thread(read_text, path, self._progress(path, "Reading"))
        except InputError as error:
            self.say(str(error), wrong=True)
            return False
        manuscript = await asyncio.to_thread(Manuscript, file.text)
        self._show(manuscript, None if file.lossy else path, file)
        self.say(" ".join(file.notices))
        return True

    def _show(self, manuscript: Manuscript, path: Path | None, file: TextFile | None) -> None:
        self._path, self._file = path, file
        self._saved_at = manuscript.history.position
        self._slot = DraftSlot(self.root)
        self._aside_version = -1
        self.editor.open(manuscript)
        self.editor.focus()
        self.refresh_status()

    async def _may_leave(self) -> bool:
        """Whether the text that is open may go: it is saved, or the person said so."""
        self.editor.keep()
        if not self.unsaved():
            return True
        name = self.file_name() or "The text"
        answer = await self.app.push_screen_wait(
            ChoiceDialog(
                f"{name} has changes that are not saved.",
                (Choice("save", "s", "Save"), Choice("discard", "d", "Discard"), Choice("cancel", "c", "Cancel")),
            )
        )
        if answer == "save":
            await self._save()
            return not self.unsaved()
        if answer == "discard":
            await asyncio.to_thread(self._slot.clear)
            return True
        return False

    # --- saving ---

    async def _save(self) -> None:
        self.editor.keep()
        if self._path is None:
            await self._save_as()
            return
        if await asyncio.to_thread(_overtaken, self._path, self._file):
            await self._ask_overtaken(self._path)
        else:
            await self._write(self._path)

    async def _save_as(self) -> None:
        from tui.widgets.save_dialog import SaveDialog

        self.editor.keep()
        known = self._path or (self._file.path if self._file is not None else None)
        name = self._path.name if self._path is not None else (f"{known.stem}-2{known.suffix}" if known else "text.txt")
        path = await self.app.push_screen_wait(
            SaveDialog(known.parent if known else Path.cwd(), "Save the text as", default_file=name)
        )
        if path is None:
            return
        path = path.absolute()
        if path.exists() and path != self._path:
            question = f"{path.name} exists already. Replace what is in it?"
            choices = (Choice("replace", "r", "Replace"), Choice("cancel", "c", "Cancel"))
            if await self.app.push_screen_wait(ChoiceDialog(question, choices)) != "replace":
                return
        if path != self._path:
            self._file = None  # another file: plain UTF-8, Unix line ends
        await self._write(path)

    async def _write(self, path: Path) -> None:
        """Writes the text as it is now; what is typed meanwhile stays unsaved."""
        self.editor.keep()
        history = self.editor.manuscript.history
        history.close()
        position, text, file = history.position, self.editor.manuscript.text, self._file
        newline = file.newline if file is not None else "\n"
        encoding = file.encoding if file is not None else "utf-8"
        progress = self._progress(path, "Writing")
        try:
            stamp = await asyncio.to_thread(
                write_text, path, text, newline=newline, encoding=encoding, progress=progress
            )
        except InputError as error:
            self.say(str(error), wrong=True)
            return
        self._path, self._saved_at = path, position
        self._file = TextFile(path, "", newline, encoding, stamp)
        self.say("")
        self.flash("saved")
        await self.set_aside(anyway=True)

    async def _ask_overtaken(self, path: Path) -> None:
        answer = await self.app.push_screen_wait(
            ChoiceDialog(
                f"{path.name} was changed by another program since it was read here. Which text shall stay?",
                (
                    Choice("mine", "m", "Mine"),
                    Choice("theirs", "t", "Theirs"),
                    Choice("both", "b", "Both: save mine elsewhere"),
                    Choice("cancel", "c", "Cancel"),
                ),
            )
        )
        if answer == "mine":
            await self._write(path)
        elif answer == "both":
            await self._save_as()
        elif answer == "theirs":
            await self.set_aside()
            if await self._read(path):
                self.say("Your version was set aside; the command “Unsaved texts” brings it back.")

    # --- setting aside ---

    async def set_aside(self, *, anyway: bool = False) -> None:
        """Keeps unsaved text in the home folder, where it survives whatever happens to the app, and nothing else."""
        async with self._setting_aside:
            version, slot = self.editor.manuscript.body.version, self._slot
            if version == self._aside_version and not anyway:
                return
            self._aside_version = version
            draft = self._draft()
            try:
                if draft is None:
                    await asyncio.to_thread(slot.clear)
                else:
                    await asyncio.to_thread(slot.write, draft)
            except InputError as error:
                self.say(str(error), wrong=True)

    def _draft(self) -> Draft | None:
        """The text as it is shown, if it is nowhere else."""
        manuscript = self.editor.manuscript
        if not self.unsaved() and not manuscript.pending:
            return None
        file = self._file
        return Draft(
            path=str(self._path or ""),
            text=manuscript.text,
            caret=self.editor.cursor_location,
            newline=file.newline if file else "\n",
            encoding=file.encoding if file else "utf-8",
            base=file.stamp.sha256 if file else "",
        )

    def _draft_of(self, path: Path) -> FoundDraft | None:
        found = [each for each in find_drafts(self.root) if each.file != self._slot.file]
        return next((each for each in found if each.draft.path == str(path)), None)

    async def _offer_drafts(self, *, asked: bool = False) -> None:
        """Offers texts that earlier evenings left unsaved, newest first, until one is taken or put off."""
        found = await asyncio.to_thread(find_drafts, self.root)
        for each in found:
            if not asked and (self._opening or self.unsaved()):
                return
            if each.file != self._slot.file and await self._ask_about(each) != "discard":
                return
        if asked and not found:
            self.say("There are no unsaved texts.")

    async def _ask_about(self, found: FoundDraft) -> str:
        """Asks about one draft, does as told, and returns the answer: restore, discard, or later."""
        draft = found.draft
        when = datetime.fromtimestamp(draft.saved).strftime("%-d %B, %H:%M")
        answer = await self.app.push_screen_wait(
            ChoiceDialog(
                f"{draft.name} was not saved ({when}, {len(draft.text.split()):,} words).",
                (Choice("restore", "r", "Restore"), Choice("later", "l", "Later"), Choice("discard", "d", "Discard")),
            )
        )
        if answer == "discard":
            await asyncio.to_thread(found.file.unlink, missing_ok=True)
        if answer == "restore" and await self._may_leave():
            self._restore(found)
            return "restore"
        return "discard" if answer == "discard" else "later"

    def _restore(self, found: FoundDraft) -> None:
        draft = found.draft
        path = Path(draft.path) if draft.path else None
        file = (
            TextFile(path, "", draft.newline, draft.encoding, Stamp(0, -1, draft.base)) if path and draft.base else None
        )
        self._show(Manuscript(draft.text), path, file)
        self._slot = DraftSlot.adopt(found.file)
        self._saved_at = NOWHERE
        self.editor.move_cursor(self.editor.manuscript.body.clamp(draft.caret), center=True)
        self.refresh_status()

    def _progress(self, path: Path, verb: str) -> "_Progress | None":
        with contextlib.suppress(OSError):
            if path.stat().st_size >= BIG or verb == "Writing":
                return _Progress(self, f"{verb} {path.name}")
        return None


class _Progress:
    """Called in a thread; says in the status line how far a file is, at every tenth."""

    def __init__(self, desk: WriteDesk, what: str) -> None:
        self._desk, self._what = desk, what
        self._loop = asyncio.get_running_loop()
        self._tenth = 0

    def __call__(self, share: float) -> None:
        tenth = int(share * 10)
        if self._tenth < tenth < 10:
            self._tenth = tenth
            self._loop.call_soon_threadsafe(self._desk.flash, f"{self._what}… {tenth * 10} %")


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _is_new(path: Path) -> bool:
    return not path.exists() and path.parent.is_dir()


def _overtaken(path: Path, file: TextFile | None) -> bool:
    return path.exists() if file is None else changed_outside(path, file.stamp)
