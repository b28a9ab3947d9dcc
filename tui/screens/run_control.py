"""What can be done with the run on the Train screen, beside starting and stopping it."""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from textual import work

from corpora.errors import InputError
from engine.changes import ADDED, changed
from engine.folder import ModelFolder, ModelLibrary
from engine.records import RUNNING, Changeable, ModelRecord
from tui.commands.key_names import with_keys
from tui.screens.machine_speed import MachineSpeed
from tui.training import actions
from tui.training.look import Look
from tui.training.watch import RunView
from tui.waiting import in_thread
from tui.widgets.amount_dialog import AmountDialog, number_of
from tui.widgets.dialogs import LineDialog
from tui.widgets.message_line import MessageLine
from tui.widgets.run_form import RunForm

P = ParamSpec("P")
CONTROLS = frozenset({"extend", "change", "compare", "duplicate", "rename", "note", "delete", "enqueue"})


class NotesDialog(LineDialog):
    """Notes may be empty."""

    def check(self, value: str) -> None:
        pass


class RunControl(MachineSpeed):
    """Needs a screen that shows `_folder`, of which `_view` is known."""

    _folder: ModelFolder | None
    _view: RunView | None
    look: Look

    def __init__(self) -> None:
        super().__init__()
        self._trashed: list[tuple[str, Path]] = []  # what was deleted and where it lies, the latest last
        self._unwritten: dict[Path, str] = {}  # notes that found no room, by their models' folders

    def show_run(self, folder: ModelFolder | None, said: str = "") -> None:
        """Shows this run, or the form, with a sentence on what was just done."""
        raise NotImplementedError

    def look_again(self) -> None:
        """Reads the list of runs again."""
        raise NotImplementedError

    def can_control(self, action: str) -> bool:
        """Whether one of `CONTROLS` applies to the run that is shown."""
        if self._folder is None or self._view is None or (self._view.record is None and action != "delete"):
            return False
        state = self._view.status.state
        if action in ("delete", "rename"):
            return state not in RUNNING
        return state not in {*RUNNING, "finished"} if action == "enqueue" else True

    # Changes while it runs, and afterwards

    def action_extend(self) -> None:
        if record := self._record:
            in_steps = record.training.steps is not None
            self._ask_change(
                "steps" if in_steps else "minutes",
                f"How many more {'steps' if in_steps else 'minutes'} shall {record.name} train?",
                "1,000" if in_steps else "5",
            )

    def action_change(self, setting: str) -> None:
        if (record := self._record) is None:
            return
        if setting == "dropout":
            question = "Which dropout from now on? More of it against learning by heart."
            self._ask_change("dropout", question, f"{record.model.dropout:g}")
        else:
            question = "Which learning rate at its peak from now on? It goes on following its schedule."
            self._ask_change("learning_rate", question, f"{record.training.learning_rate:g}")

    @work(group="control")
    async def _ask_change(self, setting: Changeable, question: str, value: str) -> None:
        folder, record = self._folder, self._record
        if folder is None or record is None:
            return
        typed = await self.app.push_screen_wait(
            AmountDialog(question, value, lambda number: changed(record, 1, setting, number))
        )
        if typed is None:
            return
        state = (await in_thread(self.app, folder.status)).state
        done = await self._do(actions.change, folder, setting, number_of(typed))
        if done and setting in ADDED and state not in {*RUNNING, "queued"}:
            self._stop_measuring()
            await self._do(actions.resume, folder)

    # Other runs

    @work(group="control")
    async def action_compare(self) -> None:
        from tui.screens.compare import CompareScreen
        from tui.screens.pick_run import PickRun

        if (folder := self._folder) is None or (view := self._view) is None or view.record is None:
            return
        entries = await in_thread(self.app, ModelLibrary().list)
        others = {entry.folder.slug: entry for entry in entries if entry.record and entry.folder.path != folder.path}
        if not others:
            self.query_one(MessageLine).say("There is no other model to compare it with.")
            return
        laid_over = [others[slug] for slug in self.look.others if slug in others]  # those are likely meant
        runs = [*laid_over, *(entry for entry in others.values() if entry not in laid_over)]
        chosen = await self.app.push_screen_wait(
            PickRun(f"Compare {view.record.name} with which model?", runs, self.look)
        )
        if chosen in others and (record := others[chosen].record) is not None:
            await self.app.push_screen(CompareScreen(view, others[chosen].folder, record, self.look))

    def action_duplicate(self) -> None:
        if record := self._record:
            self.show_run(None)
            if self.query_one(RunForm).prefill(record):
                start = with_keys("{F5|train.start} starts it as a model of its own.", self.app)
                said = f"The settings of {record.name}. Change what you like; {start}"
            else:
                said = f"The settings of {record.name}. Its text {record.corpus.name!r} is gone: choose another one."
            self.query_one(MessageLine).say(said)

    # The folder

    @work(group="control")
    async def action_rename(self) -> None:
        if (folder := self._folder) is None or (record := self._record) is None:
            return
        name = await self.app.push_screen_wait(LineDialog("What shall it be called?", record.name))
        if name is None or name.strip() == record.name:
            return
        try:
            renamed = await in_thread(self.app, ModelLibrary().rename, folder, name)
        except InputError as error:
            self.query_one(MessageLine).say(str(error), error=True)
            return
        self.show_run(renamed, f"It is called {name.strip()} now.")
        self.look_again()

    @work(group="control")
    async def action_note(self) -> None:
        if (folder := self._folder) is None:
            return
        line = self.query_one(MessageLine)
        try:
            before = (await in_thread(self.app, folder.notes)).rstrip("\n")
            if "\n" in before:
                line.say(f"These notes have several lines: edit {folder.notes_path} with an editor of yours.")
                return
            before = self._unwritten.get(folder.path, before)
            text = await self.app.push_screen_wait(NotesDialog(f"What is worth noting about {self._called}?", before))
            if text is not None:
                self._unwritten[folder.path] = text
                await in_thread(self.app, folder.write_notes, text)
                del self._unwritten[folder.path]
                ours = folder.path.parent == ModelLibrary().root / "models"
                where = "The Library shows it beside the model." if ours else "It lies in notes.txt beside the run."
                line.say(f"Noted. {where}", done=True)
        except InputError as error:
            kept = " {j|train.note} has what you typed." if folder.path in self._unwritten else ""
            line.say(f"{error}{with_keys(kept, self.app)}", error=True)

    @work(group="control")
    async def action_delete(self) -> None:
        if (folder := self._folder) is None:
            return
        name, line = self._called, self.query_one(MessageLine)
        try:
            self._trashed.append((name, await in_thread(self.app, ModelLibrary().remove, folder)))
        except InputError as error:
            line.say(str(error), error=True)
            return
        undo = with_keys("Press {u|train.undo} to bring it back.", self.app)
        self.show_run(None, f"{name} is in the trash. {undo}")
        self.look_again()

    @work(group="control")
    async def action_undo(self) -> None:
        if not self._trashed:
            return
        (name, path), line = self._trashed.pop(), self.query_one(MessageLine)
        try:
            folder = await in_thread(self.app, ModelLibrary().restore, path)
        except InputError as error:
            line.say(str(error), error=True)
            if await in_thread(self.app, path.exists):
                self._trashed.append((name, path))  # it may go better next time
            return
        self.show_run(folder, f"{name} is back.")
        self.look_again()

    # The queue

    @work(group="control")
    async def action_enqueue(self) -> None:
        if (folder := self._folder) is None:
            return
        queued = self._view is not None and self._view.status.state == "queued"
        await self._do(actions.take_from_queue if queued else actions.put_in_queue, folder)
        self.look_again()

    async def _do(self, work: Callable[P, str], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Does something in a thread, and says what it returns or why it can't be done; whether it could."""
        line = self.query_one(MessageLine)
        try:
            line.say(await in_thread(self.app, work, *args, **kwargs))
        except InputError as error:
            line.say(str(error), error=True)
            return False
        return True

    @property
    def _called(self) -> str:
        """What the model that is shown is called; its folder's name where nobody knows."""
        return self._view.name if self._view else self._folder.slug if self._folder else ""

    @property
    def _record(self) -> ModelRecord | None:
        return self._view.record if self._view else None
