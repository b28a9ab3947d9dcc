"""A replay as one page that any browser plays: nothing from elsewhere, and no script but our own can run in it."""

import hashlib
from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files

import msgspec

from tui.exporting.tree import beginning, in_order
from tui.manuscript.history import Node
from tui.manuscript.lines import Change, Lines, advance
from tui.manuscript.manuscript import Manuscript

WRITER, MODEL, OTHER = 0, 1, 2
# line and column of start and end, in UTF-16 units, and what stands there then
Place = tuple[int, int, int, int, str]
# number of the parent (0: the start), seconds after the first step, who, the step's kind, its changes
Step = tuple[int, float, int, str, list[Place]]


class Played(msgspec.Struct, frozen=True):
    """What the page's script is given."""

    start: str
    here: int  # the number of the step that stands at the end
    steps: list[Step]
    names: list[str]  # of each step's model; empty for what no model wrote


def player(manuscript: Manuscript, title: str) -> str:
    """The page: every step that was ever made, in the order of time, those of other branches too."""
    script, style = _part("player.js"), _part("player.css")
    # A "<" in the data could end the block that holds it; as an escape it is the same to the script.
    data = msgspec.json.encode(_played(manuscript)).decode().replace("<", "\\u003c")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"""<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Pantoum">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<button id="play">Play</button>
<input id="slider" type="range" min="0" max="0" value="0" aria-label="Step">
<select id="speed" aria-label="Speed">
<option value="0.5">½ ×</option>
<option value="1" selected>1 ×</option>
<option value="4">4 ×</option>
<option value="16">16 ×</option>
<option value="64">64 ×</option>
</select>
<span>the writer</span> <span class="model">a model</span> <span class="other">another program</span>
<span id="said"></span>
</header>
<main id="text"></main>
<script id="data" type="application/json">{data}</script>
<script>{script}</script>
</body>
</html>
"""


@cache
def _part(name: str) -> str:
    return files("tui.exporting").joinpath(name).read_text("utf-8")


def _played(manuscript: Manuscript) -> Played:
    """Goes through all steps, as places are counted otherwise in a browser."""
    nodes = in_order(manuscript.history)
    numbers = {0: 0} | {node.number: number for number, node in enumerate(nodes, 1)}
    first = next((node.made for node in nodes if node.made), 0.0)
    start = beginning(manuscript)
    body, here = Lines(start), manuscript.history.root
    steps: list[Step] = []
    at = 0.0
    for node in nodes:
        assert node.parent is not None
        if here is not node.parent:  # a path is as long as the history
            _go(body, here, node.parent)
        at, here = max(at, round(node.made - first, 3)), node
        who = MODEL if node.take is not None else OTHER if node.kind == "outside" else WRITER
        places = [_make(body, change) for change in node.changes]
        steps.append((numbers[node.parent.number], at, who, node.kind, places))
    names = [node.take.model if node.take is not None else "" for node in nodes]
    return Played(start, numbers[manuscript.history.here.number], steps, names)


def _go(body: Lines, here: Node, there: Node) -> None:
    """From one node's text to another's."""
    path = there.path()
    shared = set(map(id, path))
    while id(here) not in shared:
        for change in reversed(here.changes):
            body.replace(change.start, advance(change.start, change.inserted), change.removed)
        assert here.parent is not None
        here = here.parent
    for node in reversed(path[: path.index(here)]):
        for change in node.changes:
            body.replace(change.start, change.end, change.inserted)


def _make(body: Lines, change: Change) -> Place:
    start, end = (_units(body, line, column) for line, column in (change.start, change.end))
    body.replace(change.start, change.end, change.inserted)
    return change.start[0], start, change.end[0], end, change.inserted


def _units(body: Lines, line: int, column: int) -> int:
    """A column in UTF-16 units."""
    before = body.lines[line][:column]
    return column if before.isascii() else len(before.encode("utf-16-le")) // 2
