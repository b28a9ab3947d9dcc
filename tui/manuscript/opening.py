"""Opening a document: its file and its journal together give text, caret, history and branches."""

from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError
from corpora.paths import gone, is_folder, there
from tui.manuscript.history import Caret
from tui.manuscript.journal import InUse, Journal, journal_file, left_open
from tui.manuscript.journal_records import FileState, snapshot_of, spelt
from tui.manuscript.journal_replay import Restored
from tui.manuscript.lines import Lines, Location, advance
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.merging import alike
from tui.manuscript.provenance import Fragment, fragment_of, joined
from tui.manuscript.textfile import Progress, TextFile, read_text

START: Caret = ((0, 0), (0, 0))


@dataclass
class Opened:
    """A document that can be shown."""

    manuscript: Manuscript
    path: Path | None
    file: TextFile | None  # None where there is none yet
    journal: Journal | None  # None where another window holds it: then it is only to be read
    caret: Location = (0, 0)
    saved_at: tuple[int, int] = (0, 0)  # the history's position when text and file were the same
    notices: tuple[str, ...] = ()

    def state(self) -> FileState:
        """What the journal says about the file."""
        return file_state(self.path, self.file, self.saved_at)

    def begin(self) -> None:
        """Lets the journal follow the manuscript."""
        if self.journal is not None:
            self.journal.begin(snapshot_of(self.manuscript, (self.caret, self.caret), self.state()))
            self.manuscript.history.watcher = self.journal


def file_state(path: Path | None, file: TextFile | None, saved_at: tuple[int, int]) -> FileState:
    """What a journal says about a file."""
    if file is None:
        return FileState(saved_at, spelt(path))
    return FileState(saved_at, spelt(path), file.stamp.sha256, file.newline, file.encoding)


def new_journal(root: Path | None) -> Journal:
    """A journal for a text without a name. Raises `InputError` where the home folder can't be used."""
    return Journal(journal_file(None, root))


def new_document(root: Path | None, manuscript: Manuscript | None = None) -> Opened:
    """An empty text without a name. Raises `InputError` where the home folder can't be used."""
    opened = Opened(manuscript or Manuscript(), None, None, new_journal(root))
    opened.begin()
    return opened


def open_document(path: Path, root: Path | None, progress: Progress | None = None) -> Opened:
    """A file with its journal. Raises `InUse` where another window has it, and `InputError`.

    What was not saved comes back. A file that others have changed meanwhile counts as one more step, so that an undo
    shows what was there before.
    """
    file = read_text(path, progress) if not gone(path) or not is_folder(path.parent) else None
    if file is not None and file.lossy:  # never saved over: it has no name until it is saved under another one
        opened = Opened(Manuscript(file.text), None, file, Journal(journal_file(None, root)), notices=file.notices)
        opened.begin()
        return opened
    journal = Journal(journal_file(path, root))
    notices = list(file.notices) if file is not None else []
    try:
        try:
            restored = journal.load()
        except InputError as error:
            restored = None
            aside = journal.set_aside()
            notices.append(f"{error} It was set aside as {aside.name}; {path.name} itself is untouched.")
        if restored is None:
            opened = Opened(Manuscript(file.text if file else ""), path, file, journal)
        else:
            notices += _losses(restored, journal, path.name)
            opened = _restored(restored, path, file, journal)
        opened.notices = tuple(notices)
        opened.begin()
    except BaseException:
        journal.discard()
        raise
    return opened


def read_only(path: Path, progress: Progress | None = None) -> Opened:
    """A file that is only to be read, as another window has it. Raises `InputError`."""
    file = read_text(path, progress)
    return Opened(Manuscript(file.text), path, file, None, notices=file.notices)


@dataclass
class Left:
    """A text that an earlier session left unsaved."""

    journal: Journal
    restored: Restored

    @property
    def path(self) -> Path | None:
        """Its file; None for a text without a name."""
        return self.restored.file.path

    @property
    def name(self) -> str:
        """What to call it at the beginning of a sentence."""
        return self.path.name if self.path is not None else "A text without a name"

    def opened(self) -> Opened:
        """The text as it was left. The journal goes on from there. Raises `InputError` where it may not."""
        state, manuscript = self.restored.file, self.restored.manuscript
        file = None
        if self.path is not None and state.sha256:
            file = TextFile.known(self.path, state.newline, state.encoding, state.sha256)
        opened = Opened(
            manuscript,
            self.path,
            file,
            self.journal,
            self.restored.caret[1],
            state.position,
            _losses(self.restored, self.journal),
        )
        opened.begin()
        return opened

    def revert(self) -> None:
        """Goes back to what the file holds; what was not saved stays as a branch. Ends the hold on the journal.

        Raises `InputError` where that can't be noted.
        """
        try:
            opened = self.opened()
        except InputError:
            self.journal.discard()
            raise
        _revert(opened.manuscript, self.restored)
        self.journal.close(unsaved=False)


def find_left(root: Path | None = None) -> list[Left]:
    """What earlier sessions left unsaved, newest first, each one held. What other windows have open is left out."""
    found = []
    for file in left_open(root):
        try:
            journal = Journal(file)
        except InputError:
            continue
        try:
            restored = journal.load()
        except InputError:
            restored = None
        if restored is not None and restored.unsaved and not _in_file(restored):
            found.append(Left(journal, restored))
        else:
            journal.discard()
    return found


def left_of(path: Path, root: Path | None = None) -> Left | None:
    """What an earlier session left unsaved of this document, held; None where there is nothing.

    Raises `InUse` where another window has it open.
    """
    file = journal_file(path, root)
    if not there(file):
        return None
    journal = Journal(file)
    try:
        restored = journal.load()
    except InputError:
        restored = None
    if restored is not None and restored.unsaved and not _in_file(restored):
        return Left(journal, restored)
    journal.discard()
    return None


def _restored(restored: Restored, path: Path, file: TextFile | None, journal: Journal) -> Opened:
    manuscript, state = restored.manuscript, restored.file
    opened = Opened(manuscript, path, file, journal, restored.caret[1], state.position)
    if file is not None and file.text == manuscript.text:
        opened.saved_at = manuscript.history.position
        return opened
    if file is None or file.stamp.sha256 == state.sha256:
        return opened
    if restored.unsaved:
        opened.file = TextFile.known(path, file.newline, file.encoding, state.sha256)  # saving will ask
        return opened
    take_over(manuscript, file.text)
    opened.saved_at = manuscript.history.position
    opened.caret = manuscript.body.clamp(opened.caret)
    return opened


def take_over(manuscript: Manuscript, text: str) -> None:
    """Makes the text that of a file which others have changed, as one step.

    Only what stands between the first and the last difference is touched, and what is equal there keeps its author.
    """
    old = manuscript.text
    if old == text:
        return
    head = _common(old, text)
    tail = _common(old[head:][::-1], text[head:][::-1])
    start = advance((0, 0), old[:head])
    end = advance(start, old[head : len(old) - tail])
    inserted = text[head : len(text) - tail]
    origins = _origins(manuscript.body, start, alike(manuscript.body.between(start, end), inserted))
    change = manuscript.body.replace(start, end, inserted, origins)
    manuscript.history.close()
    manuscript.history.record(change, (start, start), (change.new_end, change.new_end), kind="outside")


def _origins(body: Lines, place: Location, pieces: list[tuple[str, str]]) -> Fragment:
    """Who wrote what stands from `place` on once each first of the pieces is replaced by the second."""
    found = []
    for old, new in pieces:
        end = advance(place, old)
        if old == new:
            found.append((new, body.origins_between(place, end)))
        else:
            found.append((new, fragment_of(new, -body.take_around(place, end))))
        place = end
    return joined(found)


def _in_file(restored: Restored) -> bool:
    """Whether the text was written to its file just before a crash, so that the journal didn't hear of it."""
    path = restored.file.path
    if path is None or restored.pending is not None:
        return False
    try:
        return read_text(path).text == restored.manuscript.text
    except InputError:
        return False


def _revert(manuscript: Manuscript, restored: Restored) -> None:
    node = manuscript.history.nodes.get(restored.file.position[0])
    if node is not None and restored.unsaved:
        restored.caret = manuscript.go(node)


def _losses(restored: Restored, journal: Journal, name: str = "this text") -> tuple[str, ...]:
    """What is to be said of a damaged journal, which is kept before it goes on. Raises `InputError`."""
    if not restored.lost:
        return ()
    aside = journal.set_aside()
    return (
        f"The journal of {name} is damaged; {restored.lost:,} of its last lines could not be used. "
        f"It was kept as {aside.name}.",
    )


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


__all__ = [
    "InUse",
    "Left",
    "Opened",
    "file_state",
    "find_left",
    "left_of",
    "new_document",
    "new_journal",
    "open_document",
    "read_only",
    "take_over",
]
