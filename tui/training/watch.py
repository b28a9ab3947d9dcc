"""Follows a run by tailing its model folder. Whoever trains, wherever: the folder is all that is read."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.health import Health
from engine.records import RUNNING, MetricsLine, ModelRecord, SampleLine, Status

if TYPE_CHECKING:
    from tui.training.history import History

SAMPLES_KEPT = 2000


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
        from tui.training.history import Recording  # brings numpy: here, in the thread that polls

        self._metrics = self.folder.metrics()
        self._samples = self.folder.samples()
        self._recording = Recording()
        self._last: MetricsLine | None = None
        self._best: MetricsLine | None = None
        self._lines = self._clipped = self._skipped = 0
        self._health = Health()
        self._kept: list[SampleLine] = []

    def poll(self) -> RunView | None:
        """Reads what is new, for no longer than its patience; None where nothing has changed since the last view."""
        if self._replaced():
            self._begin()
        new, caught_up = self._read()
        status = self.folder.status()
        record, problem = self._record()
        seen = (status, record, problem, caught_up)
        if not new and seen == self._shown:
            return None
        self._shown = seen
        share = self._clipped / self._lines if self._lines else 0.0
        return RunView(
            slug=self.folder.slug,
            record=record,
            problem=problem,
            status=status,
            last=self._last,
            best=self._best,
            clipped=share,
            skipped=self._skipped,
            history=self._recording.history(),
            samples=tuple(self._kept),
            caught_up=caught_up,
            health=self._health.sentence(record, running=status.state in RUNNING) if self._last else "",
        )

    def _replaced(self) -> bool:
        """Whether a resume has rewritten the files, without the steps after its checkpoint."""
        before, self._files = self._files, [_inode(self.folder.metrics_path), _inode(self.folder.samples_path)]
        return any(old and old != new for old, new in zip(before, self._files, strict=False))

    def _read(self) -> tuple[bool, bool]:
        """Whether there was something new, and whether all of it has been read."""
        deadline = time.monotonic() + self._patience
        new = False
        while lines := self._metrics.read():
            new = True
            self._take(lines)
            if time.monotonic() > deadline:
                return True, False
        while samples := self._samples.read():
            new = True
            self._kept = [*self._kept, *samples][-SAMPLES_KEPT:]
        return new, True

    def _take(self, lines: list[MetricsLine]) -> None:
        self._recording.take(lines)
        self._health.extend(lines)
        for line in lines:
            if line.validation_loss is not None and (line.best or self._best is None):
                self._best = line
        # Other lines tell of an evaluation only.
        steps = [line for line in lines if line.loss is not None or line.validation_loss is None]
        told = [line for line in steps if line.loss is not None]
        self._skipped += sum([line.skipped for line in steps])
        self._clipped += sum([line.clipped for line in told])
        self._lines += len(told)
        if told or (steps and self._last is None):
            self._last = (told or steps)[-1]

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
