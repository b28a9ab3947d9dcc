"""The tree of a manuscript as lines to look at: forks, takes and pins; runs of the writer's own steps as one line."""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import accumulate

from tui.manuscript.history import History, Node
from tui.manuscript.lines import Location

SHOWN = 72  # characters of a step's text
BEFORE = 24  # of them before what was searched for


@dataclass(frozen=True)
class Branch:
    """One line of the outline."""

    node: Node  # the last of the steps that it stands for
    depth: int  # how many forks lead here
    steps: int  # how many steps it stands for
    text: str  # what they put into the text, shortened
    here: bool  # the text is this node's
    path: bool  # or leads here


def outline(history: History, search: str = "") -> list[Branch]:
    """The lines of the tree, in the order in which things came to be, each fork's branches below one another.

    With `search` only those that put it into the text or took it out, or whose model or kind holds it, whatever the
    case; what is shown of them begins a little before it.
    """
    path = set(map(id, history.here.path()))
    found = []
    wanted = search.casefold()
    waiting: list[tuple[Node, int, list[Node]]] = [(history.root, 0, [])]
    while waiting:
        node, depth, run = waiting.pop()
        run.append(node)
        if _notable(node, history):
            text = _found(run, wanted) if wanted else _short(_said(run))
            if text is not None:
                found.append(Branch(node, depth, len(run), text, node is history.here, id(node) in path))
            run = []
        deeper = depth + (len(node.children) > 1)
        # A step that has no line of its own has one child, which may go on with its run.
        waiting.extend((child, deeper, run or []) for child in reversed(node.children))
    return found


def _notable(node: Node, history: History) -> bool:
    parent = node.parent
    return (
        parent is None
        or node is history.here
        or node.pinned
        or node.archived
        or len(node.children) != 1
        or not _one_line(node, node.children[0])
    )


def _one_line(node: Node, child: Node) -> bool:
    """Whether both steps are the writer's, or both words that the writer chose from a model's list."""
    chosen = all(each.take is not None and each.take.chosen for each in (node, child))
    return chosen or not {node.kind, child.kind} & {"model", "outside"}


def _said(run: list[Node], most: int = 40 * SHOWN) -> str:
    """The beginning of what the steps of a line put into the text, or that they only took some out."""
    parts: list[str] = []
    for node in run:
        parts.append(node.said or (f"⌫{len(node.changes[0].removed)} " if node.changes else ""))
        most -= len(parts[-1])
        if most <= 0:
            break
    return "".join(parts)


def _found(run: list[Node], wanted: str) -> str | None:
    """What is shown of a line that holds what is searched for; None where it doesn't."""
    said = "".join(node.said for node in run)
    if (shown := _around(said, wanted)) is not None:
        return shown
    for removed in _removed(run):
        if (shown := _around(removed, wanted)) is not None:
            return f"⌫ {shown}"
    last = run[-1]
    about = f"{last.take.model if last.take else ''} {last.kind} {'pinned' if last.pinned else ''}"
    return _short(_said(run)) if wanted in about.casefold() else None


def _removed(run: list[Node]) -> list[str]:
    """The passages that the steps of a line took out, as they stood there."""
    passages: list[deque[str]] = []
    at: Location | None = None
    for change in (change for node in run for change in node.changes):
        if not change.removed:
            continue
        if passages and change.end == at:  # backspace
            passages[-1].appendleft(change.removed)
        elif passages and change.start == at:  # delete
            passages[-1].append(change.removed)
        else:
            passages.append(deque([change.removed]))
        at = None if change.inserted else change.start
    return ["".join(passage) for passage in passages]


def _around(text: str, wanted: str) -> str | None:
    """A text, shortened so that what is searched for is in it; None where it isn't."""
    at = text.casefold().find(wanted)
    if at < 0:
        return None
    at = bisect_right(list(accumulate(len(letter.casefold()) for letter in text)), at)  # "ß" is two letters there
    start = max(0, at - BEFORE) if at + len(wanted) > SHOWN else 0
    return ("…" if start else "") + _short(text[start : start + 40 * SHOWN])


def _short(text: str) -> str:
    line = " ".join(text[: 40 * SHOWN].split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
