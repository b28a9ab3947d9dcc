"""The text that is open on the Write screen, and how it outlives a crash, a hasty exit and a slip of the hand."""

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path

from textual import on

from corpora.errors import InputError
from corpora.home import ensure_room, move_to_trash
from corpora.paths import there
from tui.engine_link import EngineLink
from tui.manuscript.history import Caret
from tui.manuscript.journal import Cut, Journal, noted_last
from tui.manuscript.journal_records import FileState, snapshot_of
from tui.manuscript.opening import Left, Opened, file_state, find_left, new_journal
from tui.manuscript.textfile import TextFile
from tui.screens.write_desk import Trouble, WriteDesk
from tui.waiting import to_the_end
from tui.widgets.dialogs import Choice, ChoiceDialog
from tui.widgets.editor import Editor

NOTE_EVERY = 0.5  # seconds between two writings of the journal


class WriteAside(WriteDesk):
    """One text at a time, which may belong to a file. Its journal lies in the home folder."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._path: Path | None = None
        self._file: TextFile | None = None  # as it was last read or written; None for a text that has no file yet
        self._saved_at = (0, 0)  # the history's position when text and file were last the same
        self._journal: Journal | None = None
        self._discarded = False  # whether the person has just given up what was not saved
        self._opening = False  # whether a file was asked for: then older texts can wait
        self._unkept = Trouble(self, "journal")  # with the journal
        self._turn, self._noting = asyncio.Lock(), asyncio.Lock()

    def on_mount(self) -> None:
        self.set_interval(NOTE_EVERY, self.set_aside)
        self.in_turn(to_the_end(self._begin()))
        self.call_after_refresh(lambda: self.in_turn(self._offer_left()))

    def on_screen_suspend(self) -> None:
        self.run_worker(self.set_aside(), group="aside")

    async def _begin(self) -> None:
        """Begins the journal of the text that is there at first, of which something may be typed already."""
        try:
            journal = await asyncio.to_thread(new_journal, self.root)
        except InputError as error:
            self.say(str(error), "text", wrong=True)
            return
        if not self.is_running or self._journal is not None or self._path is not None:
            await asyncio.to_thread(journal.discard)
            return
        manuscript = self.editor.manuscript
        journal.begin(snapshot_of(manuscript, self._selection, FileState()), rewrite=self.unsaved())
        self._journal = manuscript.history.watcher = journal

    async def end_journal(self) -> None:
        """Notes the last of it, pending text included."""
        self.editor.dismiss_ghost()
        self.editor.keep()
        async with self._noting:
            if self._journal is not None:
                with contextlib.suppress(InputError):  # nobody is there any more to be told
                    await self._end(self._journal)
                self._journal = None

    def file_name(self) -> str:
        return self._path.name if self._path is not None else ""

    def unsaved(self) -> bool:
        return self.editor.manuscript.history.position != self._saved_at

    def saved_step(self) -> int:
        return self._saved_at[0]

    def action_drafts(self) -> None:
        self.in_turn(self._offer_left(asked=True))

    def in_turn(self, work: Coroutine[object, object, None]) -> None:
        """Does one thing with files after the other, so that two questions never lie on each other."""

        async def wait_and_work() -> None:
            async with self._turn:
                await work

        self.run_worker(wait_and_work(), group="file")

    # --- exchanging the text ---

    async def show_text(self, opened: Opened) -> None:
        """Puts another text in the place of the one that is open."""
        said = await self._let_go()
        opened.notices = (*said, *opened.notices)
        self._adopt(opened)
        self.editor.open(opened.manuscript, opened.caret)
        self.editor.read_only = opened.journal is None and opened.path is not None
        if opened.manuscript.offers_takes:
            self.editor.turn_take(0)  # what the model had written when the app went down
        self.editor.focus()
        self.say(" ".join(opened.notices), "text", lasting=True)
        self.refresh_status()

    def _adopt(self, opened: Opened) -> None:
        self._path, self._file, self._saved_at = opened.path, opened.file, opened.saved_at
        self._journal = opened.journal

    async def _let_go(self) -> tuple[str, ...]:
        """Ends the journal of the text that is open. Returns what there is to say of it.

        A text without a name that was given up goes to the trash: nothing else would find it again.
        """
        return await to_the_end(self._let_go_now())

    async def _let_go_now(self) -> tuple[str, ...]:
        async with self._noting:
            journal, self._journal = self._journal, None
            if journal is None:
                return ()
            try:
                await self._end(journal)
                if self._discarded and self._path is None and await asyncio.to_thread(there, journal.file):
                    return (await self._throw_away(journal),)
            except InputError as error:
                return (str(error),)
            return ()

    async def may_leave(self) -> bool:
        """Whether the text that is open may go: it is saved, or the person said so."""
        self.editor.keep()
        self._discarded = False
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
        if answer == "discard":
            self._discarded = True
            history = self.editor.manuscript.history
            if self._path is not None and (node := history.nodes.get(self._saved_at[0])) is not None:
                self.editor.go(node)  # what is given up stays as a branch
        return answer == "discard"

    async def save(self) -> None:
        """Saves the text, asking where that is needed. For the part that knows files."""
        raise NotImplementedError

    # --- the journal ---

    async def set_aside(self) -> None:
        """Writes what has happened since the last time, so that it survives whatever happens to the app."""
        await to_the_end(self._set_aside_now())

    async def _set_aside_now(self) -> None:
        async with self._noting:
            if self._journal is None:
                return
            try:
                wrote = await self._write_down(self._journal)
            except InputError as error:
                self._unkept.failed(error)
            else:
                self._unkept.over("What you write is kept safe again." if wrote else "")

    async def _write_down(self, journal: Journal) -> bool:
        """Writes what is new, or all anew where the file is gone or spoilt; whether there was anything to write.

        Raises `InputError`; then it comes with the next time.
        """
        journal.note_state(self.editor.manuscript, self._selection)
        batch = journal.take()
        try:
            await asyncio.to_thread(journal.write, batch)
        except Cut:
            file = file_state(self._path, self._file, self._saved_at)
            journal.begin(snapshot_of(self.editor.manuscript, self._selection, file), rewrite=True)
            return await self._write_down(journal)
        except InputError:
            journal.put_back(batch)
            raise
        return bool(batch.records)

    async def _end(self, journal: Journal) -> None:
        """Writes the last of it, pending text included, and lets go. Raises `InputError` where that fails."""
        with contextlib.suppress(InputError):  # what fails now fails with the last line too
            await self._write_down(journal)
        await asyncio.to_thread(journal.close, unsaved=self.unsaved())

    @property
    def _selection(self) -> Caret:
        selection = self.editor.selection
        return selection.start, selection.end

    async def note_saved(self) -> None:
        """The file holds the text of `_saved_at` now."""
        if self._journal is not None:
            self._journal.note(file_state(self._path, self._file, self._saved_at))
            await self.set_aside()

    # --- what earlier evenings left ---

    async def _offer_left(self, *, asked: bool = False) -> None:
        """Offers texts that earlier evenings left unsaved, newest first, until one is taken or put off."""
        found = await asyncio.to_thread(find_left, self.root)
        done = False
        for each in found:
            done = done or (not asked and (self._opening or self.unsaved()))
            if done:
                each.journal.discard()
                continue
            try:
                done = await self.ask_about(each, asked=asked) != "discard"
            except InputError as error:
                done = True
                self.say(str(error), "text", wrong=True)
        if asked and not found:
            self.say("There are no unsaved texts.")

    async def ask_about(self, left: Left, *, asked: bool = False) -> str:
        """Asks about one text, does as told, and returns the answer: restore, discard, or later.

        Unless the person `asked` for it, letters don't answer: they may be the first of the next sentence, and go
        where they were typed if the text stays. Raises `InputError` where it can't be restored.
        """
        words = left.restored.manuscript.body.words
        noted = await asyncio.to_thread(noted_last, left.journal.file)
        when = datetime.fromtimestamp(noted).strftime("%-d %B, %H:%M")
        dialog = ChoiceDialog(
            f"{left.name} was not saved ({when}, {words:,} word{'' if words == 1 else 's'}).",
            (Choice("restore", "r", "Restore"), Choice("later", "l", "Later"), Choice("discard", "d", "Discard")),
            unasked=not asked,
        )
        answer = await self.app.push_screen_wait(dialog)
        if dialog.typed and answer != "restore":
            self.editor.type_text(dialog.typed)
        if answer == "restore" and await self.may_leave():
            try:
                opened = await asyncio.to_thread(left.opened)
            except InputError:
                left.journal.discard()
                raise
            await self.show_text(opened)
            return "restore"
        if answer == "discard":
            await self._discard(left)
            return "discard"
        left.journal.discard()
        return "later"

    async def _discard(self, left: Left) -> None:
        """A text without a name goes to the trash, another one back to what its file holds: no key ends a text."""
        try:
            if left.path is not None:
                await asyncio.to_thread(left.revert)
                self.say(
                    f"{left.name} is back to what its file holds; what was not saved is among its branches.", "text"
                )
                return
            left.journal.discard()
            self.say(await self._throw_away(left.journal), "text")
        except InputError as error:
            self.say(str(error), "text", wrong=True)

    async def _throw_away(self, journal: Journal) -> str:
        """Moves a journal that nobody holds any more to the trash; returns the sentence for that."""
        trash = await asyncio.to_thread(ensure_room, "trash", self.root)
        place = await asyncio.to_thread(move_to_trash, journal.file, trash)
        return f"Discarded. For 30 days it can still be found at {place}."

    @on(Editor.Refused)
    def _refused(self) -> None:
        self.say(
            "This text is open in another window, so it can only be read here. Save it under another name.", "text"
        )
