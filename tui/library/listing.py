"""What the library holds. Of what has not changed since the last look nothing is read again: two apps may share it.

Library, Train and the mode bar look every second or two, and a run changes a file as often. Each look must cost little
beside hundreds of models.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import Generic, TypeVar

from corpora.corpus import RECORD, TEXT, open_corpus
from corpora.errors import InputError
from corpora.home import folders_in, home
from corpora.library import CorpusEntry
from engine.folder import ModelEntry, ModelFolder
from engine.glimpse import glimpse
from engine.records import RUNNING, ModelRecord, Status
from tui.library.ordering import Glance

PLACES = 8  # of a run's loss
Stamp = tuple[int, int, int] | None  # when a file was written, its size and its inode; None where there is none
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Listing:
    """What there is, newest first. The same object as at the last look where nothing has changed."""

    corpora: tuple[CorpusEntry, ...] = ()
    models: tuple[ModelEntry, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.corpora and not self.models

    @cached_property
    def corpus(self) -> dict[str, CorpusEntry]:
        """By slug."""
        return {entry.slug: entry for entry in self.corpora}

    @cached_property
    def model(self) -> dict[str, ModelEntry]:
        """By slug."""
        return {entry.folder.slug: entry for entry in self.models}


class LibraryWatch:
    """One library, as it was at the last look. May be used from any thread."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root or home()
        self._lock = RLock()
        self._corpora = _Room[CorpusEntry](self._root / "corpora", RECORD, TEXT)
        self._records = _Room[tuple[ModelFolder, ModelRecord | None, str]](self._root / "models", "model.json")
        self._statuses = _Room[Status](self._root / "models", "status.json")
        self._entries: dict[str, ModelEntry] = {}
        self._listing = Listing()

    def statuses(self) -> dict[str, Status]:
        """The status of every model, by slug."""
        with self._lock:
            return self._statuses.look(_status, lambda status: status.state in RUNNING)  # which may be dead by now

    def look(self) -> Listing:
        """The library as it is."""
        with self._lock:
            corpora = tuple(sorted(self._corpora.look(_corpus).values(), key=_made, reverse=True))
            models = tuple(sorted(self._models(), key=_begun, reverse=True))
            if not (_same(corpora, self._listing.corpora) and _same(models, self._listing.models)):
                self._listing = Listing(corpora, models)
            return self._listing

    def _models(self) -> Iterable[ModelEntry]:
        statuses, found = self.statuses(), dict[str, ModelEntry]()
        for slug, (folder, record, problem) in self._records.look(_record).items():
            entry, status = self._entries.get(slug), statuses.get(slug) or folder.status()
            if entry is None or entry.record is not record or entry.status is not status or entry.problem != problem:
                entry = ModelEntry(folder, record, status, problem)
            found[slug] = entry
        self._entries = found
        return found.values()


@lru_cache(maxsize=1)
def library_at(root: Path) -> LibraryWatch:
    """The one watch that all who look at a library share."""
    return LibraryWatch(root)


class Glimpses:
    """A glance at each model; only of those that have changed something is read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[ModelEntry, Glance]] = {}

    def of(self, listing: Listing) -> dict[str, Glance]:
        """By slug."""
        known, self._known = self._known, {}
        for slug, entry in listing.model.items():
            before = known.get(slug)
            self._known[slug] = before if before and before[0] is entry else (entry, _glance(entry))
        return {slug: glance for slug, (_, glance) in self._known.items()}


class _Room(Generic[T]):
    """What was read from a few files of each folder of a room."""

    def __init__(self, room: Path, *files: str) -> None:
        self._room, self._files = room, files
        self._known: dict[str, tuple[list[Stamp], T]] = {}

    def look(self, read: Callable[[Path], T], doubted: Callable[[T], bool] = lambda _: False) -> dict[str, T]:
        """What `read` made of each folder, by name: anew where a file has changed, or what it made is `doubted`."""
        found: dict[str, tuple[list[Stamp], T]] = {}
        for name in folders_in(self._room):
            known = self._known.get(name)
            stamps = [_stamp(f"{self._room}/{name}/{file}") for file in self._files]
            if known is None or known[0] != stamps or doubted(known[1]):
                value = read(self._room / name)
                known = stamps, known[1] if known is not None and known[1] == value else value
            found[name] = known
        self._known = found
        return {name: value for name, (_, value) in found.items()}


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - a thousand times a second: paths as objects would take twice as long
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _corpus(folder: Path) -> CorpusEntry:
    try:
        return CorpusEntry(folder.name, folder, open_corpus(folder))
    except InputError as error:
        return CorpusEntry(folder.name, folder, None, str(error))


def _record(folder: Path) -> tuple[ModelFolder, ModelRecord | None, str]:
    model = ModelFolder(folder)
    try:
        return model, model.record(), ""
    except InputError as error:
        return model, None, str(error)


def _status(folder: Path) -> Status:
    return ModelFolder(folder).status()


def _made(entry: CorpusEntry) -> str:
    return entry.corpus.record.created if entry.corpus else ""


def _begun(entry: ModelEntry) -> str:
    return entry.record.created if entry.record else ""


def _glance(entry: ModelEntry) -> Glance:
    folder = entry.folder
    try:
        return Glance(tuple(glimpse(folder.metrics_path, PLACES)), folder.size())
    except OSError:  # it is being taken away
        return Glance()


def _same(entries: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return len(entries) == len(others) and all(one is other for one, other in zip(entries, others, strict=True))
