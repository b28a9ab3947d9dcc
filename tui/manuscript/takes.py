"""The takes of one place: the alternatives that the model has written there, all kept until one is accepted."""

from dataclasses import dataclass

from engine.settings import Dials
from tui.manuscript.lines import Location
from tui.manuscript.recipes import Recipe


@dataclass(eq=False)
class Take:
    """One generated alternative, and what it was made with."""

    model: str  # slug
    seed: int  # RNG seed
    dials: Dials  # as they stood at its beginning
    text: str = ""
    hash: str = ""  # of the model's weights; empty where it is not known
    node: int = 0  # its number in the history's tree; 0 while it has none
    exact: bool = True  # False: the model had read only the last of what stands before, not all of it
    recipe: Recipe | None = None  # how to make it again; None for takes of a Pantoum that didn't note it

    @property
    def chosen(self) -> bool:
        """Whether the writer chose it from a list of the model's: no RNG seed had a part in it."""
        return self.recipe is not None and self.recipe.way == "list"


class Takes:
    """Alternatives at one place, one of them shown. There is always at least one."""

    def __init__(self, place: Location, first: Take) -> None:
        self.place = place
        self._takes = [first]
        self._shown = 0

    def __len__(self) -> int:
        return len(self._takes)

    @property
    def shown(self) -> Take:
        """The take that is shown, or was last."""
        return self._takes[self._shown]

    @property
    def number(self) -> int:
        """The shown take's place in the row, from 1."""
        return self._shown + 1

    def add(self, take: Take) -> None:
        """Puts another take at the end and shows it."""
        self._takes.append(take)
        self._shown = len(self._takes) - 1

    def turn(self, steps: int) -> Take:
        """Shows the take so many further on, around the ends, and returns it."""
        self._shown = (self._shown + steps) % len(self._takes)
        return self.shown

    def discard_empty(self) -> None:
        """Forgets takes that hold no text (stopped before the first token), but never the last one left."""
        shown = self.shown
        kept = [take for take in self._takes if take.text] or [shown]
        self._takes = kept
        self._shown = kept.index(shown) if shown in kept else len(kept) - 1
