"""The Write screen hands its text to another editor, and takes it back."""

from pathlib import Path

from textual.app import SuspendNotSupported

from corpora.errors import InputError
from tui.hand_over import edit_copy, editor_command
from tui.screens.write_exporting import WriteExporting

SLOW = "If it opens a window of its own, it needs to be told to wait, as in VISUAL='code --wait'."


class WriteHandingOver(WriteExporting):
    """Everything here waits while the other editor has the terminal: nothing else may write on it."""

    def action_editor(self) -> None:
        self.in_turn(self._hand_over())

    async def _hand_over(self) -> None:
        if self.editor.read_only:
            self.say("This text can only be read here. Save it under another name to change it.", "text")
            return
        self.editor.dismiss_ghost()
        self.editor.keep()
        try:
            command = editor_command()
            await self.set_aside()  # whatever the other editor does to this process
            before = self.editor.manuscript.text
            with self.app.suspend():
                edited = edit_copy(command, before, self.file_name(), self.root)
        except SuspendNotSupported:
            self.say("This terminal can't be handed to another program.", "text", wrong=True)
            return
        except InputError as error:
            self.say(str(error), "text", wrong=True)
            return
        finally:
            self.app.refresh(layout=True)
        if edited.text != before:
            self.editor.take_over(edited.text)
        if edited.wrong:
            saved = ""
            if edited.text != before:
                self.editor.undo()
                saved = " {ctrl+y|edit.redo} shows what it had saved."
            self.say(edited.wrong + saved, "text", wrong=True)
        elif edited.text == before:
            self.say(f"{Path(command[0]).name} changed nothing. {SLOW}", "text")
        else:
            made = f"This is what {Path(command[0]).name} made of it; {{ctrl+z|edit.undo}} takes it back."
            self.say(made, "text")
        self.refresh_status()
