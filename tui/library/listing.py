"""What the library holds, looked at again only when something in it has changed: two apps may share it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpora.home import home
from corpora.library import CorpusEntry, CorpusLibrary
from engine.folder import ModelEntry, ModelLibrary
from engine.glimpse import glimpse
from engine.records import RUNNING
from tui.library.ordering import Glance

WATCHED = {"corpora": ("corpus.json",), "models": ("model.json", "status.json")}
PLACES = 8  # of a run's loss
ALIVE = 10.0  # seconds after which a trainer that was running is looked at again, changed or not


@dataclass(frozen=True)
class Listing:
    corpora: tuple[CorpusEntry, ...]
    models: tuple[ModelEntry, ...]
    glances: Mapping[str, Glance] = field(default_factory=dict)  # by slug

    @property
    def empty(self) -> bool:
        return not self.corpora and not self.models


class LibraryWatch:
    """Call `poll` from one thread at a time."""

    def __init__(self) -> None:
        self._seen: object = None
        self._looked = 0.0
        self._running = False
        self._glances: dict[str, tuple[object, Glance]] = {}  # with what the folder was like at that look

    def poll(self) -> Listing | None:
        """The library as it is; None where nothing has changed since the last call."""
        seen = tuple(_stamp(room / name, files) for room, name, files in _folders())
        old = self._running and time.monotonic() - self._looked > ALIVE
        if seen == self._seen and not old:
            return None
        self._seen, self._looked = seen, time.monotonic()
        models = tuple(ModelLibrary().list())
        listing = Listing(tuple(CorpusLibrary().list()), models, self._look_at(models))
        self._running = any(entry.status.state in RUNNING for entry in listing.models)
        return listing

    def _look_at(self, models: tuple[ModelEntry, ...]) -> dict[str, Glance]:
        """A glance at each model; only those whose metrics have grown since the last one are read again."""
        found = {}
        for entry in models:
            folder = entry.folder
            stamp = _stamp(folder.path, ("metrics.jsonl", "weights.safetensors", "resume.safetensors"))
            known = self._glances.get(folder.slug)
            if known is None or known[0] != stamp:
                try:
                    known = stamp, Glance(tuple(glimpse(folder.metrics_path, PLACES)), folder.size())
                except OSError:  # it is being taken away
                    known = stamp, Glance()
            found[folder.slug] = known
        self._glances = found
        return {slug: glance for slug, (_, glance) in found.items()}


def _folders() -> list[tuple[Path, str, tuple[str, ...]]]:
    found = []
    for room, files in WATCHED.items():
        try:
            names = sorted(path.name for path in (home() / room).iterdir() if not path.name.startswith("."))
        except OSError:
            names = []
        found += [(home() / room, name, files) for name in names]
    return found


def _stamp(folder: Path, files: tuple[str, ...]) -> tuple[str, ...]:
    stamps = [str(folder)]
    for name in files:
        try:
            stat = (folder / name).stat()
        except OSError:
            stamps.append("")
        else:
            stamps.append(f"{stat.st_mtime_ns} {stat.st_size} {stat.st_ino}")
    return tuple(stamps)
