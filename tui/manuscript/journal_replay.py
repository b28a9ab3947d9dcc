"""From a journal's lines back to the manuscript, as far as they can be read and make sense."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from corpora.errors import InputError
from tui.manuscript.history import Caret
from tui.manuscript.journal_records import (
    FORMAT,
    Added,
    AnyRecord,
    CaretAt,
    Closed,
    EndsPending,
    FileState,
    Grew,
    Marked,
    Merged,
    Moved,
    Pending,
    PendingGrew,
    Snapshot,
    Split,
    manuscript_of,
    restore_node,
)
from tui.manuscript.lines import Change, Lines
from tui.manuscript.manuscript import Manuscript

_RECORDS = msgspec.json.Decoder(AnyRecord)
_SNAPSHOT = msgspec.json.Decoder(Snapshot)


@dataclass
class Restored:
    """What a journal gives back."""

    manuscript: Manuscript
    caret: Caret
    file: FileState
    lost: int = 0  # lines that could not be used
    pending: Pending | None = field(default=None, repr=False)

    @property
    def unsaved(self) -> bool:
        """Whether the text is not what its file holds."""
        return self.manuscript.history.position != self.file.position or self.pending is not None


def replay(lines: Sequence[bytes]) -> Restored:
    """The manuscript after all lines up to the first damaged one. Raises `InputError` where the first one is."""
    try:
        found = msgspec.json.decode(lines[0], type=_Format).format
        if found > FORMAT:
            raise InputError(
                f"This journal was written by a newer Pantoum (format {found}; this one reads up to {FORMAT}). "
                "Update Pantoum."
            )
        snapshot = _SNAPSHOT.decode(lines[0])
        restored = Restored(manuscript_of(snapshot), snapshot.caret, snapshot.file)
    except (IndexError, LookupError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise InputError("The journal's first line is damaged, so nothing can be read from it.") from error
    for number, line in enumerate(lines[1:], 1):
        try:
            _apply(restored, _RECORDS.decode(line))
        except (LookupError, ValueError, AssertionError, msgspec.MsgspecError, RecursionError):
            restored.lost = len(lines) - number
            break
    body = restored.manuscript.body
    restored.caret = body.clamp(restored.caret[0]), body.clamp(restored.caret[1])
    if restored.pending is not None:
        restored.manuscript.offer_take(restored.pending.place, restored.pending.take.take())
    return restored


class _Format(msgspec.Struct):
    format: int


def _apply(restored: Restored, record: AnyRecord) -> None:
    """Does one thing again. Raises `ValueError` or `LookupError` where it doesn't fit."""
    manuscript, history = restored.manuscript, restored.manuscript.history
    if isinstance(record, EndsPending):
        restored.pending = None
    match record:
        case Added(node=added, entered=entered):
            if added.number in history.nodes or added.parent != history.here.number:
                raise ValueError("a node that doesn't fit")
            for made in added.changes[:1]:  # there is only one when a node is added
                _check(manuscript.body, made.change())
            node = restore_node(history, added)
            history.restore(history.here, max(history.next_number() - 1, node.number))
            if entered:
                for change in node.changes:
                    manuscript.body.make(change)
                history.here.latest = node
                history.restore(node, history.next_number() - 1)
                restored.caret = node.after
        case Grew(change=grown, after=after, by=by):
            change = grown.change()
            _check(manuscript.body, change)
            manuscript.body.make(change)
            history.here.grow(change, after, by)
            history.here.latest = None
            restored.caret = after
        case Moved(node=number):
            restored.caret = manuscript.go(history.nodes[number])
        case Marked(node=number, pinned=pinned, archived=archived):
            history.mark(history.nodes[number], pinned=pinned, archived=archived)
        case Split(node=number, index=index, length=length):
            history.split(history.nodes[number], index, length)
        case Merged(node=number):
            history.merge(history.nodes[number])
        case CaretAt(caret=caret):
            restored.caret = caret
        case Pending(place=place):
            if manuscript.body.clamp(place) != place:
                raise ValueError("a place that is not in the text")
            restored.pending = record
        case PendingGrew(text=text):
            if restored.pending is None:
                raise ValueError("text of no take")
            restored.pending = restored.pending.grown(text)
        case FileState():
            restored.file = record
        case Closed():
            pass


def _check(body: Lines, change: Change) -> None:
    start, end = change.start, change.end
    if not (start <= end and body.clamp(start) == start and body.clamp(end) == end):
        raise ValueError("a place that is not in the text")
    if body.between(start, end) != change.removed:
        raise ValueError("a change of another text")
