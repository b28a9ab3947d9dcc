"""The budget of a run, and the learning rate over it."""

import math
from dataclasses import dataclass

from engine.settings import TrainingConfig

ONE_CYCLE_UP = 0.3  # of the budget


@dataclass(frozen=True)
class Budget:
    """How long a run lasts: seconds of training, or steps. Exactly one is set."""

    seconds: float | None
    steps: int | None

    @classmethod
    def of(cls, config: TrainingConfig) -> "Budget":
        return cls(None if config.minutes is None else 60.0 * config.minutes, config.steps)

    def progress(self, step: int, elapsed: float) -> float:
        """The share spent, 0 to 1, after `step` steps and `elapsed` seconds."""
        spent = step / self.steps if self.steps is not None else elapsed / (self.seconds or 1.0)
        return min(1.0, spent)

    def remaining(self, step: int, elapsed: float, seconds_per_step: float) -> float:
        """Seconds left, estimated for a budget in steps."""
        if self.steps is not None:
            return max(0.0, (self.steps - step) * seconds_per_step)
        return max(0.0, (self.seconds or 0.0) - elapsed)


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """Up to the peak, then a cosine down to its final share (Loshchilov & Hutter 2017).

    ``cosine`` warms up in a straight line; ``one-cycle`` (Smith 2018) rises along a cosine from 1/25 of the peak for
    30 % of the budget. Depends on the share of the budget alone, so it fits any budget and is the same after a resume.
    """
    progress = min(1.0, progress / config.horizon)
    up, low, bend = (ONE_CYCLE_UP, 1.0 / 25.0, True) if config.schedule == "one-cycle" else (config.warmup, 0.01, False)
    if progress < up:
        # Never from zero: that would waste the first step.
        share = low + (1.0 - low) * _ease(progress / up) if bend else max(low, progress / up)
        return config.learning_rate * share
    down = _ease(min(1.0, (progress - up) / (1.0 - up)))
    return config.learning_rate * (1.0 - (1.0 - config.final_learning_rate) * down)


def momentum(config: TrainingConfig, progress: float) -> float:
    """AdamW's first beta: constant, but for ``one-cycle``, falling to 0.85 as the rate rises, then back up."""
    if config.schedule != "one-cycle":
        return config.beta1
    progress = min(1.0, progress / config.horizon)
    low = min(config.beta1, 0.85)
    if progress < ONE_CYCLE_UP:
        return config.beta1 - (config.beta1 - low) * _ease(progress / ONE_CYCLE_UP)
    return low + (config.beta1 - low) * _ease(min(1.0, (progress - ONE_CYCLE_UP) / (1.0 - ONE_CYCLE_UP)))


def _ease(share: float) -> float:
    """From 0 to 1 along half a cosine."""
    return 0.5 * (1.0 - math.cos(math.pi * share))
