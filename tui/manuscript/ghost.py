"""A suggestion that is not yet accepted: takes for one place, one of them shown, shrinking as the writer types it."""

import re
from collections.abc import Sequence
from typing import Literal

from tui.manuscript.counting import IDEOGRAPH
from tui.manuscript.lines import Location
from tui.manuscript.takes import Take

Part = Literal["word", "line", "all"]

_PARTS = {
    "word": re.compile(rf"\s*(?:{IDEOGRAPH}[^\w\s]*|(?:(?!{IDEOGRAPH})\S)+|$)"),
    "line": re.compile(r"\n*[^\n]*"),
    "all": re.compile(r"(?s:.*)"),
}


class Ghost:
    """Takes at `place`, where the caret is. They may still grow while they are shown."""

    def __init__(self, place: Location, takes: Sequence[Take], start: Location | None = None) -> None:
        """`start`: the text from there to `place` goes where a take is accepted."""
        self.place = place
        self.start = place if start is None else start
        self.typed = ""  # what the writer has typed, or accepted, of what the takes say
        self.takes = list(takes)
        self.seen: list[Take] = []  # those that the writer has looked at
        self.growing = False  # whether the takes may still get longer
        self._shown = 0

    @property
    def replaces(self) -> bool:
        """Whether it stands for text that is there."""
        return self.start != self.place

    @property
    def take(self) -> Take | None:
        """The take that is shown, if there is one yet."""
        return self.takes[self._shown] if self.takes else None

    @property
    def text(self) -> str:
        """What stands at the caret: the rest of the shown take."""
        return self.takes[self._shown].text[len(self.typed) :] if self.takes else ""

    @property
    def number(self) -> int:
        """The shown take's place in the row, from 1; 0 where there is none yet."""
        return self._shown + 1 if self.takes else 0

    def add(self, take: Take) -> bool:
        """Offers one more take, which stands last; False for one that the writer has already typed past."""
        if not take.text.startswith(self.typed) or take.text == self.typed:
            return False
        self.takes.append(take)
        return True

    def settle(self, takes: Sequence[Take]) -> None:
        """The takes are finished, and in this order; the one that is shown stays so, and comes first.

        Those that say nothing, or something else than the writer has typed meanwhile, are forgotten.
        """
        shown = self.take
        kept = [take for take in takes if take.text.startswith(self.typed) and len(take.text) > len(self.typed)]
        if shown in kept:
            kept.remove(shown)
            kept.insert(0, shown)
        self.takes, self._shown, self.growing = kept, 0, False

    def turn(self, steps: int) -> None:
        """Shows the take so many further on, around the ends."""
        if self.takes:
            self._shown = (self._shown + steps) % len(self.takes)

    def pick(self, number: int) -> bool:
        """Shows the take of this number, from 1; False where there is none."""
        if not 1 <= number <= len(self.takes):
            return False
        self._shown = number - 1
        return True

    def part(self, part: Part) -> str:
        """The next word, with the space before it, or line, or all of what is shown."""
        match = _PARTS[part].match(self.text)
        return match.group() if match else ""

    def says(self, text: str) -> bool:
        """Whether some take goes on with `text`, and with more, be it yet to come."""
        return bool(self._saying(self.typed + text))

    def consume(self, text: str, place: Location) -> bool:
        """The writer typed `text`, and is at `place` now. Takes that say something else are forgotten.

        False where none is left with anything more to say.
        """
        typed = self.typed + text
        shown, kept = self.take, self._saying(typed)
        if not kept:
            return False
        self.typed, self.takes, self.place, self.start = typed, kept, place, place
        longer = [take for take in kept if len(take.text) > len(typed)] or kept
        self._shown = kept.index(shown if shown in longer else longer[0])
        return True

    def _saying(self, typed: str) -> list[Take]:
        least = len(typed) + (not self.growing)
        return [take for take in self.takes if take.text.startswith(typed) and len(take.text) >= least]
