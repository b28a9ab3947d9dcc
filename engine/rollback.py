"""Notices a loss that has exploded and stays there, so that a run can return to good weights."""

import math

import msgspec

SMOOTHING = 0.98  # of the loss, from step to step
STAY = 50  # steps in a row: a single bad batch is not an explosion
LEAST = 20  # steps before there is a loss to compare with


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between two steps; part of a checkpoint, so that a resumed run notices the same."""

    smoothed: float = 0.0  # nats per token
    lowest: float | None = None  # of `smoothed`, so far
    steps: int = 0
    bad: int = 0  # steps in a row that were too high or not finite


def observe(vitals: Vitals, loss: float, *, skipped: bool) -> Vitals:
    """The vitals after one more step."""
    lowest = math.inf if vitals.lowest is None else vitals.lowest
    if skipped or not math.isfinite(loss) or (vitals.steps >= LEAST and loss > limit(lowest)):
        return msgspec.structs.replace(vitals, bad=vitals.bad + 1)
    smoothed = loss if vitals.steps == 0 else SMOOTHING * vitals.smoothed + (1.0 - SMOOTHING) * loss
    return Vitals(smoothed=smoothed, lowest=min(lowest, smoothed), steps=vitals.steps + 1)


def exploded(vitals: Vitals) -> bool:
    """Whether the loss has been too high for `STAY` steps in a row."""
    return vitals.bad >= STAY


def limit(lowest: float) -> float:
    """The loss above which a step counts as bad: far above what was reached before, wherever that was."""
    return 1.5 * lowest + 0.5
