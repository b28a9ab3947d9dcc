"""The Library screen: the texts and the models, what is known of them, and what can be done with them."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on, work

from corpora.errors import InputError
from corpora.library import CorpusLibrary
from corpora.starters import STARTERS
from engine.folder import ModelLibrary
from engine.records import RUNNING
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.library import LIBRARY
from tui.commands.registry import bindings
from tui.library.ordering import ORDERS
from tui.screens.library_adding import LibraryAdding
from tui.waiting import in_thread
from tui.widgets.dialogs import LineDialog
from tui.widgets.message_line import MessageLine
from tui.widgets.shelf import ModelShelf, Shelf, TextShelf

TEXT_ACTIONS = frozenset({"train"})
MODEL_ACTIONS = frozenset({"write", "watch", "resume", "stop"})


class FilterDialog(LineDialog):
    """Takes nothing for an answer: it lists all."""

    def check(self, value: str) -> None:
        pass


class LibraryScreen(LibraryAdding):
    """What can be done with the text or the model under the cursor."""

    TITLE = "Library"
    CSS_PATH = "library.tcss"
    BINDINGS = bindings(LIBRARY)
    commands: ClassVar[tuple[Command, ...]] = LIBRARY

    @on(Shelf.RowSelected)
    async def _chosen(self, event: Shelf.RowSelected) -> None:
        if isinstance(event.data_table, TextShelf):
            await self.action_train()
        else:
            await self.action_write()

    async def action_train(self) -> None:
        from tui.app import PantoumApp

        if (entry := self._corpus) and entry.corpus and isinstance(self.app, PantoumApp):
            await self.app.train_on(entry.slug)

    async def action_write(self) -> None:
        from tui.app import PantoumApp

        if (entry := self._model) is None or not isinstance(self.app, PantoumApp):
            return
        if await in_thread(self.app, entry.folder.weights_path.exists):
            await self.app.open_model(entry.folder.slug)
        else:
            name = entry.record.name if entry.record else entry.folder.slug
            watch = with_keys("{v|library.watch} shows how far it is.", self.app)
            self.query_one(MessageLine).say(f"{name} has no weights yet: they come with the first evaluation. {watch}")

    async def action_watch(self) -> None:
        from tui.app import PantoumApp

        if (entry := self._model) and isinstance(self.app, PantoumApp):
            await self.app.watch_run(entry.folder.slug)

    def action_resume(self) -> None:
        from tui.training import actions  # what starts trainers: not while the app starts

        if entry := self._model:
            paused = entry.status.state == "paused"
            self._tell(lambda: actions.ask(entry.folder, "resume") if paused else actions.resume(entry.folder))

    def action_stop(self) -> None:
        from tui.training import actions

        if entry := self._model:
            self._tell(lambda: actions.ask(entry.folder, "stop"))

    def action_delete(self) -> None:
        if isinstance(self._shelf, ModelShelf):
            if model := self._model:
                folder, name = model.folder, model.record.name if model.record else model.folder.slug
                self._delete(name, lambda: ModelLibrary().remove(folder))
        elif corpus := self._corpus:
            slug, name = corpus.slug, corpus.corpus.record.name if corpus.corpus else corpus.slug
            self._delete(name, lambda: CorpusLibrary().remove(slug))

    def action_sort(self) -> None:
        self._order = (self._order + 1) % len(ORDERS)
        self._list_again(f"Models: {ORDERS[self._order][0]}.")

    @work(group="filter")
    async def action_filter(self) -> None:
        question = "Which models? Part of a name, a text, a kind or a state; nothing for all."
        word = await self.app.push_screen_wait(FilterDialog(question, self._word))
        if word is not None:
            self._word = word.strip()
            self._list_again("" if self._word else "All models.")

    def _list_again(self, said: str) -> None:
        if self._listing is not None:
            self._show(self._listing)
        self.query_one(MessageLine).say(said)

    def action_undo(self) -> None:
        if self._trash:
            self._bring_back(*self._trash.pop())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what applies to the text or model under the cursor is shown and has a key."""
        if action == "undo":
            return bool(self._trash)
        if action in ("sort", "filter"):
            return bool(self._listing and self._listing.models)
        if action in ("cancel", "clear"):
            return (self._import is not None) == (action == "cancel")
        if action == "starter":
            here = (
                {entry.corpus.record.name for entry in self._listing.corpora if entry.corpus} if self._listing else ()
            )
            return not any(starter.key == parameters[0] and starter.name in here for starter in STARTERS if parameters)
        on_models = isinstance(self._shelf, ModelShelf)
        if action in TEXT_ACTIONS:
            return not on_models and self._corpus is not None
        if action == "delete":
            return (self._model if on_models else self._corpus) is not None
        if action not in MODEL_ACTIONS:
            return True
        if not on_models or self._model is None:
            return False
        state = self._model.status.state
        if action == "resume":
            return state in ("paused", "stopped", "failed", "prepared")
        return state in RUNNING if action == "stop" else True

    @work(group="delete")
    async def _delete(self, name: str, remove: Callable[[], Path]) -> None:
        line = self.query_one(MessageLine)
        kind = "model" if isinstance(self._shelf, ModelShelf) else "text"
        try:
            self._trash.append((kind, name, await in_thread(self.app, remove)))
        except InputError as error:
            line.say(str(error), error=True)
            return
        await self._refresh_listing()
        undo = with_keys("Press {u|library.undo} to bring it back.", self.app)
        line.say(f"{name} is in the trash. {undo}")

    @work(group="delete")
    async def _bring_back(self, kind: str, name: str, trashed: Path) -> None:
        line = self.query_one(MessageLine)
        shelf: Shelf = self.query_one(ModelShelf if kind == "model" else TextShelf)
        try:
            if kind == "model":
                slug = (await in_thread(self.app, ModelLibrary().restore, trashed)).slug
            else:
                slug = (await in_thread(self.app, CorpusLibrary().restore, trashed)).slug
        except InputError as error:  # back it may be, and still as damaged as it was
            line.say(str(error), error=True)
            if await in_thread(self.app, trashed.exists):
                self._trash.append((kind, name, trashed))  # it may go better next time
            await self._refresh_listing()
            return
        await self._refresh_listing()
        shelf.choose(slug)
        shelf.focus()
        line.say(f"{name} is back.", done=True)

    @work(group="tell")
    async def _tell(self, work: Callable[[], str]) -> None:
        """Passes a request on and says what follows."""
        line = self.query_one(MessageLine)
        try:
            line.say(await in_thread(self.app, work))
        except InputError as error:
            line.say(str(error), error=True)
        await self._refresh_listing()
