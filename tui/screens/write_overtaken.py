"""The Write screen's answer to a file that another program has changed: mine, theirs, or both made into one."""

import asyncio
from pathlib import Path

from corpora.errors import InputError
from tui.manuscript.lines import Change, Lines
from tui.manuscript.merging import Piece, merge
from tui.manuscript.saving import Gone, Overtaken
from tui.manuscript.textfile import TextFile, read_text
from tui.screens.write_files import WriteFiles
from tui.widgets.dialogs import Choice, ChoiceDialog


class WriteOvertaken(WriteFiles):
    """Asks which text stays. Whichever it is, the other one is an undo or a branch away."""

    async def _ask_overtaken(self, path: Path) -> None:
        answer = await self.app.push_screen_wait(
            ChoiceDialog(
                f"{path.name} was changed by another program since it was read here. Which text shall stay? "
                "Merging shows both, place by place.",
                (
                    Choice("mine", "m", "Mine"),
                    Choice("theirs", "t", "Theirs"),
                    Choice("merge", "g", "Merge"),
                    Choice("elsewhere", "e", "Elsewhere"),
                    Choice("cancel", "c", "Cancel"),
                ),
            )
        )
        if answer == "mine":
            await self._write(path)
        elif answer == "merge":
            await self._merge(path)
        elif answer == "elsewhere":
            await self._save_as(elsewhere=True)
        elif answer == "theirs":
            await self._take_theirs(path)

    async def _merge(self, path: Path) -> None:
        """Makes one text of mine and theirs, as one step of the history, and saves it."""
        from tui.screens.merging import MergingScreen

        manuscript = self.editor.manuscript
        lines, base = manuscript.body.lines.copy(), self._way_to_saved()
        self.flash("comparing…")
        try:
            file = await self._theirs(path)
            pieces = await asyncio.to_thread(_pieces, lines, base, file.text)
        except InputError as error:
            self.say(str(error), "text", wrong=True)
            return
        text: str | None = file.text
        if any(piece.differs for piece in pieces):
            text = await self.app.push_screen_wait(MergingScreen(path.name, pieces))
        if text is None:
            return
        self.editor.take_over(text)
        self._file = file
        try:
            await self._write(path, known=file)
        except Overtaken:
            await self._ask_overtaken(path)
        except Gone as error:
            self.say(str(error), "text", wrong=True)
        else:
            if file.notices and not self.unsaved():
                self.say(" ".join(file.notices), "text", lasting=True)

    async def _theirs(self, path: Path) -> TextFile:
        """What others made of the file. Raises `InputError`, also where saving it again would lose some of it."""
        file = await asyncio.to_thread(read_text, path, self._progress(path, "Reading"))
        if file.lossy:
            raise InputError(
                f"{path.name} was changed by another program and has damaged bytes now, so it was not read again. "
                "It is not saved over without a question."
            )
        return file

    def _way_to_saved(self) -> list[Change] | None:
        """The changes that lead from the text to what its file held when both were the same; None if nobody knows."""
        manuscript = self.editor.manuscript
        node = manuscript.history.nodes.get(self._saved_at[0])
        return manuscript.way_to(node) if node is not None else None

    async def _take_theirs(
        self, path: Path, said: str = "This is their version. Yours is one undo away.", *, asked: bool = True
    ) -> None:
        """Their text becomes one step of this one's history.

        Unless the person `asked` for it, not where something was typed while it was read.
        """
        manuscript = self.editor.manuscript
        version = manuscript.body.version
        try:
            file = await self._theirs(path)
        except InputError as error:
            self.say(str(error), "text", wrong=True)
            return
        if not asked and (manuscript.body.version != version or manuscript.pending):
            return
        self.editor.take_over(file.text)
        self._file, self._saved_at = file, self.editor.manuscript.history.position
        await self.note_saved()
        self.say(" ".join([said, *file.notices]), "text", lasting=True)
        self.refresh_status()


def _pieces(lines: list[str], base: list[Change] | None, theirs: str) -> list[Piece]:
    """For a thread: the pieces of two texts, the first of which leads to what both began as by the changes `base`."""
    mine = "\n".join(lines)
    if base is None:
        return merge(None, mine, theirs)
    began = Lines(mine)
    for change in base:
        began.replace(change.start, change.end, change.inserted)
    return merge(began.text, mine, theirs)
