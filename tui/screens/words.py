"""The words that might stand where one stands, with their probabilities: a small list at that place."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol import Alternative, Alternatives
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.registry import bindings
from tui.commands.words import WORDS
from tui.widgets.bar import bar
from tui.widgets.next_tokens import fit, percent

WIDTH = 34  # cells, the frame included
WORD = 16  # cells of a word, with a space behind it
KEYS = "{Enter|words.choose} replaces · {g|words.regrow} regrows"


@dataclass(frozen=True)
class Choice:
    """What to do: this word, and whether the text is to grow anew from it."""

    word: str
    regrow: bool


class WordsScreen(ModalScreen[Choice | None]):
    """Returns the choice, or None."""

    CSS_PATH = "words.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(WORDS)
    commands: ClassVar[tuple[Command, ...]] = WORDS

    def __init__(self, answer: Alternatives, at: Offset) -> None:
        """The list stands below the cell `at` of the screen, or above it where there is no room."""
        super().__init__()
        self._answer, self._at = answer, at

    def compose(self) -> ComposeResult:
        with Vertical():
            yield OptionList(*(Option(self._line(each)) for each in self._answer.words), id="word-list", compact=True)
            yield Static(with_keys(KEYS, self.app), id="word-keys", markup=False)

    def on_mount(self) -> None:
        frame, answer = self.query_one(Vertical), self._answer
        if answer.word and answer.probability is not None:
            frame.border_title = Content(f"{answer.word} · {percent(answer.probability)}")
        else:
            frame.border_title = "what might stand here"
        frame.border_subtitle = "" if answer.exact else "from the last page"
        rows = min(len(answer.words), 12) + 3
        below = self._at.y + 1 + rows <= self.app.size.height
        x = max(0, min(self._at.x, self.app.size.width - WIDTH))
        frame.styles.offset = x, self._at.y + 1 if below else max(0, self._at.y - rows)
        self.query_one(OptionList).focus()

    def _line(self, word: Alternative) -> Content:
        own = word.text == self._answer.word
        likeliest = self._answer.words[0].probability
        return Content.assemble(
            ("● " if own else "  ", "$primary"),
            (fit(word.text, WORD), "bold" if own else ""),
            (f"{percent(word.probability):>5} ", "$foreground-muted"),
            (bar(word.probability / likeliest if likeliest > 0 else 0, 7)[0], "$accent"),
        )

    def on_option_list_option_selected(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        self._answer_with(regrow=False)

    def action_regrow(self) -> None:
        self._answer_with(regrow=True)

    def action_close(self) -> None:
        self.dismiss(None)

    def _answer_with(self, *, regrow: bool) -> None:
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(Choice(self._answer.words[at].text, regrow))
