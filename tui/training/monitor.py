"""What is training, seen from anywhere in the app: a short note, and word when a run has ended."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from corpora.errors import InputError
from corpora.home import home
from engine.folder import ModelFolder
from engine.queueing import ensure_runner
from engine.records import RUNNING, State, Status
from tui.library.listing import library_at

_ENDS: dict[State, str] = {
    "finished": "{name} has finished training.",
    "stopped": "{name} has stopped training; it can be resumed.",
    "failed": "{name} failed: {error}",
}
NAME = 20  # characters of a name in the note


@dataclass(frozen=True)
class News:
    note: str  # "● bard 34%"; empty where nothing is training
    ended: Mapping[str, str]  # by model, a sentence on each run that was training at the last look and no longer is


class Monitor:
    """Call `look` from one thread at a time."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._names: dict[str, str] = {}  # what those are called

    def look(self) -> News:
        """What is training now, and what has ended since the last look."""
        statuses = library_at(home()).statuses()
        running = {slug for slug, status in statuses.items() if status.state in RUNNING}
        for slug in running - self._running:  # a name changes with its folder's, and not while it trains
            self._names[slug] = _name(ModelFolder(home() / "models" / slug))
        ended = {
            slug: said
            for slug in sorted(self._running - running)
            if slug in statuses and (said := _ending(self._names.get(slug, slug), statuses[slug]))
        }
        self._running = running
        if any(status.state == "queued" for status in statuses.values()):
            with contextlib.suppress(InputError):  # nothing to be done about it here; the runs say that they wait
                ensure_runner()  # it may have been killed
        return News(
            _note({self._names[slug]: statuses[slug] for slug in sorted(running)}, len(running)),
            ended,
        )


def _note(running: dict[str, Status], number: int) -> str:
    if number == 0:
        return ""
    if number > 1:
        return f"● {number} models training"
    ((name, status),) = running.items()
    name = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
    return f"● {name} {status.progress:.0%}" if status.state == "training" else f"● {name} {status.state}"


def _name(folder: ModelFolder) -> str:
    try:
        return folder.record().name
    except InputError:
        return folder.slug


def _ending(name: str, status: Status) -> str:
    return _ENDS.get(status.state, "").format(name=name, error=status.error or "see its train.log.")
