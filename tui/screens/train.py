"""The Train screen: a form for a new run, or a run as it learns. All it knows of a run is in the model's folder."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import ContentSwitcher, Label, Select
from textual.worker import Worker

from corpora.errors import InputError
from corpora.home import home
from corpora.library import Corpus
from corpora.paths import gone
from engine.folder import ModelEntry, ModelFolder, ModelLibrary
from engine.machine_memory import free_bytes, may_have_gpu
from engine.records import RUNNING, CorpusReference, Request
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.registry import bindings
from tui.commands.train import CHARTS, SAMPLES, TRAIN
from tui.library.listing import Listing, library_at
from tui.screens.run_control import CONTROLS, RunControl
from tui.screens.train_charts import CHART_ACTIONS, TrainCharts
from tui.training import actions
from tui.training.meanings import FORM, MEANINGS
from tui.training.watch import RunView, RunWatch
from tui.waiting import in_thread, painted, pause
from tui.widgets.key_bar import KeyBar
from tui.widgets.message_line import MessageLine
from tui.widgets.mode_bar import ModeBar
from tui.widgets.news_line import NewsLine
from tui.widgets.run_form import RunForm

NEW = ""  # the picker's value for "a new model"
RUN_ACTIONS = frozenset({"new", "pause", "resume", "checkpoint", "stop", "write"}) | CHART_ACTIONS
NEEDS_TRAINER = frozenset({"checkpoint", "stop"})
AS_ASKED = "Press {r|train.resume} for that."
AFTER_FAILURE = "Press {r|train.resume} to resume from its last checkpoint."
OWN = frozenset({"write", "enqueue", "delete", "rename"})  # only for models of our library: by their slug


class TrainScreen(TrainCharts, RunControl):
    """On arrival it shows the run that is training, or the last one where it has failed, or else the form."""

    TITLE = "Train"
    CSS_PATH = "train.tcss"
    AUTO_FOCUS = "#form-corpus"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (28, "-high")]
    BINDINGS = bindings(TRAIN)
    commands: ClassVar[tuple[Command, ...]] = TRAIN
    POLL = 0.5  # seconds between looks at a run
    LIST = 2.0  # seconds between looks at the library

    def __init__(self) -> None:
        super().__init__()
        self._view: RunView | None = None
        self._folder: ModelFolder | None = None
        self._listed = False
        self._listing = asyncio.Lock()
        self._known: Listing | None = None  # what the lists were filled from
        self._options: list[tuple[str, str]] = []
        self._wanted_corpus = ""
        self._wanted_run = ""
        self._said = ""  # what was just done, which the run's first announcement must not hide
        self._starting: Worker[None] | None = None
        self._guest: ModelFolder | None = None  # a run that is watched and lies in no library of ours

    def compose(self) -> ComposeResult:
        yield ModeBar("train")
        with Horizontal(id="train-top"):
            yield Label("Run", classes="label")
            yield Select[str]([("A new model", NEW)], value=NEW, allow_blank=False, compact=True, id="run-picker")
        with ContentSwitcher(initial="run-form", id="train-body"):
            yield RunForm(id="run-form")
        yield NewsLine()
        yield MessageLine()
        yield KeyBar(compact=True)

    def on_mount(self) -> None:
        self._refresh_lists()
        self.set_interval(self.LIST, self._refresh_lists)

    def on_screen_resume(self) -> None:
        self._refresh_lists()
        self._draw()

    @property
    def shown_slug(self) -> str:
        """Of the model of our library whose run is shown; "" while none is."""
        return self._folder.slug if self._folder is not None and not self._is_guest else ""

    @property
    def _is_guest(self) -> bool:
        """Whether the run that is shown lies in no library of ours."""
        return self._folder is not None and self._folder is self._guest

    def help_text(self) -> str:
        """What the form, or the pane that is chosen, is about; and all that the run has said of itself."""
        if self._folder is None or self.run_pane is None:
            return self._keys(FORM)
        meaning = self._keys(MEANINGS[self.run_pane.chosen])
        notices = "\n".join(f"· {notice}" for notice in self._record.notices) if self._record else ""
        return f"{meaning}\n\nWhat was said of this run:\n{notices}" if notices else meaning

    def help_group(self) -> str:
        """The commands of what is looked at."""
        if self._folder is None or self.run_pane is None:
            return ""
        return SAMPLES if self.run_pane.chosen == "sample" else CHARTS

    def choose_corpus(self, slug: str) -> None:
        """Opens the form with this text chosen."""
        self._wanted_corpus = slug
        self._watch(None)
        self._refresh_lists(wanted=True)

    def watch_run(self, slug: str) -> None:
        """Shows this model's run."""
        self._wanted_run = slug
        self._refresh_lists(wanted=True)

    def watch_folder(self, folder: ModelFolder) -> None:
        """Shows the run in this folder, which may lie anywhere: on a disk that machines share."""
        self._listed = True
        if folder.path.parent != ModelLibrary().root / "models":
            self._guest = folder
        self._watch(folder)
        self._refresh_lists(wanted=True)

    def show_run(self, folder: ModelFolder | None, said: str = "") -> None:
        self._watch(folder)
        self._said = said if folder is not None else ""
        self.query_one(MessageLine).say(said, done=True)

    def look_again(self) -> None:
        self._refresh_lists(wanted=True)

    @work(group="lists")
    async def _refresh_lists(self, wanted: bool = False) -> None:
        """Looks at the library again; a look by the clock is left out while another is under way."""
        if wanted or not self._listed or (self.is_current and not self._listing.locked()):
            async with self._listing:
                folder = None if self._is_guest else self._folder
                listing, lost = await in_thread(
                    self.app, lambda: (library_at(home()).look(), folder is not None and gone(folder.path))
                )
                self.query_one(RunForm).set_free(*await in_thread(self.app, _free))
                if wanted or listing is not self._known:
                    self._known = listing if self._show_lists(listing) else None
                self._ask_for_speed(listing)
                if lost and self._folder is folder:  # another program has deleted or renamed it
                    self.show_run(None, f"{self._called} is no longer here.")

    def _show_lists(self, listing: Listing) -> bool:
        """Fills the lists; False where one is open under the person's hand, and stays as it is until the next look."""
        form = self.query_one(RunForm)
        taken = form.set_corpora([entry.corpus for entry in listing.corpora if entry.corpus])
        form.set_taken(listing.model.keys())
        runs = sorted(listing.models, key=lambda entry: entry.status.state not in RUNNING)
        if self._wanted_corpus:
            form.choose_corpus(self._wanted_corpus)
            self._wanted_corpus = ""
            self._listed = True
        taken = self._offer(runs) and taken
        if not self._listed:
            self._listed = True
            self._wanted_run = self._wanted_run or _first_shown(runs)
        if wanted := listing.model.get(self._wanted_run):
            self._wanted_run = ""
            self._watch(wanted.folder)
        return taken

    def _ask_for_speed(self, listing: Listing) -> None:
        if self._folder is None and self.is_current:
            self._want_speed(idle=all(entry.status.state not in RUNNING for entry in listing.models))

    def _offer(self, runs: Sequence[ModelEntry]) -> bool:
        """Fills the picker, those in training first; False where it is open under the person's hand."""
        picker = self.query_one("#run-picker", Select)
        options = [("A new model", NEW), *((_describe(entry), entry.folder.slug) for entry in runs)]
        if self._guest is not None:
            options.append((f"{self._guest.slug}  {self._guest.path.parent}", _key(self._guest, self._guest)))
        if picker.expanded or options == self._options:
            return not picker.expanded
        self._options = options
        here = _key(self._folder, self._guest)
        with self.prevent(Select.Changed):
            # As `Text`: a name may have what Textual would take for markup.
            picker.set_options((Text(label), value) for label, value in options)
            picker.value = here if any(slug == here for _, slug in options) else NEW
        return True

    @on(Select.Changed, "#run-picker")
    def _run_picked(self, event: Select.Changed) -> None:
        slug = event.value if isinstance(event.value, str) else NEW
        if slug == _key(self._folder, self._guest):
            return
        if self._guest is not None and slug == _key(self._guest, self._guest):
            self._watch(self._guest)
        else:
            self._watch(ModelFolder(ModelLibrary().root / "models" / slug) if slug else None)

    def _watch(self, folder: ModelFolder | None) -> None:
        """Shows the run in `folder`, or the form."""
        self.query_one(MessageLine).clear()
        self.workers.cancel_group(self, "watch")
        self._folder, self._view = folder, None
        picker = self.query_one("#run-picker", Select)
        with self.prevent(Select.Changed):
            slug = _key(folder, self._guest)
            if any(value == slug for _, value in self._options):
                picker.value = slug
        if folder is None:
            self.query_one(RunForm).forget_copy()
            self.query_one("#train-body", ContentSwitcher).current = "run-form"
            self.query_one("#form-corpus").focus()
            self.refresh_bindings()
        else:
            self._follow(folder)

    @work(exclusive=True, group="watch")
    async def _follow(self, folder: ModelFolder) -> None:
        """Tails the folder for as long as this run is the one that is shown."""
        await self._show_run_pane(folder)
        watch = await in_thread(self.app, RunWatch, folder)
        while True:
            view = await in_thread(self.app, watch.poll)
            if view is not None:
                before, self._view = self._view, view
                if self.is_current and not _looks_alike(before, view):
                    self._draw()
                    if not view.caught_up:  # a glimpse: reading all of it would take the time to paint that
                        await painted(self)
                if before is None or before.status.state != view.status.state:
                    self._announce(view)
                    if before is not None:
                        self._refresh_lists(wanted=True)  # the picker says the state too
            if view is None or view.caught_up:
                await pause(self.app, self.POLL)

    async def _show_run_pane(self, folder: ModelFolder) -> None:
        """A fresh pane for each run: nothing of another run can be left in it."""
        from tui.widgets.run_pane import RunPane  # brings numpy and the plots: only when first needed

        body = self.query_one("#train-body", ContentSwitcher)
        with self.app.batch_update():  # laid out and painted once, and not for what is gone in a moment
            body.current = None
            await body.query(RunPane).remove()
            await pause(self.app, 0)  # the app may have been closed meanwhile
            await body.add_content(RunPane(id="run-pane", look=self.look), set_current=True)
            await pause(self.app, 0)
            body.query_one("#run-tabs").focus()
            self.refresh_bindings()

    def _draw(self) -> None:
        from tui.widgets.run_pane import RunPane

        pane = next(iter(self.query(RunPane)), None)
        if self._view is not None and pane is not None and self.is_attached:  # no longer, while the app closes
            pane.show_view(self._view)

    def _announce(self, view: RunView) -> None:
        """Says how a run ended, and what can be done about it."""
        line = self.query_one(MessageLine)
        said, self._said = self._said, ""
        if said:
            line.say(said, done=True)
        elif view.problem:
            line.say(view.problem, error=True)
        elif view.status.state == "failed":
            asked = "resume" in view.status.error.lower()
            hint = self._keys(AS_ASKED if asked else AFTER_FAILURE)
            line.say(f"{view.status.error or 'The run failed.'} {hint}", error=True)
        elif view.status.state == "finished":
            hint = "" if self._is_guest else self._keys(" Press {w|train.write} to write with it.")
            line.say(f"{view.name} has finished.{hint}", done=True)
        elif view.status.state == "stopped":
            hint = self._keys(
                "{r|train.resume} resumes it" + ("." if self._is_guest else ", {w|train.write} writes with it.")
            )
            line.say(f"{view.name} is stopped; what it has learned is kept. {hint}")
        elif view.status.state == "queued":
            hint = self._keys("{r|train.resume} starts it now.")
            line.say(f"{view.name} waits in the queue: it starts when nothing else is training. {hint}")
        elif view.status.state == "training":
            line.clear()
        self.refresh_bindings()

    def _keys(self, text: str) -> str:
        return with_keys(text, self.app)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what applies now is shown and has a key."""
        if action in ("start", "start_queued", "derive"):
            return self._folder is None
        if action == "undo":
            return bool(self._trashed)
        if action in OWN and self._is_guest:
            return False
        if action == "delete" and self.query_one("#run-picker", Select).expanded:
            return False  # one might mean the run under the cursor
        if action in CONTROLS:
            return self.can_control(action)
        if action not in RUN_ACTIONS:
            return True
        if self._folder is None:
            return False
        state = self._view.status.state if self._view else "prepared"
        if action in NEEDS_TRAINER:
            return state in RUNNING
        if action == "pause":
            return state in ("starting", "training")
        if action == "resume":
            return state in ("paused", "stopped", "failed", "prepared", "queued")
        return True

    @on(RunForm.StartPressed)
    def action_start(self) -> None:
        self._begin(queued=False)

    def action_start_queued(self) -> None:
        self._begin(queued=True)

    def _begin(self, *, queued: bool) -> None:
        form = self.query_one(RunForm)
        problem = form.first_problem() or ("" if queued else form.refusal)
        if problem:
            self.query_one(MessageLine).say(problem, error=True)
        elif form.corpus is not None and (self._starting is None or self._starting.is_finished):
            self._starting = self._start(form, form.corpus, queued=queued)

    @work(group="start")
    async def _start(self, form: RunForm, corpus: Corpus, *, queued: bool) -> None:
        plan = form.outcome.plan
        assert plan is not None
        self._stop_measuring()
        reference = CorpusReference.of(corpus)
        try:
            folder = await in_thread(
                self.app,
                actions.start_queued if queued else actions.start,
                form.model_name,
                model=plan.model,
                training=plan.training,
                corpus=reference,
            )
        except InputError as error:
            self.query_one(MessageLine).say(str(error), error=True)
            return
        form.started()
        self._watch(folder)
        self._refresh_lists(wanted=True)

    def action_clear(self) -> None:
        self.query_one(MessageLine).clear()
        if self.run_pane:
            self.run_pane.point(None)

    def action_derive(self) -> None:
        self.query_one(RunForm).derive_all()
        self.query_one(MessageLine).say("All settings under Advanced follow from the text and the time again.")

    def action_new(self) -> None:
        self._watch(None)

    def action_pause(self) -> None:
        self._ask("pause")

    def action_checkpoint(self) -> None:
        self._ask("checkpoint")

    def action_stop(self) -> None:
        self._ask("stop")

    def action_resume(self) -> None:
        if self._view and self._view.status.state == "paused":
            self._ask("resume")
        elif self._folder:
            self._tell(self._folder, None)

    def action_choose_run(self) -> None:
        picker = self.query_one("#run-picker", Select)
        picker.focus()
        picker.action_show_overlay()

    async def action_write(self) -> None:
        from tui.app import PantoumApp

        if (folder := self._folder) is None or not isinstance(self.app, PantoumApp):
            return
        if await in_thread(self.app, folder.weights_path.exists):
            await self.app.open_model(folder.slug)
        else:
            self.query_one(MessageLine).say(f"{self._called} has no weights yet: they come with the first evaluation.")

    def _ask(self, request: Request) -> None:
        if self._folder:
            self._tell(self._folder, request)

    @work(group="tell")
    async def _tell(self, folder: ModelFolder, request: Request | None) -> None:
        """Passes a request to the trainer, or starts it again where `request` is None; says what follows."""
        line = self.query_one(MessageLine)
        try:
            if request is None:
                self._stop_measuring()
                line.say(await in_thread(self.app, actions.resume, folder))
            else:
                line.say(await in_thread(self.app, actions.ask, folder, request))
        except InputError as error:
            line.say(str(error), error=True)


def _looks_alike(before: RunView | None, view: RunView) -> bool:
    """Whether a view would be drawn like the one before it, as while a long history is read."""
    return before is not None and before.history is view.history and before.status == view.status


def _first_shown(runs: Sequence[ModelEntry]) -> str:
    """The slug of the run that one wants to see on arrival; "" where there is none.

    A run that failed while nobody looked is one, until something else has been trained.
    """
    if training := next((entry for entry in runs if entry.status.state in RUNNING), None):
        return training.folder.slug
    last = max(runs, key=lambda entry: max(entry.status.started, entry.status.heartbeat), default=None)
    return last.folder.slug if last is not None and last.status.state == "failed" else ""


def _free() -> tuple[int | None, int | None]:
    """Bytes of memory and of the disk; None where nobody knows."""
    return None if may_have_gpu() else free_bytes(), actions.free_disk()


def _key(folder: ModelFolder | None, guest: ModelFolder | None) -> str:
    """The picker's value for a run: its slug, or the whole path of one that lies elsewhere."""
    if folder is None:
        return NEW
    return str(folder.path) if guest is not None and folder.path == guest.path else folder.slug


def _describe(entry: ModelEntry) -> str:
    """A run in the picker."""
    name = entry.record.name if entry.record else entry.folder.slug
    return f"{name}  {'damaged' if entry.problem else entry.status.state}"
