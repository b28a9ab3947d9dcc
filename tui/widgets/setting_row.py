"""One setting on a form: its name, its field, its help, and beneath them what is wrong with it."""

import textwrap
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from tui.training.catalogue import Setting
from tui.widgets.dial import Dial

LABEL = 19  # columns
NUMBER = 12
TEXT = 30
GAP = 2
DERIVED = "derived"


class SettingRow(Widget):
    """Draws name, help and problem itself, so that a form of forty settings has no two hundred widgets to lay out.

    Read `typed`; set `problem`. The field's id is ``form-`` and the setting's name.
    """

    DEFAULT_CSS = f"""
    SettingRow {{ height: auto; color: $text-muted; }}
    SettingRow > .setting--problem {{ color: $text-error; }}
    SettingRow > Input {{ margin-left: {LABEL}; width: {NUMBER}; }}
    SettingRow > Input.-text {{ width: {TEXT}; }}
    SettingRow > Dial {{ margin-left: {LABEL}; width: auto; }}
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"setting--problem"}

    problem: reactive[str] = reactive("", layout=True, init=False)

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.control, self._width = _control(setting)
        self.initial = self.control.value

    def compose(self) -> ComposeResult:
        yield self.control

    @property
    def typed(self) -> str:
        """What the field holds; empty where it is left to be derived."""
        return self.control.value

    @property
    def help(self) -> str:
        """What stands beside the field, where that leaves room."""
        return "" if self.setting.name == "cell" else self.setting.help

    @property
    def help_column(self) -> int:
        return LABEL + self._width + GAP

    def show_derived(self, value: str) -> None:
        """Shows in an empty field what follows from the rest."""
        if isinstance(self.control, Input):
            self.control.placeholder = value

    def watch_problem(self, problem: str) -> None:
        self.control.set_class(bool(problem), "-invalid")

    def render(self) -> Text:
        line = Text(f"{self.setting.label:<{self.help_column}}{self.help}", no_wrap=True, overflow="ellipsis")
        for said in self._said(self.size.width):
            line.append(f"\n{'':<{LABEL}}{said}", self.get_component_rich_style("setting--problem", partial=True))
        return line

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line, and as many more as the problem takes."""
        return 1 + len(self._said(width))

    def _said(self, width: int) -> list[str]:
        return textwrap.wrap(self.problem, max(20, width - LABEL))


def _control(setting: Setting) -> tuple[Input | Dial, int]:
    """The field for a setting, and how wide it is."""
    id = f"form-{setting.name}"
    choices = setting.choices or (("no", "yes") if setting.kind is bool else ())
    if choices:
        labelled = [(DERIVED, "")] * setting.derived + [(choice, choice) for choice in choices]
        value = "" if setting.derived or setting.default is None else setting.shown(setting.default)
        return Dial(labelled, value=value, id=id), sum(len(label) + 2 for label, _ in labelled)
    if setting.kind is str:
        return Input(compact=True, id=id, classes="-text"), TEXT
    return Input(compact=True, max_length=24, id=id), NUMBER
