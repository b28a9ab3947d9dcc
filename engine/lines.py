"""Gathers steps and writes a line of metrics now and then: often enough for a chart, never more than one needs."""

import math
import time
from dataclasses import dataclass, field

from engine.recording import Recorder
from engine.records import MetricsLine
from engine.schedule import Budget
from engine.training import Step

LINES = 4000  # in metrics.jsonl over a budget: more than any chart can show
LEAST_INTERVAL = 0.1  # seconds between lines


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found. Losses in nats per token."""

    loss: float  # of the better of the raw and the averaged weights
    bits_per_character: float
    best: bool
    raw: float
    averaged: float | None = None
    back: float | None = None
    both: float | None = None
    gradient_flow: dict[str, list[float]] = field(default_factory=dict)


class Lines:
    """The metrics of one run."""

    def __init__(self, budget: Budget, recorder: Recorder) -> None:
        self._recorder = recorder
        self.take_budget(budget)
        self._last: Step | None = None
        self._losses: list[float] = []
        self._skipped = 0
        self._since = time.monotonic()
        self._tokens = 0
        self._now = 0.0  # tokens a second since the last line
        self._speed = 0.0  # likewise, smoothed
        self.remaining = 0.0

    def add(self, step: Step, number: int, tokens: int, elapsed: float, evaluation: Evaluation | None) -> None:
        """One step; a line is written where it is due, and always with an evaluation or a skipped step.

        A skipped step has its line to itself: with the losses of those before it, it would leave no gap in a curve.
        """
        before, self._last = self._last, step
        self._tokens += step.tokens
        waited = time.monotonic() - self._since
        if step.skipped:
            if before is not None and self._losses:
                self._write(before, number - 1, tokens - step.tokens, elapsed, None, waited)
            self._skipped += 1
        else:
            self._losses.append(step.loss)
        due = number % self._every == 0 and waited >= self._interval
        if due or evaluation is not None or step.skipped or number == 1:
            self._write(step, number, tokens, elapsed, evaluation, waited)

    def take_budget(self, budget: Budget) -> None:
        """Lines are as far apart as suits this budget."""
        self._budget = budget
        self._every = 1 if budget.steps is None else max(1, budget.steps // LINES)
        self._interval = 0.0 if budget.seconds is None else max(LEAST_INTERVAL, budget.seconds / LINES)

    def leave_out(self, seconds: float) -> None:
        """Time that went into something else than steps: speeds are those of training alone."""
        self._since += seconds

    def begin_anew(self) -> None:
        """After a break the speed is measured from now on."""
        self._tokens, self._since = 0, time.monotonic()

    def close(self, number: int, tokens: int, elapsed: float, evaluation: Evaluation) -> None:
        """A last line for an evaluation after the last step."""
        if self._last is not None:
            self._write(self._last, number, tokens, elapsed, evaluation, time.monotonic() - self._since)

    def _write(
        self, step: Step, number: int, tokens: int, elapsed: float, evaluation: Evaluation | None, waited: float
    ) -> None:
        if self._tokens:
            self._now = self._tokens / max(1e-9, waited)
            self._speed = self._now if self._speed == 0.0 else 0.8 * self._speed + 0.2 * self._now
        self.remaining = self._budget.remaining(number, elapsed, step.tokens / self._speed)
        finite = math.isfinite(step.gradient_norm)
        judged = evaluation if evaluation and math.isfinite(evaluation.loss) else None
        self._recorder.metrics(
            MetricsLine(
                step=number,
                tokens=tokens,
                time=time.time(),
                elapsed=round(elapsed, 3),
                remaining=round(self.remaining, 1),
                loss=sum(self._losses) / len(self._losses) if self._losses else None,
                losses={side: loss for side, loss in step.losses.items() if math.isfinite(loss)},
                validation_loss=judged.loss if judged else None,
                raw_validation_loss=judged.raw if judged and judged.averaged is not None else None,
                averaged_validation_loss=judged.averaged if judged else None,
                back_validation_loss=judged.back if judged else None,
                both_validation_loss=judged.both if judged else None,
                bits_per_character=judged.bits_per_character if judged else None,
                gradient_flow=judged.gradient_flow if judged else {},
                learning_rate=step.learning_rate,
                gradient_norm=step.gradient_norm if finite else None,
                gradient_norms=step.gradient_norms if finite else {},
                clipped=step.clipped,
                tokens_per_second=round(self._now, 1),
                skipped=self._skipped,
                best=evaluation.best if evaluation else False,
            )
        )
        self._losses, self._skipped, self._tokens, self._since = [], 0, 0, time.monotonic()
