"""What is training, seen from anywhere in the app: a short note, and word when a run has ended."""

import contextlib
from dataclasses import dataclass

from corpora.errors import InputError
from corpora.home import home
from engine.folder import ModelFolder
from engine.queueing import ensure_runner
from engine.records import RUNNING, State, Status

_ENDS: dict[State, str] = {
    "finished": "{name} has finished training.",
    "stopped": "{name} has stopped training; it can be resumed.",
    "failed": "{name} failed: {error}",
}
NAME = 20  # characters of a name in the note


@dataclass(frozen=True)
class News:
    note: str  # "● bard 34%"; empty where nothing is training
    ended: tuple[str, ...]  # a sentence for each run that was training at the last look and no longer is


class Monitor:
    """Call `look` from one thread at a time; it reads every model's small status file and nothing else."""

    def __init__(self) -> None:
        self._running: set[str] = set()

    def look(self) -> News:
        """What is training now, and what has ended since the last look."""
        statuses = {folder.slug: folder.status() for folder in _folders()}
        running = {slug for slug, status in statuses.items() if status.state in RUNNING}
        ended = tuple(_ending(slug, statuses[slug]) for slug in sorted(self._running - running) if slug in statuses)
        self._running = running
        if any(status.state == "queued" for status in statuses.values()):
            with contextlib.suppress(InputError):  # nothing to be done about it here; the runs say that they wait
                ensure_runner()  # it may have been killed
        return News(_note({slug: statuses[slug] for slug in sorted(running)}), tuple(filter(None, ended)))


def _note(running: dict[str, Status]) -> str:
    if not running:
        return ""
    if len(running) > 1:
        return f"● {len(running)} models training"
    ((slug, status),) = running.items()
    name = slug if len(slug) <= NAME else f"{slug[: NAME - 1]}…"
    return f"● {name} {status.progress:.0%}" if status.state == "training" else f"● {name} {status.state}"


def _ending(slug: str, status: Status) -> str:
    return _ENDS.get(status.state, "").format(name=slug, error=status.error or "see its train.log.")


def _folders() -> list[ModelFolder]:
    try:
        paths = sorted(path for path in (home() / "models").iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    return [ModelFolder(path) for path in paths if path.is_dir()]
