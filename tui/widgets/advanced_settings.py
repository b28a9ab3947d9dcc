"""Every setting of a run under its group's heading, each with its help and, where it is wrong, the reason beside it."""

from collections.abc import Iterator, Mapping
from typing import Literal

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Label, Static

from engine.presets import Plan
from tui.training.catalogue import CATALOGUE, SETTINGS, Group, Setting
from tui.widgets.dial import Dial

Place = Literal["input", "layer", "output"]  # where `ModelConfig.dropout` counts unless it has a dropout of its own

# Side by side where there is room; the two are about as long.
COLUMNS: tuple[tuple[Group, ...], ...] = (
    ("Model", "Regularisation"),
    ("Training", "Validation and samples", "Machine"),
)
PLACES: dict[str, Place] = {"input_dropout": "input", "layer_dropout": "layer", "output_dropout": "output"}
DERIVED = "derived"
OWN_START = "the validation text's start"


class AdvancedSettings(Container):
    """Read `typed`. Changes bubble up as `Dial.Turned` and `Input.Changed`."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._problems: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        for groups in COLUMNS:
            with Vertical(classes="settings-column"):
                for group in groups:
                    yield Static(group, classes="heading")
                    for setting in CATALOGUE[group]:
                        yield from _row(setting)

    @property
    def typed(self) -> dict[str, str]:
        """What each field holds, by the setting's name; empty where it is left to be derived."""
        return {name: self._control(name).value for name in SETTINGS}

    def choose(self, name: str) -> None:
        """Focuses the field of this setting."""
        self._control(name).focus()

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Puts each sentence beside its field."""
        here = {name: problem for name, problem in problems.items() if name in SETTINGS}
        changed = {name for name, _ in self._problems.items() ^ here.items()}
        self._problems = here
        for name in changed:
            line = self.query_one(f"#form-{name}-problem", Static)
            line.update(here.get(name, ""))
            line.display = name in here
            self._control(name).set_class(name in here, "-invalid")

    def show_plan(self, plan: Plan) -> None:
        """Shows in the empty fields what was derived for them."""
        for name, setting in SETTINGS.items():
            control = self._control(name)
            if isinstance(control, Input):
                control.placeholder = _derived(setting, plan)

    def _control(self, name: str) -> Input | Dial:
        found = self.query_one(f"#form-{name}")
        assert isinstance(found, Input | Dial)
        return found


def _row(setting: Setting) -> Iterator[Horizontal | Static]:
    control = _control_of(setting)
    aside = [] if setting.name == "cell" else [Label(setting.help, classes="aside")]  # its choices fill the line
    yield Horizontal(Label(setting.label, classes="label"), control, *aside, classes="row")
    yield Static(id=f"form-{setting.name}-problem", classes="problem", markup=False)


def _control_of(setting: Setting) -> Input | Dial:
    id = f"form-{setting.name}"
    choices = setting.choices or (("no", "yes") if setting.kind is bool else ())
    if not choices:
        return Input(compact=True, max_length=24 if setting.kind is not str else 0, id=id)
    first = [(DERIVED, "")] if setting.derived else []
    value = "" if setting.derived or setting.default is None else setting.shown(setting.default)
    return Dial([*first, *((choice, choice) for choice in choices)], value=value, id=id)


def _derived(setting: Setting, plan: Plan) -> str:
    if place := PLACES.get(setting.name):
        return setting.shown(plan.model.drop(place))
    value = getattr(plan.model if setting.of_model else plan.training, setting.name)
    if setting.name == "sample_prompt":
        return value or OWN_START
    return "" if value is None else setting.shown(value)
