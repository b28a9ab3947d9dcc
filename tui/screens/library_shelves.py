"""The Library's two lists and the details beside them, kept true to what lies on the disk."""

import asyncio
from pathlib import Path
from threading import Event

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Static

from corpora.errors import InputError
from corpora.home import home
from corpora.library import Corpus, CorpusEntry
from engine.folder import ModelEntry, ModelFolder
from engine.records import SampleLine
from tui.commands.key_names import with_keys
from tui.library.figures import Figures, figures
from tui.library.importing import Cancelled
from tui.library.listing import Glimpses, Listing, library_at
from tui.library.newest import newest_sample
from tui.library.ordering import Glance, ordered
from tui.waiting import in_thread, pause
from tui.widgets.detail_pane import DetailPane
from tui.widgets.key_bar import KeyBar
from tui.widgets.message_line import MessageLine
from tui.widgets.mode_bar import ModeBar
from tui.widgets.news_line import NewsLine
from tui.widgets.shelf import ModelShelf, Shelf, TextShelf
from tui.widgets.welcome import Welcome

WIDE = 130  # columns from which details stand beside the lists
PREVIEW = 2000  # characters


class LibraryShelves(Screen[None]):
    """Everything that touches the disk happens in threads; the lists follow what other programs do."""

    POLL = 1.0  # seconds between looks at the library
    SETTLE = 0.1  # seconds that the cursor rests before details are read

    def __init__(self) -> None:
        super().__init__()
        self._glimpses = Glimpses()
        self._glances: dict[str, Glance] = {}
        self._looking = asyncio.Lock()
        self._listing: Listing | None = None
        self._trash: list[tuple[str, str, Path]] = []  # kind and name of what was deleted, and where it lies
        self._applies: object = None  # what the keys that apply follow from
        self._detailed: object = None  # what the details are about
        self._figures: dict[str, Figures] = {}
        self._order = 0  # of the models
        self._word = ""  # that a model must have to be listed
        self._notices: dict[str, tuple[str, ...]] = {}  # what was said when a text was added

    def compose(self) -> ComposeResult:
        yield ModeBar("library")
        yield Welcome(id="welcome")
        with Container(id="library-body"):
            with Vertical(id="shelves"):
                yield TextShelf(id="texts")
                yield Static(id="models-filter", markup=False)
                yield ModelShelf(id="models")
            yield DetailPane(id="detail")
        yield NewsLine()
        yield MessageLine()
        yield KeyBar(compact=True)

    def on_mount(self) -> None:
        self.query_one("#welcome").display = False
        self._look()
        self.set_interval(self.POLL, self._look)
        self.app.theme_changed_signal.subscribe(self, self._recolour)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#library-body").set_class(event.size.width >= WIDE, "-wide")

    def on_screen_resume(self) -> None:
        self._look()

    def _recolour(self, _: Theme) -> None:
        for shelf in self.query(Shelf):
            shelf.forget()
        self._detailed = None
        if self._listing:
            self._show(self._listing)

    # What is there

    @work(group="look")
    async def _look(self) -> None:
        if self._listing is None or (self.is_current and not self._looking.locked()):
            await self._refresh_listing()

    async def _refresh_listing(self) -> None:
        async with self._looking:
            listing = await in_thread(self.app, lambda: library_at(home()).look())
            if listing is not self._listing:
                self._glances = await in_thread(self.app, self._glimpses.of, listing)
                self._listing = listing
                self._show(listing)

    def _show(self, listing: Listing) -> None:
        first_run = listing.empty
        welcome, body = self.query_one("#welcome"), self.query_one("#library-body")
        if welcome.display != first_run or body.display == first_run:
            welcome.display, body.display = first_run, not first_run
        self.query_one(TextShelf).show(listing.corpora)
        shown = ordered(listing.models, self._glances, order=self._order, word=self._word)
        self.query_one(ModelShelf).show(shown, self._glances)
        self._show_filter(len(shown), len(listing.models))
        if first_run:
            if not isinstance(self.focused, Widget) or self.focused in self.query("#library-body *"):
                self.query_one("#welcome-add").focus()
        elif self.focused is None or not self.focused.display or self.focused in self.query("#welcome *"):
            self.query_one(TextShelf if listing.corpora else ModelShelf).focus()
        self._follow_cursor()

    def _follow_cursor(self) -> None:
        """Offers what applies to what is under the cursor, and tells of it, unless both are as they were."""
        corpora, models = (self._listing.corpora, self._listing.models) if self._listing else ((), ())
        model, chosen = self._model, self._model if isinstance(self._shelf, ModelShelf) else self._corpus
        applies = (
            self._shelf,
            self._corpus,
            model and (model.folder.slug, model.status.state),
            corpora,
            bool(models),
            bool(self._trash),
        )
        if applies != self._applies:
            self._applies = applies
            self.refresh_bindings()
        if self._detailed is None or chosen is not self._detailed:
            self._detailed = chosen
            self._show_detail()

    def _show_filter(self, shown: int, models: int) -> None:
        """Says which models are left out, for as long as any may be."""
        self.query_one("#shelves").set_class(bool(self._word), "-filtered")
        others = with_keys("{/|library.filter} for others", self.app)
        said = f"{shown} of {models} models: those with {self._word!r}. {others}"
        if self._word and (line := self.query_one("#models-filter", Static)).content != said:
            line.update(said)

    @property
    def _shelf(self) -> Shelf:
        """The list that has the focus, or had it last."""
        models = self.query_one(ModelShelf)
        return models if models.has_class("-last") else self.query_one(TextShelf)

    @property
    def _corpus(self) -> CorpusEntry | None:
        slug = self.query_one(TextShelf).chosen
        return self._listing.corpus.get(slug) if self._listing else None

    @property
    def _model(self) -> ModelEntry | None:
        slug = self.query_one(ModelShelf).chosen
        return self._listing.model.get(slug) if self._listing else None

    @on(events.DescendantFocus)
    def _focused(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Shelf):
            for shelf in self.query(Shelf):
                shelf.set_class(shelf is event.widget, "-last")
            self._follow_cursor()

    @on(Shelf.RowHighlighted)
    def _moved(self) -> None:
        self._follow_cursor()

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
                pane.show_model(model, *await in_thread(self.app, _inside, model.folder))
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


def _inside(folder: ModelFolder) -> tuple[SampleLine | None, str]:
    """The newest sample and the notes."""
    try:
        notes = folder.notes()
    except InputError as error:
        notes = str(error)
    return newest_sample(folder.samples_path), notes
