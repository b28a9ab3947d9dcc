"""The text that is open on the Write screen, and how it outlives a crash, a hasty exit and a slip of the hand."""

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path

from corpora.errors import InputError
from corpora.home import ensure_room, move_to_trash
from tui.engine_link import EngineLink
from tui.manuscript.drafts import Draft, DraftSlot, FoundDraft, find_drafts
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.textfile import Stamp, TextFile
from tui.screens.write_desk import WriteDesk
from tui.widgets.dialogs import Choice, ChoiceDialog

SET_ASIDE_EVERY = 2.0  # seconds
NOWHERE = (-1, -1)  # no position of a history: the text counts as unsaved


class WriteAside(WriteDesk):
    """One text at a time, which may belong to a file. While it is not saved, a draft of it lies in the home folder."""

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
        self.call_after_refresh(lambda: self.in_turn(self._offer_drafts()))

    def on_screen_suspend(self) -> None:
        self.run_worker(self.set_aside(), group="aside")

    async def on_unmount(self) -> None:
        """Sets the text aside a last time, pending text included."""
        self.editor.keep()
        async with self._setting_aside:
            draft = self._draft()
            with contextlib.suppress(InputError):  # nobody is there any more to be told
                if draft is not None:
                    self._slot.write(draft)
                else:
                    self._slot.clear()

    def file_name(self) -> str:
        return self._path.name if self._path is not None else ""

    def unsaved(self) -> bool:
        return self.editor.manuscript.history.position != self._saved_at

    def action_drafts(self) -> None:
        self.in_turn(self._offer_drafts(asked=True))

    def in_turn(self, work: Coroutine[object, object, None]) -> None:
        """Does one thing with files after the other, so that two questions never lie on each other."""

        async def wait_and_work() -> None:
            async with self._turn:
                await work

        self.run_worker(wait_and_work(), group="file")

    # --- exchanging the text ---

    def show_text(
        self, manuscript: Manuscript, path: Path | None, file: TextFile | None, *, forget: bool = True
    ) -> None:
        """Puts another text in the place of the one that is open, whose draft goes unless `forget` is False."""
        if forget:
            self.run_worker(self._forget(self._slot), group="aside")
        self._path, self._file = path, file
        self._saved_at = manuscript.history.position
        self._slot = DraftSlot(self.root)
        self._aside_version = -1
        self.editor.open(manuscript)
        self.editor.focus()
        self.refresh_status()

    async def may_leave(self) -> bool:
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
            await self.save()
            return not self.unsaved()
        return answer == "discard"

    async def save(self) -> None:
        """Saves the text, asking where that is needed. For the part that knows files."""
        raise NotImplementedError

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

    async def _forget(self, slot: DraftSlot) -> None:
        async with self._setting_aside:
            await asyncio.to_thread(slot.clear)

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

    def draft_of(self, path: Path) -> FoundDraft | None:
        found = [each for each in find_drafts(self.root) if each.file != self._slot.file]
        return next((each for each in found if each.draft.path == str(path)), None)

    async def _offer_drafts(self, *, asked: bool = False) -> None:
        """Offers texts that earlier evenings left unsaved, newest first, until one is taken or put off."""
        found = await asyncio.to_thread(find_drafts, self.root)
        for each in found:
            if not asked and (self._opening or self.unsaved()):
                return
            if each.file != self._slot.file and await self.ask_about(each) != "discard":
                return
        if asked and not found:
            self.say("There are no unsaved texts.")

    async def ask_about(self, found: FoundDraft) -> str:
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
            await self._discard(found)
        if answer == "restore" and await self.may_leave():
            self._restore(found)
            return "restore"
        return "discard" if answer == "discard" else "later"

    async def _discard(self, found: FoundDraft) -> None:
        """To the trash: a key that was meant for the text must not be the end of another one."""
        try:
            trash = await asyncio.to_thread(ensure_room, "trash", self.root)
            place = await asyncio.to_thread(move_to_trash, found.file, trash)
        except InputError as error:
            self.say(str(error), wrong=True)
        else:
            self.say(f"Discarded. For 30 days it can still be found at {place}.")

    def _restore(self, found: FoundDraft) -> None:
        draft = found.draft
        path = Path(draft.path) if draft.path else None
        file = (
            TextFile(path, "", draft.newline, draft.encoding, Stamp(0, -1, draft.base)) if path and draft.base else None
        )
        self.show_text(Manuscript(draft.text), path, file)
        self._slot = DraftSlot.adopt(found.file)
        self._saved_at = NOWHERE
        self.editor.move_cursor(self.editor.manuscript.body.clamp(draft.caret), center=True)
        self.refresh_status()
