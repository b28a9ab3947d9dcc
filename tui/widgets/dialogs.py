"""Two small questions, answered by key: one of a few choices, or a line of text."""

from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from corpora.errors import InputError

CSS = """
ChoiceDialog, LineDialog { align: center middle; background: $background 60%; }
ChoiceDialog > Vertical, LineDialog > Vertical {
    width: 64; max-width: 90%; height: auto; padding: 1 2; background: $surface; border: round $primary;
}
ChoiceDialog.-many > Vertical { width: 72; }
ChoiceDialog Label, LineDialog Label { width: 1fr; height: auto; }
ChoiceDialog Horizontal { height: auto; margin-top: 1; }
ChoiceDialog .hint { color: $foreground-muted; margin-top: 1; }
ChoiceDialog Button { min-width: 8; width: auto; margin-right: 1; }
LineDialog Input { margin-top: 1; }
LineDialog #problem { color: $text-error; }
"""

STILL_TYPING = 1.0  # seconds after a letter in which Enter ends a line and answers nothing
MOST = 5  # buttons in a row: more don't fit into 80 columns


@dataclass(frozen=True)
class Choice:
    """One answer: its name to the caller, its letter, its label."""

    name: str
    key: str  # one letter of the label
    label: str


class ChoiceDialog(ModalScreen[str | None]):
    """Asks a question and returns the chosen answer's name, or None for Escape.

    A question that comes `unasked` may come while somebody types: letters don't answer it, only Enter does, and not as
    the end of a line that is being typed. What was `typed` at it is for the asker to put where it was meant to go.
    """

    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, choices: tuple[Choice, ...], *, unasked: bool = False) -> None:
        super().__init__()
        self.question = question
        self._choices = choices
        self._unasked = unasked
        self.typed = ""
        self._typed_at = 0.0  # when the last of that was
        self.set_class(len(choices) > 4, "-many")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self.question, markup=False)
            for start in range(0, len(self._choices), MOST):
                with Horizontal():
                    for choice in self._choices[start : start + MOST]:
                        label = choice.label if self._unasked else f"{choice.label} ({choice.key})"
                        yield Button(label, id=f"choice-{choice.name}", compact=True)
            if self._unasked:
                yield Label("← → choose · Enter takes · Esc decides later", classes="hint")

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        assert event.button.id is not None
        if self.typed and monotonic() - self._typed_at < STILL_TYPING:
            self._note_typed("\n")
            return
        self._answer(event.button.id.removeprefix("choice-"))

    def on_key(self, event: events.Key) -> None:
        if self._unasked:
            if event.character is not None and event.character.isprintable():
                event.stop()
                self._note_typed(event.character)
            return
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self._answer(choice.name)

    def _note_typed(self, text: str) -> None:
        self.typed += text
        self._typed_at = monotonic()

    def _answer(self, name: str) -> None:
        """Only once: more keys may come before the question is off the screen."""
        if self.is_current:
            self.dismiss(name)


class LineDialog(ModalScreen[str | None]):
    """Asks for one line; what `check` refuses with an `InputError` is explained in place and asked again."""

    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel", show=False)]

    def __init__(self, question: str, value: str = "") -> None:
        super().__init__()
        self._question = question
        self._value = value

    def check(self, value: str) -> None:
        """Raises `InputError` for a line that can't be taken; subclasses say which."""
        if not value.strip():
            raise InputError("Type something, or press Esc.")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._question, markup=False)
            yield Input(self._value)
            yield Label("", id="problem", markup=False)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        try:
            self.check(event.value)
        except InputError as error:
            self.query_one("#problem", Label).update(str(error))
        else:
            self.dismiss(event.value)
