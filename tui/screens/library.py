"""The Library screen: the texts and the models, what is known of them, and what can be done with them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Footer

from corpora.errors import InputError
from corpora.library import Added, Corpus, CorpusEntry, CorpusLibrary
from corpora.starters import STARTERS
from engine.folder import ModelEntry, ModelFolder, ModelLibrary
from engine.records import RUNNING, SampleLine
from tui.commands.command import Command
from tui.commands.library import LIBRARY
from tui.commands.registry import bindings
from tui.library.figures import Figures, figures
from tui.library.importing import Cancelled, Import, import_paths, import_starter
from tui.library.listing import LibraryWatch, Listing
from tui.readable import count
from tui.screens.add_text import AddRequest, AddTextScreen
from tui.training import actions
from tui.waiting import in_thread, pause
from tui.widgets.bar import bar
from tui.widgets.detail_pane import DetailPane
from tui.widgets.message_line import MessageLine
from tui.widgets.mode_bar import ModeBar
from tui.widgets.shelf import ModelShelf, Shelf, TextShelf
from tui.widgets.welcome import Welcome

WIDE = 130  # columns from which details stand beside the lists
TEXT_ACTIONS = frozenset({"train"})
MODEL_ACTIONS = frozenset({"write", "watch", "resume", "stop"})
PREVIEW = 2000  # characters


class LibraryScreen(Screen[None]):
    """Everything that touches the disk happens in threads; the lists follow what other programs do."""

    TITLE = "Library"
    CSS_PATH = "library.tcss"
    BINDINGS = bindings(LIBRARY)
    commands: ClassVar[tuple[Command, ...]] = LIBRARY
    POLL = 1.0  # seconds between looks at the library
    SETTLE = 0.1  # seconds that the cursor rests before details are read

    def __init__(self) -> None:
        super().__init__()
        self._watch = LibraryWatch()
        self._looking = asyncio.Lock()
        self._listing: Listing | None = None
        self._import: Import | None = None
        self._trash: list[tuple[str, Path]] = []  # what was deleted and where it lies, the latest last
        self._figures: dict[str, Figures] = {}
        self._notices: dict[str, tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        yield ModeBar("library")
        yield Welcome(id="welcome")
        with Container(id="library-body"):
            with Vertical(id="shelves"):
                yield TextShelf(id="texts")
                yield ModelShelf(id="models")
            yield DetailPane(id="detail")
        yield MessageLine()
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one("#welcome").display = False
        self._look()
        self.set_interval(self.POLL, self._look)
        self._ticker = self.set_interval(0.1, self._show_progress, pause=True)
        self.app.theme_changed_signal.subscribe(self, self._recolour)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#library-body").set_class(event.size.width >= WIDE, "-wide")

    def on_screen_resume(self) -> None:
        self._look()

    def _recolour(self, _: Theme) -> None:
        if self._listing:
            self._show(self._listing)

    # What is there

    @work(group="look")
    async def _look(self) -> None:
        if self._listing is None or (self.is_current and not self._looking.locked()):
            await self._refresh_listing()

    async def _refresh_listing(self) -> None:
        async with self._looking:
            listing = await in_thread(self.app, self._watch.poll)
            if listing is not None:
                self._listing = listing
                self._show(listing)

    def _show(self, listing: Listing) -> None:
        first_run = listing.empty
        welcome, body = self.query_one("#welcome"), self.query_one("#library-body")
        if welcome.display != first_run or body.display == first_run:
            welcome.display, body.display = first_run, not first_run
        self.query_one(TextShelf).show(listing.corpora)
        self.query_one(ModelShelf).show(listing.models)
        if first_run:
            if not isinstance(self.focused, Widget) or self.focused in self.query("#library-body *"):
                self.query_one("#welcome-add").focus()
        elif self.focused is None or not self.focused.display or self.focused in self.query("#welcome *"):
            self.query_one(TextShelf if listing.corpora else ModelShelf).focus()
        self.refresh_bindings()
        self._show_detail()

    @property
    def _shelf(self) -> Shelf:
        """The list that has the focus, or had it last."""
        models = self.query_one(ModelShelf)
        return models if models.has_class("-last") else self.query_one(TextShelf)

    @property
    def _corpus(self) -> CorpusEntry | None:
        slug = self.query_one(TextShelf).chosen
        entries = self._listing.corpora if self._listing else ()
        return next((entry for entry in entries if entry.slug == slug), None)

    @property
    def _model(self) -> ModelEntry | None:
        slug = self.query_one(ModelShelf).chosen
        entries = self._listing.models if self._listing else ()
        return next((entry for entry in entries if entry.folder.slug == slug), None)

    @on(events.DescendantFocus)
    def _focused(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Shelf):
            for shelf in self.query(Shelf):
                shelf.set_class(shelf is event.widget, "-last")
            self.refresh_bindings()
            self._show_detail()

    @on(Shelf.RowHighlighted)
    def _moved(self) -> None:
        self.refresh_bindings()
        self._show_detail()

    # Details of what is under the cursor

    @work(exclusive=True, group="detail")
    async def _show_detail(self) -> None:
        await pause(self.app, self.SETTLE)
        pane = self.query_one(DetailPane)
        if isinstance(self._shelf, ModelShelf):
            if (model := self._model) is None:
                pane.show_nothing()
            elif model.record is None:
                pane.show_problem(model.folder.slug, model.problem)
            else:
                pane.show_model(model, await in_thread(self.app, _newest_sample, model.folder))
        elif (entry := self._corpus) is None:
            pane.show_nothing()
        elif entry.corpus is None:
            pane.show_problem(entry.slug, entry.problem)
        else:
            await self._show_corpus(pane, entry, entry.corpus)

    async def _show_corpus(self, pane: DetailPane, entry: CorpusEntry, corpus: Corpus) -> None:
        known = self._figures.get(corpus.record.sha256)
        notices = self._notices.get(entry.slug, ())
        pane.show_corpus(entry, corpus, known, notices)
        gone = Event()

        def still_wanted() -> None:
            if gone.is_set():
                raise Cancelled

        try:
            pane.show_preview(await in_thread(self.app, corpus.preview, PREVIEW))
            if known is None:
                known = await in_thread(self.app, figures, corpus, still_wanted)
                self._figures[corpus.record.sha256] = known
                pane.show_corpus(entry, corpus, known, notices)
        except InputError as error:
            pane.show_corpus(entry, corpus, None, notices, problem=str(error))
        finally:
            gone.set()  # a worker that was cancelled leaves its thread behind: this ends it

    # Adding

    def action_add(self) -> None:
        self.app.push_screen(AddTextScreen(), self._add)

    def action_starter(self, key: str) -> None:
        title = next(starter.name for starter in STARTERS if starter.key == key)
        self._run_import(import_starter(key, title))

    def action_cancel(self) -> None:
        if self._import:
            self._import.cancel()

    def action_clear(self) -> None:
        self.query_one(MessageLine).clear()

    def _add(self, request: AddRequest | None) -> None:
        if request:
            self._run_import(import_paths(list(request.paths), request.name))

    def _run_import(self, job: Import) -> None:
        if self._import:
            self.notify("One import at a time: this one has to end first. Escape cancels it.", severity="warning")
        else:
            self._import = job
            self._carry_out(job)

    @work(group="import")
    async def _carry_out(self, job: Import) -> None:
        line = self.query_one(MessageLine)
        self.refresh_bindings()
        self._ticker.resume()
        try:
            added = await in_thread(self.app, job.run)
        except Cancelled:
            line.say(f"{job.title} was not added.")
        except InputError as error:
            line.say(str(error), error=True)
        else:
            await self._added(added, line)
        finally:
            job.cancel()  # the app may be closing while the thread still reads
            self._ticker.pause()
            self._import = None
            self.refresh_bindings()

    async def _added(self, added: Added, line: MessageLine) -> None:
        record = added.corpus.record
        self._notices[added.corpus.slug] = added.notices
        if added.existing:
            said = f"This text is already here, as {record.name}."
        else:
            said = f"{record.name} is in the library: {count(record.characters)} characters. Press t to train on it."
        line.say(" ".join([said, *added.notices]), done=True)
        await self._refresh_listing()
        shelf = self.query_one(TextShelf)
        shelf.choose(added.corpus.slug)
        shelf.focus()
        self._show_detail()

    def _show_progress(self) -> None:
        if job := self._import:
            filled, empty = bar(job.share, 20)
            self.query_one(MessageLine).say(f"{job.title}  ▕{filled}{empty}▏ {job.share:.0%}  {job.message}")

    # What can be done with a text or a model

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
            self.query_one(MessageLine).say(
                f"{entry.folder.slug} has no weights yet: they come with the first evaluation. v shows how far it is."
            )

    async def action_watch(self) -> None:
        from tui.app import PantoumApp

        if (entry := self._model) and isinstance(self.app, PantoumApp):
            await self.app.watch_run(entry.folder.slug)

    def action_resume(self) -> None:
        if entry := self._model:
            paused = entry.status.state == "paused"
            self._tell(lambda: actions.ask(entry.folder, "resume") if paused else actions.resume(entry.folder))

    def action_stop(self) -> None:
        if entry := self._model:
            self._tell(lambda: actions.ask(entry.folder, "stop"))

    def action_delete(self) -> None:
        if isinstance(self._shelf, ModelShelf):
            if model := self._model:
                folder = model.folder
                self._delete(folder.slug, lambda: ModelLibrary().remove(folder))
        elif corpus := self._corpus:
            slug = corpus.slug
            self._delete(slug, lambda: CorpusLibrary().remove(slug))

    def action_undo(self) -> None:
        if self._trash:
            self._bring_back(*self._trash.pop())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what applies to the text or model under the cursor is shown and has a key."""
        if action == "undo":
            return bool(self._trash)
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
            self._trash.append((kind, await in_thread(self.app, remove)))
        except InputError as error:
            line.say(str(error), error=True)
            return
        await self._refresh_listing()
        line.say(f"{name} is in the trash. Press u to bring it back.")

    @work(group="delete")
    async def _bring_back(self, kind: str, trashed: Path) -> None:
        line = self.query_one(MessageLine)
        shelf: Shelf = self.query_one(ModelShelf if kind == "model" else TextShelf)
        try:
            if kind == "model":
                slug = (await in_thread(self.app, ModelLibrary().restore, trashed)).slug
            else:
                slug = (await in_thread(self.app, CorpusLibrary().restore, trashed)).slug
        except InputError as error:  # back it may be, and still as damaged as it was
            line.say(str(error), error=True)
            await self._refresh_listing()
            return
        await self._refresh_listing()
        shelf.choose(slug)
        shelf.focus()
        line.say(f"{slug} is back.", done=True)

    @work(group="tell")
    async def _tell(self, work: Callable[[], str]) -> None:
        """Passes a request on and says what follows."""
        line = self.query_one(MessageLine)
        try:
            line.say(await in_thread(self.app, work))
        except InputError as error:
            line.say(str(error), error=True)
        await self._refresh_listing()


def _newest_sample(folder: ModelFolder) -> SampleLine | None:
    return next(reversed(folder.samples().read_all()), None)
