"""The journal of a document: everything that happens to it, in a file that survives whatever happens to the app.

``documents/NAME.jsonl``: a snapshot as the first line, then one thing a line, appended twice a second. One session at a
time holds it. The next session begins with a snapshot of what it found, so that no journal grows without bound.
"""

import contextlib
import fcntl
import hashlib
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from corpora.errors import InputError
from corpora.files import append_bytes, write_bytes
from corpora.home import ensure_room, home, slugify
from corpora.paths import is_folder, resolved
from tui.manuscript.history import Caret, Node, Watcher
from tui.manuscript.journal_records import (
    Added,
    AnyRecord,
    CaretAt,
    ChangeRecord,
    Closed,
    EndsPending,
    Grew,
    Marked,
    Merged,
    Moved,
    NodeRecord,
    Pending,
    PendingGrew,
    Snapshot,
    Split,
    TakeRecord,
)
from tui.manuscript.journal_replay import Restored, replay
from tui.manuscript.lines import Change
from tui.manuscript.manuscript import Manuscript

SYNC_EVERY = 1.0  # seconds between two fsyncs
_ENCODE = msgspec.json.Encoder().encode


class Cut(InputError):
    """The journal's file is not as this session left it: somebody deleted or changed it. Begin it anew."""


class InUse(InputError):
    """Another window has the document open."""


def journal_file(document: Path | None, root: Path | None = None) -> Path:
    """Where the journal of a document is, by whatever name it is opened; a new place for a text without a name."""
    folder = (root or home()) / "documents"
    if document is None:
        return folder / f"untitled-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}.jsonl"
    document = resolved(document)
    name = hashlib.sha256(os.fsencode(document)).hexdigest()[:12]
    return folder / f"{slugify(document.stem)[:40] or 'text'}-{name}.jsonl"


@dataclass(frozen=True)
class Batch:
    """What is written at a time: perhaps a snapshot that replaces the file, then lines."""

    first: Snapshot | None
    records: list[AnyRecord]


class Journal(Watcher):
    """One session's hold on a journal. Notes what happens to a manuscript, and writes it when told to."""

    def __init__(self, file: Path) -> None:
        """Takes hold of the journal at `file`, which need not exist. Raises `InUse`, or `InputError`."""
        self.file = file
        self._lock = _lock(file)
        self._first: Snapshot | None = None  # to be written before anything else
        self._records: list[AnyRecord] = []
        self._caret: Caret | None = None  # as it was noted last
        self._pending: Pending | None = None  # as a replay of what was noted would have it
        self._synced = 0.0
        self._size: int | None = None  # of the file, as this session read or wrote it last
        self._found = False  # whether an earlier session left a journal
        self._spoilt = False  # whether the file should be written anew

    # --- reading ---

    def load(self) -> Restored | None:
        """What the journal holds; None where there is none. Raises `InputError` where it is of no use.

        A damaged one gives what stands before the damage: `set_aside` keeps the rest.
        """
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{self.file} can't be read ({error.strerror or error}).") from error
        self._size, lines = len(data), data.split(b"\n")
        cut = lines.pop()  # what stands behind the last line end is a line that a crash cut short
        self._found = self._spoilt = True
        restored = replay(lines)
        self._spoilt = bool(cut or restored.lost)
        return restored

    def set_aside(self) -> Path:
        """Keeps the file as it is under another name, which it returns; the next note begins a new one.

        That takes neither room nor the right to read it. Raises `InputError` where it fails all the same.
        """
        place = self.file.with_name(f"{self.file.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            try:
                place.hardlink_to(self.file)  # the text is offered again if nothing is noted after all
            except FileExistsError:
                place = place.with_name(f"{place.name}-{uuid.uuid4().hex[:8]}")
                self.file.replace(place)
            except OSError:  # file systems without links
                self.file.replace(place)
        except OSError as error:
            raise InputError(
                f"The journal {self.file} is damaged or can't be read, and can't be set aside either "
                f"({error.strerror or error}). Move it to another folder, or its branches would be lost."
            ) from error
        self._spoilt = True
        return place

    # --- noting ---

    def begin(self, snapshot: Snapshot, *, rewrite: bool = False) -> None:
        """What is noted from now on happens to this; the first note writes it in the place of the old file.

        With `rewrite` it is written in any case.
        """
        self._first, self._pending = snapshot, None
        self._caret = snapshot.caret
        self._records = [CaretAt(snapshot.caret)] if self._spoilt or rewrite else []

    def note(self, record: AnyRecord) -> None:
        """Notes one thing."""
        self._records.append(record)
        if isinstance(record, EndsPending):
            self._pending = None

    def note_state(self, manuscript: Manuscript, caret: Caret) -> None:
        """Notes where the caret is, or what the model has written that is neither kept nor dropped."""
        takes = manuscript.takes
        if manuscript.pending and takes is not None and takes.shown.text:
            self._note_pending(Pending(takes.place, TakeRecord.of(takes.shown)))
        elif self._pending is not None or (
            caret != self._caret and (self._records or self._first is None or self._found)
        ):
            self.note(CaretAt(caret))
            self._caret = caret

    def _note_pending(self, now: Pending) -> None:
        """Notes what the take gained, or all of it where that doesn't say it."""
        before, self._pending = self._pending, now
        gained = now.take.text[len(before.take.text) :] if before is not None else ""
        if before is None or before.grown(gained) != now:
            self._records.append(now)
        elif gained:
            self._records.append(PendingGrew(gained))

    def added(self, node: Node, *, entered: bool) -> None:
        """Notes a new step; `entered`: the text is that step's now."""
        self.note(Added(NodeRecord.of(node), entered))

    def grew(self, node: Node, change: Change) -> None:
        """Notes what typing added to the step; letter after letter becomes one record."""
        last = self._records[-1] if self._records else None
        if isinstance(last, Grew) and (joined := last.change.change().joined(change)) is not None:
            self._records[-1] = Grew(ChangeRecord.of(joined), node.after, last.by + 1)
        else:
            self.note(Grew(ChangeRecord.of(change), node.after))

    def moved(self, node: Node) -> None:
        """Notes that the text is another step's now."""
        self.note(Moved(node.number))

    def marked(self, node: Node) -> None:
        """Notes that a step was pinned or put away, or is that no more."""
        self.note(Marked(node.number, node.pinned, node.archived))

    def split(self, node: Node, head: Node, index: int, length: int) -> None:
        """Notes that a step was cut in two, so many characters into one of its changes."""
        self.note(Split(node.number, index, length))

    def merged(self, node: Node) -> None:
        """Notes that a step was joined with the one before it."""
        self.note(Merged(node.number))

    # --- writing ---

    def take(self) -> "Batch":
        """What was noted since the last call, to be written next, and soon."""
        batch = Batch(self._first if self._records else None, self._records)
        self._records = []
        if batch.first is not None:
            self._first = None
        return batch

    def put_back(self, batch: "Batch") -> None:
        """A batch could not be written; it comes with the next one."""
        self._first = batch.first or self._first
        self._records = [*batch.records, *self._records]

    def write(self, batch: "Batch") -> None:
        """Writes a batch, or nothing of it. May run in a thread, one call at a time.

        Raises `Cut`, also where there is nothing to write, or `InputError` where that fails.
        """
        data = b"".join(_ENCODE(record) + b"\n" for record in batch.records)
        try:
            if batch.first is not None:
                self._hold_on()
                data = _ENCODE(batch.first) + b"\n" + data
                write_bytes(self.file, data, private=True)
                self._size, self._synced = len(data), time.monotonic()
                return
            if self._size is not None and _size(self.file) != self._size:
                raise Cut(f"{self.file} was deleted or changed by another program.")
            if not data:
                return
            sync = time.monotonic() - self._synced >= SYNC_EVERY
            self._size = append_bytes(self.file, data, sync=sync)
            if sync:
                self._synced = time.monotonic()
        except OSError as error:
            raise InputError(
                f"What you write can't be kept safe in {self.file.parent} ({error.strerror or error}). "
                "Make room, or save it elsewhere with {ctrl+p|app.palette}, Save as."
            ) from error

    def _hold_on(self) -> None:
        """Takes hold again where somebody deleted the lock. Raises `InUse` where another window has it since."""
        if not _holds(self._lock, self.file):
            lock = _lock(self.file)
            self._lock.close()
            self._lock = lock

    def move(self, file: Path) -> None:
        """Goes on under another name; a journal that lies there is set aside. Raises `InUse`, or `InputError`."""
        if file == self.file:
            return
        lock = _lock(file)
        try:
            if file.exists():
                file.replace(file.with_name(f"{file.stem}.replaced-{time.strftime('%Y%m%d-%H%M%S')}"))
            if self.file.exists():
                self.file.replace(file)
        except OSError as error:
            lock.close()
            raise InputError(f"{self.file} can't be renamed ({error.strerror or error}).") from error
        _release(self._lock, self.file)
        self.file, self._lock = file, lock

    def close(self, *, unsaved: bool) -> None:
        """Writes the last of it and lets go. Where nothing was ever noted, no journal comes to be.

        Raises `InputError` where that fails.
        """
        try:
            if self._records or self._first is None or self.file.exists():
                if not self._records:
                    self._first = None  # nothing happened: what is in the file still holds
                self._records.append(Closed(unsaved))
                self.write(self.take())
        finally:
            _release(self._lock, self.file)

    def discard(self) -> None:
        """Lets go without writing anything more."""
        self._records = []
        _release(self._lock, self.file)


def in_use(file: Path) -> bool:
    """Whether another window has the document of this journal open, as far as can be told."""
    try:
        _release(_lock(file), file)
    except InUse:
        return True
    except InputError:
        pass
    return False


def left_open(root: Path | None = None) -> list[Path]:
    """Journals whose last session may have left something unsaved, newest first; only their last lines are read."""
    folder = (root or home()) / "documents"
    files = [file for file in folder.glob("*.jsonl") if _may_be_unsaved(file)] if is_folder(folder) else []
    return sorted(files, key=noted_last, reverse=True)


def noted_last(file: Path) -> float:
    """When a journal was written last, in seconds since 1970; 0 where that can't be told."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _may_be_unsaved(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - 4096))
            last = stream.read().rstrip(b"\n").rpartition(b"\n")[2]
        return msgspec.json.decode(last, type=Closed).unsaved
    except OSError:
        return False
    except (msgspec.MsgspecError, ValueError):
        return True


def _lock_of(file: Path) -> Path:
    return file.with_name(f".{file.name}.lock")


def _lock(file: Path) -> IO[bytes]:
    """Holds ``.NAME.lock`` until it is closed. Raises `InUse` where another process, or this one, holds it."""
    ensure_room("documents", file.parent.parent)
    path = _lock_of(file)
    try:
        while True:
            held = path.open("ab")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                held.close()
                raise InUse("This text is open in another window of Pantoum.") from error
            if _holds(held, file):
                return held
            held.close()
    except OSError as error:
        raise InputError(f"{path} can't be locked ({error.strerror or error}).") from error


def _holds(lock: IO[bytes], file: Path) -> bool:
    """Whether the lock is the one that others meet: somebody may have taken its file away."""
    try:
        return os.fstat(lock.fileno()).st_ino == _lock_of(file).stat().st_ino
    except FileNotFoundError:
        return False


def _size(file: Path) -> int:
    """In bytes; -1 for a file that isn't there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return -1


def _release(lock: IO[bytes], file: Path) -> None:
    if not lock.closed:
        with contextlib.suppress(OSError):
            if _holds(lock, file):
                _lock_of(file).unlink()
        lock.close()
