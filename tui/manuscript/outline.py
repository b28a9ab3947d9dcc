"""The tree of a manuscript as lines to look at: forks, takes and pins; runs of the writer's own steps as one line."""

from dataclasses import dataclass

from tui.manuscript.history import History, Node

SHOWN = 72  # characters of a step's text


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

    With `search` only those whose text, model or kind holds it, whatever the case.
    """
    path = set(map(id, history.here.path()))
    found = []
    wanted = search.casefold()
    waiting: list[tuple[Node, int, int, str]] = [(history.root, 0, 0, "")]
    while waiting:
        node, depth, steps, before = waiting.pop()
        text = _longer(before, node)
        if _notable(node, history):
            branch = Branch(node, depth, steps + 1, _short(text), node is history.here, id(node) in path)
            if not wanted or wanted in _searched(node, text):
                found.append(branch)
            steps, text = -1, ""
        deeper = depth + (len(node.children) > 1)
        waiting.extend((child, deeper, steps + 1, text) for child in reversed(node.children))
    return found


def _notable(node: Node, history: History) -> bool:
    parent = node.parent
    return (
        parent is None
        or node is history.here
        or node.kind in ("model", "outside")
        or node.pinned
        or node.archived
        or len(node.children) != 1
        or node.children[0].kind in ("model", "outside")
    )


def _longer(before: str, node: Node) -> str:
    said = node.said
    if not said and node.changes:
        said = f"⌫{len(node.changes[0].removed)} "
    return (before + said)[: 40 * SHOWN]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def _searched(node: Node, text: str) -> str:
    return f"{text} {node.take.model if node.take else ''} {node.kind} {'pinned' if node.pinned else ''}".casefold()
