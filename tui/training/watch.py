"""Follows a run by tailing its model folder. Whoever trains, wherever: the folder is all that is read."""

import time
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.health import Health
from engine.records import RUNNING, MetricsLine, ModelRecord, SampleLine, Status
from tui.training.envelope import Envelope, Segment

SAMPLES_KEPT = 500
COLUMNS = 320  # dots across the widest chart that a terminal shows: two to a cell


@dataclass(frozen=True)
class Curves:
    """What the charts draw: stretches of points, x in steps. Losses in nats per token."""

    loss: list[Segment]
    validation: list[Segment]
    gradient: list[Segment]
    learning_rate: list[Segment]


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
    curves: Curves
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
        self._metrics = self.folder.metrics()
        self._samples = self.folder.samples()
        self._loss, self._validation = Envelope(), Envelope()
        self._gradient, self._rate = Envelope(), Envelope()
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
        curves = Curves(*(curve.segments(COLUMNS) for curve in self._curves()))
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
            curves=curves,
            samples=tuple(self._kept),
            caught_up=caught_up,
            health=self._health.sentence(record, running=status.state in RUNNING) if self._last else "",
        )

    def _replaced(self) -> bool:
        """Whether a resume has rewritten the files, without the steps after its checkpoint."""
        before, self._files = self._files, [_inode(self.folder.metrics_path), _inode(self.folder.samples_path)]
        return any(old and old != new for old, new in zip(before, self._files, strict=False))

    def _curves(self) -> tuple[Envelope, Envelope, Envelope, Envelope]:
        return self._loss, self._validation, self._gradient, self._rate

    def _read(self) -> tuple[bool, bool]:
        """Whether there was something new, and whether all of it has been read."""
        deadline = time.monotonic() + self._patience
        new = False
        while lines := self._metrics.read():
            new = True
            for line in lines:
                self._take(line)
            if time.monotonic() > deadline:
                return True, False
        while samples := self._samples.read():
            new = True
            self._kept = [*self._kept, *samples][-SAMPLES_KEPT:]
        return new, True

    def _take(self, line: MetricsLine) -> None:
        x = float(line.step)
        self._health.add(line)
        if line.validation_loss is not None:
            self._validation.add(x, line.validation_loss)
            if line.best or self._best is None:
                self._best = line
            if line.loss is None:
                return  # tells of an evaluation only, so the other curves have no gap here
        self._loss.add(x, line.loss)
        self._gradient.add(x, line.gradient_norm)
        self._rate.add(x, line.learning_rate)
        self._skipped += line.skipped
        if line.loss is not None or self._last is None:
            self._lines += 1
            self._clipped += line.clipped
            self._last = line

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
