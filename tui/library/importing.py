"""One import: runs in a thread, says how far it is, can be cancelled."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from corpora.library import Added, CorpusLibrary
from corpora.starters import add_starter

Progress = Callable[[float, str], None]


class Cancelled(Exception):
    """The person took it back; the library has left nothing behind."""


@dataclass
class Import:
    """`work` adds something to a library, reporting to the progress it is given."""

    title: str
    work: Callable[[Progress], Added]
    share: float = 0.0
    message: str = "Starting"

    def __post_init__(self) -> None:
        self._cancelled = Event()

    def run(self) -> Added:
        """Does the work. Raises `Cancelled`, or `InputError` for what the person gave."""
        return self.work(self._report)

    def cancel(self) -> None:
        """Ends the work at its next report. Safe from any thread."""
        self._cancelled.set()

    def _report(self, share: float, message: str) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self.share, self.message = share, message


def import_paths(paths: list[Path], name: str) -> Import:
    """Adds files and folders as one corpus, under `name` or what the files suggest."""
    title = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    return Import(title, lambda report: CorpusLibrary().add(paths, name=name or None, progress=report))


def import_starter(key: str, title: str) -> Import:
    """Adds one of the texts that come with Python."""
    return Import(title, lambda report: add_starter(CorpusLibrary(), key, report))
