"""What a run's metrics lines add up to: its curves, its newest and best line, its health."""

from collections.abc import Sequence
from operator import attrgetter

from engine.health import Health
from engine.records import MetricsLine
from tui.training.history import History, Recording

LOSS, SKIPPED, CLIPPED = attrgetter("loss"), attrgetter("skipped"), attrgetter("clipped")


class Tally:
    """Takes lines in their order, as they come."""

    def __init__(self, lines: Sequence[MetricsLine] = ()) -> None:
        self.last: MetricsLine | None = None  # the newest line that tells of a training step
        self.best: MetricsLine | None = None  # the best evaluation
        self.skipped = 0  # steps skipped for a loss or gradient that was not finite
        self.health = Health()
        self._recording = Recording()
        self._lines = self._clipped = 0
        self.take(lines)

    def take(self, lines: Sequence[MetricsLine]) -> None:
        """Adds lines."""
        self._recording.take(lines)
        self.health.extend(lines)
        for line in lines:
            if line.validation_loss is not None and (line.best or self.best is None):
                self.best = line
        steps = told = lines
        if None in map(LOSS, lines):  # some tell of an evaluation only, or of a step that was skipped
            steps = [line for line in lines if line.loss is not None or line.validation_loss is None or line.skipped]
            told = [line for line in steps if line.loss is not None]
        self.skipped += sum(map(SKIPPED, steps))
        self._clipped += sum(map(CLIPPED, told))
        self._lines += len(told)
        if told or (steps and self.last is None):
            self.last = (told or steps)[-1]

    @property
    def clipped(self) -> float:
        """The share of the steps whose gradient was clipped."""
        return self._clipped / self._lines if self._lines else 0.0

    def history(self) -> History:
        """The curves as they are now."""
        return self._recording.history()
