"""The budget of a run, and the learning rate over it."""

import math
from dataclasses import dataclass

from engine.settings import TrainingConfig


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
    """Linear warm-up to the peak, then a cosine down to its final share (Loshchilov & Hutter 2017).

    Depends on the share of the budget alone, so it fits any budget and is the same after a resume.
    """
    if progress < config.warmup:
        # From 1/100 of the peak: a rate of zero would waste the first step.
        return config.learning_rate * max(0.01, progress / config.warmup)
    down = (progress - config.warmup) / (1.0 - config.warmup)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, down)))
    return config.learning_rate * (config.final_learning_rate + (1.0 - config.final_learning_rate) * cosine)
