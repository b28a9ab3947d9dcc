"""The lines of a journal: a snapshot of a whole manuscript first, then what happened to it, one thing a line."""

import os
from pathlib import Path

import msgspec

from engine.settings import Dials
from tui.manuscript.history import Caret, History, Kind, Node
from tui.manuscript.lines import Change, Location, advance
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.provenance import Fragment, Runs
from tui.manuscript.recipes import Recipe
from tui.manuscript.takes import Take

FORMAT = 2


class ChangeRecord(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A `Change`; where it ends follows from what it inserts."""

    start: Location
    end: Location
    removed: str
    inserted: str
    removed_origins: Fragment = None
    inserted_origins: Fragment = None

    @classmethod
    def of(cls, change: Change) -> "ChangeRecord":
        """The record of a change."""
        return cls(
            change.start, change.end, change.removed, change.inserted, change.removed_origins, change.inserted_origins
        )

    def change(self) -> Change:
        """The change again."""
        end = advance(self.start, self.inserted)
        return Change(
            self.start, self.end, end, self.removed, self.inserted, self.removed_origins, self.inserted_origins
        )


class TakeRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `Take`: all that is needed to write the same again."""

    model: str
    seed: int
    dials: Dials
    text: str = ""
    hash: str = ""
    node: int = 0
    exact: bool = True
    recipe: Recipe | None = None

    @classmethod
    def of(cls, take: Take) -> "TakeRecord":
        """The record of a take."""
        return cls(take.model, take.seed, take.dials, take.text, take.hash, take.node, take.exact, take.recipe)

    def take(self) -> Take:
        """The take again."""
        return Take(self.model, self.seed, self.dials, self.text, self.hash, self.node, self.exact, self.recipe)


class NodeRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `Node`."""

    number: int
    parent: int
    kind: Kind
    before: Caret
    after: Caret
    changes: list[ChangeRecord]
    made: float
    take: TakeRecord | None = None
    grown: int = 1
    pinned: bool = False
    archived: bool = False
    joined: list[tuple[int, int]] = []
    earlier: list[TakeRecord] = []

    @classmethod
    def of(cls, node: Node) -> "NodeRecord":
        """The record of a node, which must have a parent."""
        assert node.parent is not None
        return cls(
            node.number,
            node.parent.number,
            node.kind,
            node.before,
            node.after,
            [ChangeRecord.of(change) for change in node.changes],
            node.made,
            TakeRecord.of(node.take) if node.take is not None else None,
            node.grown,
            node.pinned,
            node.archived,
            list(node.joined),
            [TakeRecord.of(take) for take in node.earlier],
        )


class Record(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="what"):
    """One line after the first."""


class Added(Record, frozen=True, omit_defaults=True, tag="node"):
    node: NodeRecord
    entered: bool = True


class Grew(Record, frozen=True, omit_defaults=True, tag="grew"):
    change: ChangeRecord
    after: Caret
    by: int = 1


class Moved(Record, frozen=True, omit_defaults=True, tag="moved"):
    node: int


class Marked(Record, frozen=True, omit_defaults=True, tag="marked"):
    node: int
    pinned: bool = False
    archived: bool = False


class Split(Record, frozen=True, omit_defaults=True, tag="split"):
    node: int
    index: int
    length: int


class Merged(Record, frozen=True, omit_defaults=True, tag="merged"):
    node: int


class CaretAt(Record, frozen=True, omit_defaults=True, tag="caret"):
    caret: Caret


class Pending(Record, frozen=True, omit_defaults=True, tag="pending"):
    """A take that stood in the text and was not settled. It holds until anything of `EndsPending` happens."""

    place: Location
    take: TakeRecord

    def grown(self, text: str) -> "Pending":
        """The same take with more text."""
        return Pending(self.place, msgspec.structs.replace(self.take, text=self.take.text + text))


class PendingGrew(Record, frozen=True, omit_defaults=True, tag="pending-grew"):
    """The pending take went on by so much. Since format 2; before, it was noted whole again and again."""

    text: str


_BYTES = "bytes:"  # before the name of a file in hexadecimal digits, where it is no text


class FileState(Record, frozen=True, omit_defaults=True, tag="saved"):
    """The text at a position of the history is what its file holds."""

    position: tuple[int, int] = (0, 0)
    document: str = ""  # as `spelt` has it; empty for a text without a name
    sha256: str = ""  # of the file; empty where there is none yet
    newline: str = "\n"
    encoding: str = "utf-8"

    @property
    def path(self) -> Path | None:
        """The document; None for a text without a name."""
        if not self.document.startswith(_BYTES):
            return Path(self.document) if self.document else None
        try:
            return Path(os.fsdecode(bytes.fromhex(self.document.removeprefix(_BYTES))))
        except ValueError:  # damaged
            return None


def spelt(document: Path | None) -> str:
    """An absolute path as text that JSON can hold: old names may be in any encoding."""
    try:
        return str(document or "").encode().decode()
    except UnicodeEncodeError:
        return _BYTES + os.fsencode(str(document)).hex()


class Closed(Record, frozen=True, omit_defaults=True, tag="closed"):
    """The session ended in good order."""

    unsaved: bool = False


EndsPending = Added | Grew | Moved | Marked | Split | Merged | CaretAt  # a caret is noted where nothing is pending
AnyRecord = EndsPending | Pending | PendingGrew | FileState | Closed


class Snapshot(msgspec.Struct, frozen=True):
    """The first line: a whole manuscript."""

    format: int
    text: str
    origins: list[tuple[int, Runs]]  # of the lines that are not all the writer's
    nodes: list[NodeRecord]  # parents before children
    latest: list[tuple[int, int]]  # node, and the child that a redo goes to
    here: int
    numbers: int
    caret: Caret
    file: FileState


def snapshot_of(manuscript: Manuscript, caret: Caret, file: FileState) -> Snapshot:
    """The state of a manuscript without pending text."""
    history, body = manuscript.history, manuscript.settled()
    return Snapshot(
        FORMAT,
        body.text,
        [(line, runs) for line, runs in enumerate(body.origins) if runs],
        [NodeRecord.of(node) for node in history if node.parent is not None],
        [(node.number, node.latest.number) for node in history if node.latest is not None],
        history.here.number,
        history.next_number() - 1,
        caret,
        file,
    )


def manuscript_of(snapshot: Snapshot) -> Manuscript:
    """The manuscript of a snapshot. Raises `LookupError` or `ValueError` for one that makes no sense."""
    manuscript = Manuscript(snapshot.text)
    for line, runs in snapshot.origins:
        manuscript.body.set_origins(line, runs)
    history = manuscript.history
    for record in snapshot.nodes:
        restore_node(history, record)
    for number, child in snapshot.latest:
        history.nodes[number].latest = history.nodes[child]
    history.restore(history.nodes[snapshot.here], snapshot.numbers)
    return manuscript


def restore_node(history: History, record: NodeRecord) -> Node:
    """Puts a node back into the tree. Raises `LookupError` where its parent is not there."""
    parent = history.nodes[record.parent]
    node = Node(
        record.number,
        record.kind,
        parent,
        record.before,
        record.after,
        [change.change() for change in record.changes],
        record.take.take() if record.take is not None else None,
        record.grown,
        record.made,
        record.pinned,
        record.archived,
        joined=list(record.joined),
        earlier=[take.take() for take in record.earlier],
    )
    parent.children.append(node)
    history.nodes[node.number] = node
    return node
