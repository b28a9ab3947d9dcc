"""Follows a run by tailing its model folder. Whoever trains, wherever: the folder is all that is read."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.records import RUNNING, MetricsLine, ModelRecord, SampleLine, Status

if TYPE_CHECKING:
    from tui.training.history import History

SAMPLES_KEPT = 2000
READING = "Reading its whole history…"


@dataclass(frozen=True)
class RunView:
    """A run at one moment."""

    slug: str
    record: ModelRecord | None
    problem: str  # why the record can't be read
    status: Status
    last: MetricsLine | None  # the newest line that tells of a training step
    best: MetricsLine | None  # the best evaluation
    clipped: float  # share of the logged steps whose gradient was clipped
    skipped: int  # steps skipped for a loss or gradient that was not finite
    history: "History"
    samples: tuple[SampleLine, ...]
    caught_up: bool  # False while there is more to read of a long history
    health: str = ""  # how it goes, in a sentence

    @property
    def running(self) -> bool:
        return self.status.state in RUNNING

    @property
    def name(self) -> str:
        return self.record.name if self.record else self.slug


class RunWatch:
    """Call `poll` again and again, from one thread at a time; it returns a view where something has changed."""

    def __init__(self, folder: ModelFolder, *, patience: float = 0.2) -> None:
        self.folder = folder
        self._patience = patience  # seconds that one poll may read
        self._files: list[int] = []
        self._shown: tuple[object, ...] = ()
        self._begin()

    def _begin(self) -> None:
        from tui.training.tally import Tally  # brings numpy: here, in the thread that polls

        self._metrics = self.folder.metrics()
        self._samples = self.folder.samples()
        self._tally = Tally()
        self._glimpse: tuple[Tally, History] | None = None
        self._looked = False
        self._kept: list[SampleLine] = []

    def poll(self) -> RunView | None:
        """Reads what is new, for no longer than its patience; None where nothing has changed since the last view.

        A long history is first seen in a glimpse of all of it, which is what is shown until the whole has been read.
        """
        if self._replaced():
            self._begin()
        new, caught_up = self._look() or self._read()
        status = self.folder.status()
        record, problem = self._record()
        seen = (status, record, problem, caught_up)
        if not new and seen == self._shown:
            return None
        self._shown = seen
        if caught_up:
            self._glimpse = None
        tally, history = self._glimpse or (self._tally, self._tally.history())
        health = tally.health.sentence(record, running=status.state in RUNNING) if tally.last else ""
        return RunView(
            slug=self.folder.slug,
            record=record,
            problem=problem,
            status=status,
            last=tally.last,
            best=tally.best,
            clipped=tally.clipped,
            skipped=tally.skipped,
            history=history,
            samples=tuple(self._kept),
            caught_up=caught_up,
            health=READING if self._glimpse else health,  # which looks at every line
        )

    def _replaced(self) -> bool:
        """Whether a resume has rewritten the files, without the steps after its checkpoint."""
        before, self._files = self._files, [_inode(self.folder.metrics_path), _inode(self.folder.samples_path)]
        return any(old and old != new for old, new in zip(before, self._files, strict=False))

    def _look(self) -> tuple[bool, bool] | None:
        """A glimpse of a long history, the first time; None where there is none to be had."""
        from tui.training.glimpse import glimpse
        from tui.training.tally import Tally

        if self._looked:
            return None
        self._looked = True
        if not (lines := glimpse(self.folder.metrics_path)):
            return None
        tally = Tally(lines)
        self._glimpse = tally, tally.history()
        return True, False

    def _read(self) -> tuple[bool, bool]:
        """Whether there was something new, and whether all of it has been read."""
        deadline = time.monotonic() + self._patience
        new = False
        while lines := self._metrics.read():
            new = True
            self._tally.take(lines)
            if time.monotonic() > deadline:
                return True, False
        while samples := self._samples.read():
            new = True
            self._kept = [*self._kept, *samples][-SAMPLES_KEPT:]
        return new, True

    def _record(self) -> tuple[ModelRecord | None, str]:
        try:
            return self.folder.record(), ""
        except InputError as error:
            return None, str(error)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
