"""Every setting of a run under its group's heading, each with its help and, where it is wrong, the reason beneath."""

from collections.abc import Mapping
from typing import Literal

from textual.containers import Container, Vertical
from textual.widgets import Collapsible, Static

from engine.presets import Plan
from tui.training.catalogue import CATALOGUE, SETTINGS, Group, Setting
from tui.widgets.setting_row import SettingRow

Place = Literal["input", "layer", "output"]  # where `ModelConfig.dropout` counts unless it has a dropout of its own

# Side by side where there is room; the two are about as long.
COLUMNS: tuple[tuple[Group, ...], ...] = (
    ("Model", "Regularisation"),
    ("Training", "Validation and samples", "Machine"),
)
PLACES: dict[str, Place] = {"input_dropout": "input", "layer_dropout": "layer", "output_dropout": "output"}
OWN_START = "the validation text's start"


class AdvancedFold(Collapsible):
    """Does not scroll to itself when it is opened, since that may be for a copied run, unasked; who opens it does."""

    def scroll_visible(self, animate: bool = True, **_: object) -> None:
        pass


class AdvancedSettings(Container):
    """Read `typed`. Changes bubble up as `Dial.Turned` and `Input.Changed`."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._rows = {name: SettingRow(setting) for name, setting in SETTINGS.items()}
        self._plan: Plan | None = None

    def fill(self) -> None:
        """Puts the fields there, when they are first looked at: forty would slow down the arrival at the screen."""
        if self.children:
            return
        for groups in COLUMNS:
            column = Vertical(classes="settings-column")
            self.mount(column)
            for group in groups:
                column.mount(Static(group, classes="heading"), *(self._rows[each.name] for each in CATALOGUE[group]))
        if self._plan:
            self.show_plan(self._plan)

    @property
    def typed(self) -> dict[str, str]:
        """What each field holds, by the setting's name; empty where it is left to be derived."""
        return {name: row.typed for name, row in self._rows.items()}

    async def fill_in(self, typed: Mapping[str, str]) -> None:
        """Puts these values into the fields, by the settings' names."""
        self.fill()
        for name, text in typed.items():
            self._rows[name].control.value = text

    def reset(self) -> None:
        """Puts every field back to what it held at first."""
        for row in self._rows.values():
            row.control.value = row.initial

    def focus_on(self, name: str) -> None:
        """Goes to the field of this setting."""
        self._rows[name].control.focus()

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Puts each sentence beneath its field."""
        for name, row in self._rows.items():
            row.problem = problems.get(name, "")

    def show_plan(self, plan: Plan) -> None:
        """Shows in the empty fields what was derived for them."""
        self._plan = plan
        if not self.children:
            return
        for name, row in self._rows.items():
            row.show_derived(_derived(SETTINGS[name], plan))


def _derived(setting: Setting, plan: Plan) -> str:
    if place := PLACES.get(setting.name):
        return setting.shown(plan.model.drop(place))
    value = getattr(plan.model if setting.of_model else plan.training, setting.name)
    if setting.name == "sample_prompt":
        return value or OWN_START
    return "" if value is None else setting.shown(value)
