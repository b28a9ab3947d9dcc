"""What the model would write next, with probabilities, or its suggestions: to look at, and to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from engine.protocol import NextToken, NextTokens
from tui.commands.key_names import with_keys
from tui.widgets.bar import bar
from tui.widgets.editor_cells import visible
from tui.widgets.takes_list import Suggestions, TakesList

MOST = 20  # tokens asked for
# What prints nothing, so that a token of it would look like none: a joiner of words, a soft hyphen, marks of direction.
NOTHING = {ord(character): "∙" for character in "\u00ad\u200b\u200c\u200e\u200f\u2060\ufeff"}


class NextTokensPanel(Widget, can_focus=True):
    """The likeliest tokens after the caret, one a row. Probabilities are those that the dials leave, where given.

    While there are suggestions for the place, these stand here instead.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("enter", "pick", "Write this token", show=False),
    ]

    answer: reactive[NextTokens | None] = reactive(None)
    row: reactive[int] = reactive(0)
    suggestions: reactive[Suggestions] = reactive(Suggestions())

    @dataclass
    class TakePicked(Message):
        """The person wants to see the suggestion of this number, from 1."""

        number: int

    @dataclass
    class Picked(Message):
        """The person wants this text at the caret."""

        text: str
        exact: bool  # whether the model had read all that stands before

    def watch_answer(self, answer: NextTokens | None) -> None:
        self.row = 0
        self._entitle()

    def watch_suggestions(self) -> None:
        self._entitle()

    def _entitle(self) -> None:
        if self.suggestions.texts:
            self.border_title = with_keys("Suggestions  {↓|write.next_suggestion}", self.app) + self._picking()
        elif self.answer is not None:
            about = "·" if self.answer.exact else "≈"  # the model had read the last page only
            self.border_title = f"Next {about} {self.answer.entropy:.1f} bits"
        else:
            self.border_title = "Next"

    def _picking(self) -> str:
        """The keys of the single suggestions, unless a person has given them others: those are too many to tell."""
        remapped: Mapping[str, str] = getattr(self.app, "remapped", {})
        return "" if any(id.startswith("write.pick_") for id in remapped) else " alt+1…9"

    def watch_has_focus(self, has_focus: bool) -> None:
        self.refresh()

    def validate_row(self, row: int) -> int:
        return max(0, min(row, len(self._tokens()) - 1))

    def render(self) -> Content:
        if self.suggestions.texts:
            return self._takes.content
        tokens = self._tokens()
        if not tokens:
            return Content.styled("Nothing to show yet.", "$foreground-muted")
        return Content("\n").join([self._line(index, token) for index, token in enumerate(tokens)])

    def _line(self, index: int, token: NextToken) -> Content:
        here = self.has_focus and index == self.row
        width = self.content_size.width
        probability = share(token)
        room = 9 if width >= 24 else 7
        return Content.assemble(
            (fit(shown(token.text), room), "$background on $primary" if here else "$foreground bold"),
            (f"{percent(probability):>5} ", "$foreground-muted"),
            (
                bar(probability, max(width - room - 7, 0))[0],
                "$accent" if token.dialled is None or token.dialled > 0 else "$foreground-muted",
            ),
        )

    @property
    def _takes(self) -> TakesList:
        return TakesList(self.suggestions, self.content_size.width, self.content_size.height)

    def _tokens(self) -> tuple[NextToken, ...]:
        if self.answer is None:
            return ()
        ordered = sorted(self.answer.tokens, key=share, reverse=True)
        return tuple(ordered[: max(self.content_size.height, 1)])

    def action_move(self, rows: int) -> None:
        self.row += rows

    def action_pick(self) -> None:
        self._pick(self.row)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self.suggestions.texts:
            if number := self._takes.number_at(offset.y):
                self.post_message(self.TakePicked(number))
        elif offset is not None and 0 <= offset.y < len(self._tokens()):
            self._pick(offset.y)

    def _pick(self, row: int) -> None:
        tokens = self._tokens()
        if self.answer is not None and row < len(tokens) and insertable(tokens[row].text):
            self.post_message(self.Picked(tokens[row].text, self.answer.exact))


def share(token: NextToken) -> float:
    """The probability to show: under the dials where known, else the model's own."""
    return token.probability if token.dialled is None else token.dialled


def insertable(text: str) -> bool:
    """Whether a token is text by itself: some are only a part of a character."""
    return bool(text) and "\ufffd" not in text


def shown(text: str) -> str:
    """A token as people can read it: spaces, line ends and whatever prints nothing as pictures."""
    return visible(text.translate(NOTHING).replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")) or "∅"


def fit(text: str, width: int) -> str:
    """A text in just so many cells, the last of them a space."""
    while cell_len(text) > width - 1:
        text = text[:-2] + "…" if len(text) > 1 else ""
    return text + " " * (width - cell_len(text))


def percent(probability: float) -> str:
    """A probability as people read it, in five cells at most."""
    share = probability * 100
    if 0 < share < 0.1:
        return "<0.1%"
    return f"{share:.1f}%" if share < 99.95 else "100%"
