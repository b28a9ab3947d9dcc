"""The tree of branches as JSON, for other programs: see the section on exporting in ``docs/usage.md``."""

from datetime import UTC, datetime

import msgspec

from engine.settings import Dials
from tui.manuscript.history import History, Node
from tui.manuscript.lines import Change, Lines, Location
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.recipes import Recipe

FORMAT = 1


class ChangeEntry(msgspec.Struct, frozen=True):
    """What stood from `start` to `end` (line, column; from 0) was replaced."""

    start: Location
    end: Location
    removed: str
    inserted: str

    @classmethod
    def of(cls, change: Change) -> "ChangeEntry":
        return cls(change.start, change.end, change.removed, change.inserted)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of the writer's or one take of a model's."""

    node: int
    parent: int
    kind: str
    changes: list[ChangeEntry]
    made: str = ""  # ISO 8601, UTC
    model: str = ""
    weights: str = ""  # hash
    seed: int | None = None
    dials: Dials | None = None
    recipe: Recipe | None = None  # all else that is needed to have it written again
    pinned: bool = False
    put_away: bool = False


class Tree(msgspec.Struct, frozen=True):
    """The file."""

    format: int
    document: str
    start: str  # the text that everything began with
    here: int  # the node whose text is the document's
    nodes: list[Entry]


def tree(manuscript: Manuscript, name: str) -> bytes:
    """The tree as indented JSON, parents before children."""
    history = manuscript.history
    nodes = [entry(node) for node in history if node.parent is not None]
    whole = Tree(FORMAT, name, beginning(manuscript), history.here.number, nodes)
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def entry(node: Node) -> Entry:
    """A node that is not the start."""
    assert node.parent is not None
    take = node.take
    return Entry(
        node.number,
        node.parent.number,
        node.kind,
        [ChangeEntry.of(change) for change in node.changes],
        datetime.fromtimestamp(node.made, UTC).isoformat(timespec="milliseconds") if node.made else "",
        take.model if take is not None else "",
        take.hash if take is not None else "",
        take.seed if take is not None and not take.chosen else None,
        take.dials if take is not None and not take.chosen else None,
        take.recipe if take is not None else None,
        node.pinned,
        node.archived,
    )


def beginning(manuscript: Manuscript) -> str:
    """The text of the start."""
    return text_at(manuscript, manuscript.history.root)


def text_at(manuscript: Manuscript, node: Node) -> str:
    """The text of any node."""
    body = Lines(manuscript.text)
    for change in manuscript.way_to(node):
        body.replace(change.start, change.end, change.inserted)
    return body.text


def in_order(history: History) -> list[Node]:
    """The nodes as they came to be: by time, but parents always before children."""
    import heapq

    found: list[Node] = []
    waiting = [(child.made, child.number, child) for child in history.root.children]
    heapq.heapify(waiting)
    while waiting:
        _, _, node = heapq.heappop(waiting)
        found.append(node)
        for child in node.children:
            heapq.heappush(waiting, (child.made, child.number, child))
    return found
