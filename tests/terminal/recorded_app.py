"""The app as it is, run by ``python recorded_app.py LOG arguments…``: notes what a crash may not take away.

Whenever the journal takes what is to be written next, the whole state of the text is appended to LOG, and the text
after every undo and redo. A line of LOG outlives a kill -9.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from tui.cli import main
from tui.manuscript.history import Caret, Node
from tui.manuscript.journal import Batch, Journal
from tui.manuscript.journal_records import FileState, snapshot_of
from tui.manuscript.lines import Lines
from tui.manuscript.manuscript import Manuscript
from tui.widgets.editor import Editor


def digest(text: str) -> str:
    """Names a text."""
    return f"{len(text)}-{sha256(text.encode()).hexdigest()[:12]}"


def state_of(manuscript: Manuscript, caret: Caret) -> dict[str, object]:
    """Everything that has to come back. What is pending is no node yet; a restored one is, so it is left out."""
    snapshot = snapshot_of(manuscript, caret, FileState())
    takes = manuscript.takes
    shown = takes.shown if manuscript.pending and takes is not None and takes.shown.text else None
    body = Lines(snapshot.text)
    return {
        "text": manuscript.text,
        "kept": digest(snapshot.text),
        "caret": caret[1],
        "pending": shown and [shown.text, shown.seed, shown.hash],
        "origins": [[line, [list(run) for run in runs]] for line, runs in snapshot.origins],
        "nodes": sorted(repr(node) for node in snapshot.nodes if shown is None or node.number != shown.node),
        "latest": sorted(snapshot.latest),
        "here": snapshot.here,
        "undo": texts(body, manuscript.history.here, lambda node: node.parent, back=True),
        "redo": texts(body, manuscript.history.here, lambda node: node.latest, back=False),
    }


def texts(body: Lines, here: Node, following: Callable[[Node], Node | None], *, back: bool) -> list[str]:
    """What each undo, or each redo, will show."""
    body, found = Lines(body.text), []
    while (other := following(here)) is not None:
        changes = [change.inverse() for change in reversed(here.changes)] if back else other.changes
        for change in changes:
            body.replace(change.start, change.end, change.inserted)
        found.append(digest(body.text))
        here = other
    return found


def record(log: Path) -> None:
    """Has everything noted from now on."""

    def note(line: object) -> None:
        data = json.dumps(line).encode() + b"\n"
        stream = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(stream, data)
        os.close(stream)

    def note_state(journal: Journal, manuscript: Manuscript, caret: Caret) -> None:
        was_noted(journal, manuscript, caret)
        journal.noted = manuscript, caret  # type: ignore[attr-defined]

    def take(journal: Journal) -> Batch:
        if (noted := getattr(journal, "noted", None)) is not None:
            note({"journal": journal.file.name, "time": time.time(), "state": state_of(*noted)})
        return was_taken(journal)

    def noting(name: str, act: Callable[[Editor], None]) -> Callable[[Editor], None]:
        def acts(editor: Editor) -> None:
            act(editor)
            note({name: digest(editor.manuscript.text)})

        return acts

    was_noted, was_taken = Journal.note_state, Journal.take
    Journal.note_state, Journal.take = note_state, take  # type: ignore[method-assign, assignment]
    Editor.undo, Editor.redo = noting("undo", Editor.undo), noting("redo", Editor.redo)  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    record(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
