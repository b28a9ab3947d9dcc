"""What models have written into a text, and the texts that they had read before: all that is needed to ask again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from tui.manuscript.history import History, Node
from tui.manuscript.lines import Change, Lines
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.takes import Take


@dataclass(frozen=True)
class Written:
    """A take, and the first node of the history that holds some of it."""

    node: Node
    take: Take


def written(history: History) -> list[Written]:
    """Every take once, parents before children: one that was accepted word by word, or cut in two, is one take."""
    found: dict[object, list[Written]] = {}
    for node in history:
        for take in (*node.earlier, *([node.take] if node.take is not None else [])):
            if take.text:
                _add(found.setdefault(_identity(take), []), Written(node, take))
    return [each for some in found.values() for each in some]


def _add(found: list[Written], each: Written) -> None:
    """A take whose text goes on from another's is the same one, noted later."""
    for number, other in enumerate(found):
        if other.take.text.startswith(each.take.text):
            return
        if each.take.text.startswith(other.take.text):
            found[number] = Written(other.node, each.take)
            return
    found.append(each)


def _identity(take: Take) -> object:
    """Equal for what the same request was answered with."""
    recipe = take.recipe and msgspec.structs.replace(take.recipe, turns=())
    return take.model, take.hash, take.seed, take.dials, recipe


class Past:
    """A manuscript of one's own that can be brought back to any text that it has had. Nobody else may use it."""

    def __init__(self, manuscript: Manuscript) -> None:
        self._manuscript = manuscript

    @property
    def body(self) -> Lines:
        """The text as it is at the moment."""
        return self._manuscript.body

    @contextmanager
    def text_of(self, number: int) -> Iterator[Lines]:
        """The text of a node, also of one that was joined with another since. Raises `LookupError` where none is."""
        history = self._manuscript.history
        if number in history.nodes:
            self._manuscript.go(history.nodes[number])
            yield self.body
            return
        found = ((node, node.changes[:count]) for node in history for joined, count in node.joined if joined == number)
        node, changes = next(found, (None, []))
        if node is None or node.parent is None:
            raise LookupError(f"there is no node {number}")
        self._manuscript.go(node.parent)
        self._make(changes)
        try:
            yield self.body
        finally:
            self._make([change.inverse() for change in reversed(changes)])

    def _make(self, changes: list[Change]) -> None:
        for change in changes:
            self.body.make(change)
