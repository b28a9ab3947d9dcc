"""Which steps get a line of metrics, and what it says of the steps since the last one."""

import math
from typing import cast

import pytest

from engine.lines import LINES, Lines
from engine.recording import Recorder
from engine.records import MetricsLine
from engine.schedule import Budget
from engine.settings import TrainingConfig
from engine.training import Step

EACH = 10  # steps a line
TOKENS = 100  # a step


class Written:
    """Takes the place of a `Recorder`."""

    def __init__(self) -> None:
        self.lines: list[MetricsLine] = []

    def metrics(self, line: MetricsLine) -> None:
        self.lines.append(line)


def step(number: int, *, skipped: bool) -> Step:
    loss = math.nan if skipped else float(number)
    return Step(loss, 1.0, {}, False, skipped, 1e-3, TOKENS, {})


def logged(steps: int, *skipped: int, seconds: list[float] | None = None) -> list[MetricsLine]:
    """The lines of so many steps; each takes one of the `seconds` of a clock, where there is one."""
    written = Written()
    lines = Lines(Budget.of(TrainingConfig(steps=EACH * LINES)), cast(Recorder, written))
    for number in range(1, steps + 1):
        if seconds:
            seconds[0] += 1.0
        lines.add(step(number, skipped=number in skipped), number, number * TOKENS, 0.1 * number, None)
    return written.lines


def test_a_line_has_the_mean_loss_of_the_steps_since_the_last() -> None:
    assert [(line.step, line.loss) for line in logged(20)] == [(1, 1.0), (10, 6.0), (20, 15.5)]


def test_a_skipped_step_has_a_line_without_a_loss_and_those_before_it_one_of_their_own() -> None:
    lines = logged(20, 14, 15)
    assert [(line.step, line.loss, line.skipped) for line in lines] == [
        (1, 1.0, 0),
        (10, 6.0, 0),
        (13, 12.0, 0),
        (14, None, 1),
        (15, None, 1),
        (20, 18.0, 0),
    ]
    assert [line.tokens for line in lines] == [line.step * TOKENS for line in lines]


def test_a_skipped_step_does_not_look_quicker_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr("engine.lines.time.monotonic", lambda: seconds[0])
    speeds = [line.tokens_per_second for line in logged(40, 14, 27, 28, 33, seconds=seconds)]
    assert speeds == [float(TOKENS)] * len(speeds)
