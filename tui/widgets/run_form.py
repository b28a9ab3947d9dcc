"""The form for a new run: a text, a name, a unit and one dial; everything else follows, or is set under Advanced."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Collapsible, Input, Label, Select, Static

from corpora.home import numbered, slugify
from corpora.library import Corpus
from engine.estimates import Estimate, estimate
from engine.presets import Plan
from engine.records import ModelRecord
from engine.settings import DEVICES, UNITS, Device, Unit
from engine.speed import Speed
from tui.commands.key_names import with_keys
from tui.readable import count, duration, short, size
from tui.training.budget_table import UNIT_HINTS, budget_table
from tui.training.form import Choices, Outcome, as_typed, budgets, done_at, work_out
from tui.widgets.advanced_settings import AdvancedFold, AdvancedSettings
from tui.widgets.dial import Dial
from tui.widgets.form_guide import FormGuide

STEPS_COUNT = "Steps under Advanced count instead."
NO_TEXTS = "No texts yet"
WRONG = "Some settings under Advanced need another value."
CHOOSE_TEXT = "Choose a text to train on. {F2|app.library} opens the Library, where {a|library.add} adds one."
SHORT = 24  # rows below which lines stand without gaps
WIDE = 110  # columns from which the plan stands beside the choices,
ROOMY, TALL = 146, 28  # columns and rows from which there is room for the guide beneath them


class Block(Vertical):
    """A part of the form that says when its size has changed."""

    class Resized(Message):
        """It is laid out in its new size."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())


class RunForm(VerticalScroll, can_focus=False):
    """Posts `StartPressed`. `outcome` has the plan, or why there is none; problems also stand beside their fields."""

    class StartPressed(Message):
        """The button was pressed."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.outcome = Outcome(None, {})
        self._corpora: dict[str, Corpus] = {}
        self._taken: Collection[str] = ()
        self._speeds: dict[Device, Speed] = {}
        self._measuring = False
        self._free: int | None = None  # bytes of memory; None: not known
        self._room: int | None = None  # bytes of the disk, likewise
        self._refusal = ""  # why a run would be refused now
        self._copied = ""  # the name of the run whose settings these are
        self._before = ("char", "5")  # unit and time, as they were before those of another run were copied
        self._proposed = ""  # the name that we filled in; another one is the person's own
        self._above = 0  # rows above Advanced

    def compose(self) -> ComposeResult:
        with Block(id="form-choices"):
            yield _row("Text", Select[str]([], prompt=NO_TEXTS, compact=True, id="form-corpus"))
            yield _row("Name", Input(compact=True, max_length=80, id="form-name"))
            yield Static(id="form-name-problem", classes="problem", markup=False)
            yield _row("Unit", Dial([(unit, unit) for unit in UNITS], value="char", id="form-unit"))
            yield Static(UNIT_HINTS["char"], id="form-unit-hint", classes="hint")
            yield _row("Time", Dial(budgets(), value="5", id="form-time"))
            yield Static("", id="form-time-hint", classes="hint")
        with Block(id="form-plan"):
            yield Static("What will be trained", classes="heading")
            yield Static(id="form-reasons", markup=False)
            yield Static(id="form-estimate", markup=False)
            yield Static(id="form-warning", classes="warning", markup=False)
            yield Button("Start training", variant="primary", compact=True, id="form-start")
        with AdvancedFold(title="Advanced", id="form-advanced"):
            yield AdvancedSettings(id="form-settings")
        yield FormGuide(id="form-guide")

    def on_mount(self) -> None:
        self._recompute()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")
        self.set_class(event.size.height < SHORT, "-short")
        self.query_one(FormGuide).display = event.size.width >= ROOMY and event.size.height >= TALL
        self._guide()

    @property
    def corpus(self) -> Corpus | None:
        """The text that is chosen."""
        value = self.query_one("#form-corpus", Select).value
        return self._corpora.get(value) if isinstance(value, str) else None

    @property
    def model_name(self) -> str:
        return self.query_one("#form-name", Input).value.strip()

    @property
    def device(self) -> Device:
        """Where the run would compute."""
        chosen = self.query_one(AdvancedSettings).typed["device"]
        return next(known for known in DEVICES if known == chosen)

    @property
    def wants_speed(self) -> bool:
        """Whether the plan would follow from how fast the machine is: not where the budget is in steps."""
        return not self.query_one(AdvancedSettings).typed["steps"].strip()

    @property
    def speeds(self) -> Mapping[Device, Speed]:
        """What is known of how fast each device trains."""
        return self._speeds

    def set_speed(self, device: Device, speed: Speed | None) -> None:
        """Plans by what was found out of this device; None where nothing was."""
        if speed is not None:
            self._speeds[device] = speed
        self._measuring = False
        self._recompute()

    def say_measuring(self) -> None:
        """Says that the speed is being measured, until `set_speed`."""
        self._measuring = True
        self._recompute()

    def set_corpora(self, corpora: Sequence[Corpus]) -> bool:
        """Offers these texts; keeps the one that is chosen where it is still there. False where the list is open."""
        select = self.query_one("#form-corpus", Select)
        if {corpus.slug: corpus.record for corpus in corpora} == {
            slug: corpus.record for slug, corpus in self._corpora.items()
        }:
            return True
        if select.expanded:
            return False
        before = self.corpus
        self._corpora = {corpus.slug: corpus for corpus in corpora}
        select.prompt = "Choose a text" if corpora else NO_TEXTS
        select.set_options((_describe(corpus), corpus.slug) for corpus in corpora)
        if corpora:
            kept = before is not None and before.slug in self._corpora
            select.value = before.slug if before and kept else corpora[0].slug
        return True

    def set_taken(self, slugs: Collection[str]) -> None:
        """The names that models already have."""
        if set(slugs) != set(self._taken):
            self._taken = set(slugs)
            self._propose_name()

    def choose_corpus(self, slug: str) -> None:
        """Takes this text, where it is there."""
        if slug in self._corpora:
            self.query_one("#form-corpus", Select).value = slug

    def set_free(self, memory: int | None, disk: int | None) -> None:
        """Warns by this many free bytes; None: nobody knows."""
        if (memory, disk) != (self._free, self._room):
            self._free, self._room = memory, disk
            self._show_estimate(self.outcome.plan, self.corpus)

    @property
    def refusal(self) -> str:
        """Why this run can't be started now, but could be later; empty where it can."""
        return self._refusal

    def prefill(self, record: ModelRecord) -> bool:
        """Takes the settings of a run, and another name; False where its text is gone."""
        if there := record.corpus.slug in self._corpora:
            self.query_one("#form-corpus", Select).value = record.corpus.slug
        if not self._copied:
            self._before = self._dial("form-unit"), self._dial("form-time")
        self.query_one("#form-unit", Dial).value = record.model.unit
        if (minutes := record.training.minutes) is not None:
            self.query_one("#form-time", Dial).offer(budgets(minutes), value=f"{minutes:g}")
        self._copied = record.name
        self._proposed = self.query_one("#form-name", Input).value = _free_name(record.name, self._taken)
        self.query_one("#form-advanced", Collapsible).collapsed = False
        self.call_later(self.query_one(AdvancedSettings).fill_in, as_typed(record))
        return there

    def forget_copy(self) -> None:
        """Makes a form that another run's settings were copied into one for a new model."""
        if self._copied:
            unit, minutes = self._before
            self.query_one("#form-unit", Dial).value = unit
            self.query_one("#form-time", Dial).offer(budgets(float(minutes)), value=minutes)
            self.derive_all()
            self.query_one("#form-advanced", Collapsible).collapsed = True
            self._propose_name()

    def derive_all(self) -> None:
        """Leaves every setting under Advanced to be derived."""
        self._copied = ""
        self.query_one(AdvancedSettings).reset()

    def first_problem(self) -> str:
        """The sentence for the first thing that is wrong, its field focused; empty where all is well."""
        if self.corpus is None:
            self.query_one("#form-corpus").focus()
            return with_keys(CHOOSE_TEXT, self.app)
        for name, problem in self.outcome.problems.items():
            if name == "name":
                self.query_one("#form-name").focus()
            elif name:
                self.query_one("#form-advanced", Collapsible).collapsed = False
                self.query_one(AdvancedSettings).focus_on(name)
            return problem
        return ""

    def started(self) -> None:
        """Makes the form ready for another run."""
        self._proposed = self.model_name
        self._propose_name()

    @on(Select.Changed, "#form-corpus")
    def _corpus_chosen(self, event: Select.Changed) -> None:
        event.stop()
        self._propose_name()

    @on(Collapsible.Expanded, "#form-advanced")
    def _advanced_opened(self, event: Collapsible.Expanded) -> None:
        event.stop()
        self.query_one(AdvancedSettings).fill()
        if event.collapsible.has_focus_within:  # the person opened it, to see it
            self.call_after_refresh(self._bring_into_view, event.collapsible)

    def _bring_into_view(self, widget: Widget) -> None:
        """All of it where it fits, else its beginning. At once: what changes above from now on scrolls with it."""
        self.scroll_to_widget(widget, top=widget.size.height > self.size.height, animate=False, immediate=True)

    @on(Block.Resized)
    def _stay(self, event: Block.Resized) -> None:
        """Keeps Advanced where it is on the screen when what is out of sight above it grows or shrinks."""
        event.stop()
        above = self.query_one("#form-advanced").virtual_region.y
        grown, self._above = above - self._above, above
        if grown and self.scroll_target_y >= above - grown:  # where it is, or is on its way to: a field with the focus
            self.scroll_to(y=self.scroll_target_y + grown, animate=False, immediate=True)

    @on(Dial.Turned)
    @on(Input.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self._recompute()

    @on(Button.Pressed, "#form-start")
    def _start(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.StartPressed())

    def _propose_name(self) -> None:
        """Fills in a free name, unless the person has given one."""
        name = self.query_one("#form-name", Input)
        if name.value in ("", self._proposed) and self.corpus is not None:
            self._proposed = _free_name(self._copied or self.corpus.record.name, self._taken)
            name.value = self._proposed
        self._recompute()

    @property
    def _choices(self) -> Choices:
        unit = self._dial("form-unit")
        return Choices(
            unit=next(known for known in UNITS if known == unit),
            minutes=float(self._dial("form-time")),
            typed=self.query_one(AdvancedSettings).typed,
        )

    def _recompute(self) -> None:
        corpus, choices = self.corpus, self._choices
        self.outcome = work_out(
            corpus.record.characters if corpus else 0,
            choices,
            self._speeds.get(self.device),
            alphabet=corpus.record.alphabet or None if corpus else None,
        )
        problems = dict(self.outcome.problems)
        if corpus is not None and (problem := self._name_problem()):
            problems = {"name": problem, **problems}
        self.outcome = Outcome(self.outcome.plan, problems)
        self._show(problems, corpus, choices.unit)
        self._guide()

    def _show(self, problems: Mapping[str, str], corpus: Corpus | None, unit: Unit) -> None:
        self.query_one("#form-unit-hint", Static).update(UNIT_HINTS[unit])
        self.query_one("#form-time-hint", Static).update(
            done_at(float(self._dial("form-time")), datetime.now(), latest=self._may_end_early)
            if self.wants_speed
            else STEPS_COUNT
        )
        line = self.query_one("#form-name-problem", Static)
        line.update(problems.get("name", ""))
        line.display = "name" in problems
        self.query_one("#form-name").set_class("name" in problems, "-invalid")
        settings = self.query_one(AdvancedSettings)
        settings.show_problems(problems)
        plan = self.outcome.plan
        if corpus is None:
            reasons = with_keys("Add a text in the Library ({F2|app.library}) first, then come back.", self.app)
        elif plan is None:
            reasons = problems.get("", WRONG)
        else:
            reasons = "\n".join(f"· {reason}" for reason in plan.reasons)
            settings.show_plan(plan)
            if self._measuring:
                reasons = f"· Measuring how fast this machine trains (once); that may change the plan.\n{reasons}"
        box = self.query_one("#form-reasons", Static)
        # While a value is being mended the box keeps its height: the form must not jump under the fingers.
        box.styles.min_height = box.size.height if plan is None else None
        box.update(reasons)
        self._show_estimate(plan, corpus)
        self.query_one("#form-start", Button).disabled = corpus is None

    def _guide(self) -> None:
        """Draws what there is room for beneath the form, where there is."""
        guide, corpus, choices = self.query_one(FormGuide), self.corpus, self._choices
        if guide.display and corpus is not None:
            record = corpus.record
            speed = self._speeds.get(self.device)
            table = budget_table(record.characters, choices, speed, datetime.now(), alphabet=record.alphabet or None)
            guide.show(table, choices.minutes, choices.unit, STEPS_COUNT if not self.wants_speed else WRONG)

    def _show_estimate(self, plan: Plan | None, corpus: Corpus | None) -> None:
        """What the run will need, and a warning where that is more than there is."""
        told, warning = self.query_one("#form-estimate", Static), self.query_one("#form-warning", Static)
        told.display = plan is not None and corpus is not None
        warning.display = False
        self._refusal = ""
        if plan is None or corpus is None:
            return
        found = estimate(
            plan.model,
            plan.training,
            characters=corpus.record.characters,
            alphabet=corpus.record.alphabet or None,
            speed=self._speeds.get(self.device),
        )
        told.update(
            f"· {short(found.parameters)} parameters, some {size(found.memory)} of memory, "
            f"{duration(found.epoch) if found.epoch >= 1.0 else 'under a second'} for each reading."
        )
        free = self._free if self.device in ("auto", "cpu") else None
        self._refusal = with_keys(_refusal(found, free), self.app)
        said = self._refusal or _warning(found, self._room)
        warning.update(said)
        warning.display = bool(said)

    @property
    def _may_end_early(self) -> bool:
        return self.outcome.plan is not None and self.outcome.plan.training.patience > 0

    def _name_problem(self) -> str:
        slug = slugify(self.model_name)
        if not slug:
            return "A name needs at least one letter or digit."
        if slug in self._taken:
            return f"There is already a model named {slug}. Choose another name."
        return ""

    def _dial(self, id: str) -> str:
        return self.query_one(f"#{id}", Dial).value


def _refusal(found: Estimate, free: int | None) -> str:
    """Why a run can't be started now, for `with_keys`; empty where it can."""
    if free is not None and found.memory > free:
        return (
            f"This needs {size(found.memory)} of memory, and {size(free)} are free: it can't be started now. Choose a "
            "smaller hidden size or batch under Advanced, end other programs, or queue it with {F6|train.queue} for "
            "later."
        )
    return ""


def _warning(found: Estimate, room: int | None) -> str:
    """What a person should know before they start this run; empty where all is well."""
    if room is not None and found.disk > room:
        return (
            f"This needs {size(found.disk)} of disk, and {size(room)} are free: free some space first, or the run will "
            "wait for it."
        )
    if found.epochs < 1.0:
        return (
            f"The time is too short to read the whole text once ({found.epochs:.0%} of it). "
            "Give it more, or choose a smaller model under Advanced."
        )
    return ""


def _row(label: str, control: Select[str] | Input | Dial) -> Horizontal:
    return Horizontal(Label(label, classes="label"), control, classes="row")


def _describe(corpus: Corpus) -> Text:
    """A text in the list: a `Text`, since a name may have what Textual would take for markup."""
    return Text(f"{corpus.record.name}  {count(corpus.record.characters)} characters")


def _free_name(name: str, taken: Collection[str]) -> str:
    """`name`, with a number where a model of that name is there already."""
    return next(free for free in numbered(name) if slugify(free) not in taken)
