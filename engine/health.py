"""Reads the curves of a run for the person: one sentence on how it goes, and a hint where something can be done.

`docs/health.md` has every rule with its thresholds and reasons. Each line of metrics is looked at once and what is
remembered is bounded, so a run of any length costs the same to follow. Free of torch.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Literal

from engine.records import MetricsLine, ModelRecord
from engine.rollback import limit
from engine.settings import Unit

Rule = Literal[
    "early", "improving", "plateau", "overfitting", "losing", "stuck", "exploded",  # how it goes: one of these
    "skipped", "clipped", "growing", "vanishing",  # a hint: one of these, or none
]  # fmt: skip

ENOUGH = 3  # evaluations, before which there is no trend
RECENT = 4  # evaluations from which the trend is taken
STEEPEST = 700.0  # beyond, no number is as large
SMOOTHING = 0.95  # of the training loss, from line to line
STALE = 3  # evaluations without a new best, before a run can be said to get worse
WORSE = 0.005  # share above the best at which it has got worse,
CHANCE = 5.0  # and as many times what evaluations differ by chance: the best of many is best by chance too
FLAT = 0.001  # share gained in the last third of the time below which nothing is gained
DEVIATION = 1.4826  # a normal distribution's standard deviation over its median absolute one
FAST = 50.0  # percent a minute: a pace that no minute will keep, of a run that has just begun
LEARNT = 0.01  # share of the first loss that must have gone
WINDOW = 200  # lines that a hint looks back over
FEWEST = 50  # lines before gradients are spoken of
OFTEN_CLIPPED = 0.5  # of steps
SKIPS = 3  # steps in the window: one bad page is nothing to speak of
REACH = 0.01  # of its strongest: a gradient below that is as good as gone
NEAR: dict[Unit, int] = {"char": 13, "word": 6, "bpe": 6}  # tokens that a healthy run's gradients reach back at least
GROWTH = 10.0  # times as strong at a distance as at the token itself
FAR = 8  # tokens: what is nearer than that is no distance
UNIT_NAMES: dict[Unit, str] = {"char": "characters", "word": "words", "bpe": "pieces of words"}


@dataclass(frozen=True)
class Finding:
    """What one rule found, as the end of a sentence."""

    rule: Rule
    text: str

    @property
    def bad(self) -> bool:
        """Whether the person may want to do something."""
        return self.rule not in ("early", "improving", "plateau")


@dataclass(frozen=True)
class _Evaluation:
    step: int
    elapsed: float  # seconds
    loss: float  # of the validation text, nats per token
    training: float | None  # smoothed loss of the training text at that time


class Health:
    """Give it the lines of ``metrics.jsonl`` in their order; ask it for its findings at any time."""

    def __init__(self) -> None:
        self._recent: deque[_Evaluation] = deque(maxlen=64)
        self._first: _Evaluation | None = None
        self._best: _Evaluation | None = None
        self._count = self._stale = 0
        self._training: float | None = None
        self._lowest = self._limit = math.inf  # of the smoothed loss, and above which it has exploded
        self._exploded_at: int | None = None
        self._lines: deque[MetricsLine] = deque(maxlen=WINDOW)
        self._reaches: deque[int] = deque(maxlen=2)
        self._growth = 0.0

    def add(self, line: MetricsLine) -> None:
        """Takes one line."""
        self.extend((line,))

    def extend(self, lines: Iterable[MetricsLine]) -> None:
        """Takes lines, in their order: there may be hundreds of thousands, so what each costs counts."""
        recent, smoothed, lowest, highest = self._lines, self._training, self._lowest, self._limit
        newest = recent[-1].step if recent else -1
        for line in lines:
            if (loss := line.loss) is not None and isfinite(loss):
                smoothed = loss if smoothed is None else SMOOTHING * smoothed + (1.0 - SMOOTHING) * loss
                if smoothed < lowest:
                    self._exploded_at, lowest, highest = None, smoothed, limit(smoothed)
                elif smoothed <= highest:
                    self._exploded_at = None
                elif self._exploded_at is None:
                    self._exploded_at = line.step
            if line.step > newest:
                newest = line.step
                recent.append(line)
            if (judged := line.validation_loss) is not None and isfinite(judged):
                self._take_evaluation(_Evaluation(line.step, line.elapsed, max(1e-9, judged), smoothed))
            if line.gradient_flow:
                self._take_flow(line.gradient_flow)
        self._training, self._lowest, self._limit = smoothed, lowest, highest

    def findings(self, record: ModelRecord | None = None, *, running: bool = True) -> tuple[Finding, ...]:
        """How it goes, and at most one hint. `record` tells the unit and the cell."""
        hint = self._hint(record)
        return (self._trend(running),) if hint is None else (self._trend(running), hint)

    def sentence(self, record: ModelRecord | None = None, *, running: bool = True) -> str:
        """The findings as one line: ``Still improving, 0.4 % per minute.``"""
        return spoken(self.findings(record, running=running))

    # What is remembered

    def _take_evaluation(self, evaluation: _Evaluation) -> None:
        self._count += 1
        self._first = self._first or evaluation
        self._recent.append(evaluation)
        if self._best is None or evaluation.loss < self._best.loss:
            self._best, self._stale = evaluation, 0
        else:
            self._stale += 1

    def _take_flow(self, flow: dict[str, list[float]]) -> None:
        """The longest way back that any layer's state offers: a gradient may take any of them."""
        norms = [each for each in flow.values() if each]
        self._reaches.append(max((_reach(each) for each in norms), default=0))
        far = [max(each[FAR:], default=0.0) / each[0] for each in norms if each[0] > 0.0]
        self._growth = max(far, default=0.0)

    # How it goes

    def _trend(self, running: bool) -> Finding:
        first, best = self._first, self._best
        if self._exploded_at is not None:
            then = "; if it stays there, training goes back to the best weights" if running else ""
            return Finding("exploded", f"the loss has exploded at step {self._exploded_at:,}{then}")
        if first is None or best is None or self._count < ENOUGH:
            return Finding("early", "too early to say" if running else "too short to say anything")
        newest = self._recent[-1]
        noise = self._noise()
        if self._stale >= STALE and self._lately() > best.loss * (1.0 + max(WORSE, CHANCE * noise)):
            if newest.training is not None and best.training is not None and newest.training < best.training:
                return Finding("overfitting", f"overfitting since step {best.step:,}; the best weights are kept")
            return Finding("losing", f"losing ground since step {best.step:,}: try a lower learning rate")
        if self._count > RECENT and best.loss > first.loss * (1.0 - LEARNT):
            return Finding("stuck", f"hardly learning since step {first.step:,}: try another learning rate")
        gained, seconds = self._gain()
        if self._count > RECENT and gained < max(FLAT, noise):
            over = _told_time(seconds)
            return Finding(
                "plateau",
                f"on a plateau: nothing gained in the last {over}"
                if running
                else f"on a plateau at the end: nothing gained in the last {over}",
            )
        pace = _told_pace(self._pace())
        if running:
            return Finding("improving", f"still improving{pace}")
        return Finding("improving", f"still improving at the end{pace}: more time would help")

    def _noise(self) -> float:
        """By which share of the loss evaluations differ by chance: their standard deviation.

        It is told from second differences, which a trend leaves alone: those of independent values have six times
        their variance. Their median is not misled by a turn.
        """
        logs = [math.log(each.loss) for each in self._recent if each is not self._first]
        turns = [abs(a - 2.0 * b + c) for a, b, c in zip(logs, logs[1:], logs[2:], strict=False)]
        return DEVIATION * median(turns) / math.sqrt(6.0) if turns else 0.0

    def _lately(self) -> float:
        """The mean of the last two evaluations: one alone may be chance."""
        newest = list(self._recent)[-2:]
        return sum(each.loss for each in newest) / len(newest)

    def _gain(self) -> tuple[float, float]:
        """The share of the loss that went in the last third of the time that is remembered, and its seconds."""
        first, newest = self._recent[0], self._recent[-1]
        border = newest.elapsed - (newest.elapsed - first.elapsed) / 3.0
        before = [each.loss for each in self._recent if each.elapsed < border]
        after = [each.loss for each in self._recent if each.elapsed >= border]
        if not before or not after:
            return math.inf, 0.0
        return 1.0 - min(after) / min(before), newest.elapsed - border

    def _pace(self) -> float:
        """The share of the validation loss that goes each minute: the slope of its logarithm, by least squares.

        The first evaluation, of a model that has hardly begun, tells of a pace that is long past.
        """
        recent = [each for each in self._recent if each is not self._first][-RECENT:]
        points = [(each.elapsed / 60.0, math.log(each.loss)) for each in recent]
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) * (x - mean_x) for x, _ in points)
        if spread <= 0.0:
            return 0.0
        slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
        return 1.0 - math.exp(min(slope, STEEPEST))

    # Hints

    def _hint(self, record: ModelRecord | None) -> Finding | None:
        skipped = sum(line.skipped for line in self._lines)
        if skipped >= SKIPS:
            steps = self._lines[-1].step - self._lines[0].step + 1
            return Finding(
                "skipped",
                f"{skipped} of the last {max(steps, skipped):,} steps skipped for a loss or gradient that is no "
                "number: try half the learning rate",
            )
        known = [line.clipped for line in self._lines if line.loss is not None and line.gradient_norm is not None]
        share = sum(known) / len(known) if known else 0.0
        if len(known) >= FEWEST and share >= OFTEN_CLIPPED:
            return Finding(
                "clipped", f"gradients clipped in {100.0 * share:.0f} % of steps: try half the learning rate"
            )
        if self._growth >= GROWTH:
            return Finding("growing", f"gradients grow {self._growth:.0f} times on their way back; clipping holds them")
        unit: Unit = record.model.unit if record else "char"
        reach = max(self._reaches, default=0)
        if len(self._reaches) == self._reaches.maxlen and self._count >= ENOUGH and reach < NEAR[unit]:
            plain = record is not None and record.model.cell.startswith("rnn")
            advice = ": a GRU or an LSTM reaches further" if plain else ""
            return Finding(
                "vanishing", f"recurrent gradients vanish after about {max(1, reach)} {UNIT_NAMES[unit]}{advice}"
            )
        return None


def spoken(findings: tuple[Finding, ...]) -> str:
    """Findings as one line with a capital and a full stop."""
    line = "; ".join(finding.text for finding in findings)
    return f"{line[:1].upper()}{line[1:]}." if line else ""


def _reach(norms: list[float]) -> int:
    """Tokens back until a gradient is below `REACH` of its strongest, for good."""
    least = REACH * max(norms)
    return max((k + 1 for k, norm in enumerate(norms) if norm >= least), default=0)


def _told_pace(share: float) -> str:
    """``, 0.4 % per minute``, or per hour where that would be next to nothing; empty where there is no such pace."""
    percent = 100.0 * share
    if percent >= FAST:
        return ", fast"
    for each, factor in (("minute", 1.0), ("hour", 60.0), ("day", 1440.0)):
        if percent * factor >= 0.1:
            value = percent * factor
            return f", {value:.0f} % per {each}" if value >= 9.95 else f", {value:.1f} % per {each}"
    return ""


def _told_time(seconds: float) -> str:
    if seconds < 90.0:
        return f"{max(1.0, seconds):.0f} seconds"
    if seconds < 5400.0:
        return f"{seconds / 60.0:.0f} minutes"
    return f"{seconds / 3600.0:.1f} hours"
