"""Everything that was ever done to a text, as a tree: each node is one step of the writer's or one take of a model's.

Undo goes to the parent and redo to the child that was left last, so nothing is lost by doing something else after an
undo: that is a sibling. A step is what a writer thinks in: a run of typing, a run of deleting, one paste, one take.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from tui.manuscript.lines import Change, Lines, Location, advance
from tui.manuscript.takes import Take

Kind = Literal["start", "typing", "deleting", "edit", "model", "outside"]
Caret = tuple[Location, Location]  # where the selection began, where the caret is

PAUSE = 2.0  # seconds without a key that end a run
RUN = 100  # keys that end a run


@dataclass(eq=False)
class Node:
    """One step: what leads from its parent's text to its own. It is an undo's unit."""

    number: int
    kind: Kind
    parent: "Node | None"
    before: Caret = ((0, 0), (0, 0))
    after: Caret = ((0, 0), (0, 0))
    changes: list[Change] = field(default_factory=list)
    take: Take | None = None  # of a model's step: what it was made with
    grown: int = 0  # how many changes it was made of, before those that joined became one
    made: float = 0.0  # Unix time
    pinned: bool = False
    archived: bool = False
    children: "list[Node]" = field(default_factory=list)
    latest: "Node | None" = None  # the child that a redo goes to
    joined: list[tuple[int, int]] = field(default_factory=list)  # nodes that it took in: after so many changes
    earlier: list[Take] = field(default_factory=list)  # the takes of those

    @property
    def said(self) -> str:
        """What the step put into the text."""
        return "".join(change.inserted for change in self.changes)

    def grow(self, change: Change, after: Caret, by: int = 1) -> None:
        """Takes one more change, which stands for so many."""
        joined = self.changes[-1].joined(change)
        self.changes[-1:] = [joined] if joined is not None else [self.changes[-1], change]
        self.grown += by
        self.after = after

    def path(self) -> "list[Node]":
        """The nodes from here up to the start, this one first."""
        found = [self]
        while found[-1].parent is not None:
            found.append(found[-1].parent)
        return found


class Watcher:
    """Told of everything that happens to a history, so that a journal can note it. Does nothing itself."""

    def added(self, node: Node, *, entered: bool) -> None:
        """A node came to be; where it was `entered`, the text is its text now."""

    def grew(self, node: Node, change: Change) -> None:
        """The node where the text is took one more change."""

    def moved(self, node: Node) -> None:
        """The text is another node's text now."""

    def marked(self, node: Node) -> None:
        """A node was pinned or archived, or no longer is."""

    def split(self, node: Node, head: Node, index: int, length: int) -> None:
        """`head` took the changes before `index` and so many characters of that one, and is the node's parent."""

    def merged(self, node: Node) -> None:
        """A node took its parent's changes and place."""


class History:
    """The tree, and where in it the text is. It has no limit: a step is as small as what was typed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.root = Node(0, "start", None)
        self.nodes: dict[int, Node] = {0: self.root}
        self.here = self.root
        self.watcher = Watcher()
        self._numbers = 0
        self._open = False  # whether the step may still grow
        self._last = 0.0

    @property
    def position(self) -> tuple[int, int]:
        """Names the state of the text: equal positions have equal texts. For "has it changed since it was saved?"."""
        return self.here.number, self.here.grown

    # --- steps ---

    def record(
        self, change: Change, before: Caret, after: Caret, *, take: Take | None = None, kind: Kind | None = None
    ) -> Node:
        """Notes a change that was made; what was undone and not redone stays as a sibling."""
        kind = kind or ("model" if take is not None else _kind(change))
        now = self._clock()
        if self._open and self._joins(kind, change, now):
            node = self.here
            node.grow(change, after)
            self.watcher.grew(node, change)
        else:
            node = self.new_node(kind, change, before, after, take=take)
            self._enter(node)
            self.watcher.added(node, entered=True)
        node.latest = None
        self._open = kind in ("typing", "deleting") and change.inserted != "\n"
        self._last = now
        return node

    def offer(self, change: Change, take: Take) -> Node:
        """Notes a take that stands nowhere in the text: a child of this node, which nothing leads to by itself."""
        before = (change.start, change.start)
        node = self.new_node("model", change, before, (change.new_end, change.new_end), take=take)
        self.watcher.added(node, entered=False)
        self._open = False
        return node

    def new_node(self, kind: Kind, change: Change, before: Caret, after: Caret, *, take: Take | None = None) -> Node:
        """A child of the node where the text is."""
        self._numbers += 1
        node = Node(self._numbers, kind, self.here, before, after, [change], take, 1, time.time())
        self.here.children.append(node)
        self.nodes[node.number] = node
        return node

    def restore(self, here: Node, numbers: int) -> None:
        """For a journal: the text is this node's, and so many numbers were given away."""
        self.here, self._numbers, self._open = here, numbers, False

    def next_number(self) -> int:
        """The number that the next node will have."""
        return self._numbers + 1

    def close(self) -> None:
        """Ends the run: what is typed next is a step of its own."""
        self._open = False

    # --- moving ---

    def undo(self) -> Node | None:
        """Goes to the parent, and returns the step for the caller to take back; None at the start."""
        node = self.here
        if node.parent is None:
            return None
        self._enter(node.parent, latest=node)
        self.watcher.moved(self.here)
        return node

    def redo(self) -> Node | None:
        """Goes to the child that was left last, for the caller to do again; None where there is none."""
        node = self.here.latest
        if node is not None:
            self._enter(node)
            self.watcher.moved(node)
        return node

    def go(self, node: Node) -> tuple[list[Node], list[Node]]:
        """Goes anywhere in the tree: the steps to take back, in order, and then those to do, in order."""
        back, forth = self.way(node)
        for each in back:
            assert each.parent is not None
            each.parent.latest = each
        for each in forth:
            assert each.parent is not None
            each.parent.latest = each
        self.here = node
        self._open = False
        self.watcher.moved(node)
        return back, forth

    def way(self, node: Node) -> tuple[list[Node], list[Node]]:
        """The same, without going there."""
        mine, theirs = self.here.path(), node.path()
        shared = set(map(id, mine)) & set(map(id, theirs))
        back = [each for each in mine if id(each) not in shared]
        return back, [each for each in reversed(theirs) if id(each) not in shared]

    def siblings(self) -> list[Node]:
        """The children of this node's parent that are not archived, this one included."""
        parent = self.here.parent
        return [each for each in parent.children if not each.archived or each is self.here] if parent else [self.here]

    # --- reshaping ---

    def mark(self, node: Node, *, pinned: bool | None = None, archived: bool | None = None) -> None:
        """Pins or archives a node, or ends that."""
        node.pinned = node.pinned if pinned is None else pinned
        node.archived = node.archived if archived is None else archived
        self.watcher.marked(node)

    def split(self, node: Node, index: int, length: int) -> Node:
        """Cuts a node in two, behind so many characters of what its change `index` inserted; returns the new parent.

        The node keeps its number, its children and all that follows the cut, which must be something.
        """
        assert node.parent is not None
        self._numbers += 1
        first, second = _cut(node.changes[index], length)
        after = (first.new_end, first.new_end)
        head = Node(
            self._numbers, node.kind, node.parent, node.before, after, [*node.changes[:index], first], node.take
        )
        head.grown, head.made, head.children, head.latest = 1, node.made, [node], node
        whole = index + (not second.inserted)  # changes that the head has all of
        head.joined = [(name, at) for name, at in node.joined if at <= whole]
        node.joined = [(name, at - whole) for name, at in node.joined if at > whole]
        siblings = node.parent.children
        siblings[siblings.index(node)] = head
        if node.parent.latest is node:
            node.parent.latest = head
        rest = [second] if second.inserted else []
        node.parent, node.before, node.changes = head, after, [*rest, *node.changes[index + 1 :]]
        self.nodes[head.number] = head
        self._open = False
        self.watcher.split(node, head, index, length)
        return head

    def may_merge(self, node: Node) -> bool:
        """Whether a node can be merged: not where its parent is the start, has other children, or has the text."""
        parent = node.parent
        return (
            parent is not None and parent.parent is not None and len(parent.children) == 1 and self.here is not parent
        )

    def merge(self, node: Node) -> bool:
        """Makes one step of a node and its parent; False where that can't be."""
        parent = node.parent
        if parent is None or parent.parent is None or not self.may_merge(node):
            return False
        before = len(parent.changes)
        node.joined = [*parent.joined, (parent.number, before), *((name, at + before) for name, at in node.joined)]
        node.earlier = [*parent.earlier, *([parent.take] if parent.take is not None else []), *node.earlier]
        node.changes = [*parent.changes, *node.changes]
        node.before, node.parent = parent.before, parent.parent
        node.pinned = node.pinned or parent.pinned
        siblings = parent.parent.children
        siblings[siblings.index(parent)] = node
        if parent.parent.latest is parent:
            parent.parent.latest = node
        del self.nodes[parent.number]
        self._open = False
        self.watcher.merged(node)
        return True

    def __iter__(self) -> Iterator[Node]:
        """All nodes, parents before children, in the order in which they were made."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def _enter(self, node: Node, latest: Node | None = None) -> None:
        if latest is not None:
            node.latest = latest
        elif node.parent is not None:
            node.parent.latest = node
        self.here = node
        self._open = False

    def _joins(self, kind: Kind, change: Change, now: float) -> bool:
        step = self.here
        last = step.changes[-1]
        if step.kind != kind or step.children or now - self._last > PAUSE or step.grown >= RUN:
            return False
        if kind == "typing":
            return change.start == last.new_end
        return change.end == last.start or change.start == last.start  # backspace, or delete


def _kind(change: Change) -> Kind:
    if not change.removed and len(change.inserted) == 1:
        return "typing"
    if not change.inserted and len(change.removed) == 1:
        return "deleting"
    return "edit"


def _cut(change: Change, length: int) -> tuple[Change, Change]:
    """A change as two: the first removes what it removed and inserts the first characters."""
    middle = advance(change.start, change.inserted[:length])
    head, tail = change.inserted[:length], change.inserted[length:]
    origins = change.inserted_origins
    if origins is None:
        return (
            Change(change.start, change.end, middle, change.removed, head, change.removed_origins),
            Change(middle, middle, change.new_end, "", tail),
        )
    scratch = Lines()
    scratch.replace((0, 0), (0, 0), change.inserted, origins)
    there = advance((0, 0), head)
    return (
        Change(
            change.start,
            change.end,
            middle,
            change.removed,
            head,
            change.removed_origins,
            scratch.origins_between((0, 0), there),
        ),
        Change(middle, middle, change.new_end, "", tail, None, scratch.origins_between(there, scratch.end)),
    )
