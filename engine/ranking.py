"""What a text in a gap is worth against others, be they shorter or longer."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.gap import Judgement
from engine.model import Side
from engine.protocol import Take

Rates = Mapping[Side, float]  # what a direction's own texts usually cost a character, in nats


@dataclass(frozen=True)
class Limits:
    """How many characters may stand in the gap; equal where it must be so many."""

    least: int
    most: int

    def holds(self, text: str) -> bool:
        return self.least <= len(text) <= self.most

    def miss(self, text: str) -> int:
        """Characters too few or too many."""
        return max(self.least - len(text), len(text) - self.most, 0)


def excess(
    nats: npt.NDArray[np.float64], characters: npt.NDArray[np.int64], rate: float, limits: Limits
) -> npt.NDArray[np.float64]:
    """What texts (N,) cost more than is usual for their lengths, comparable between lengths.

    A likelihood alone would always take the shortest. Against the usual cost, rate x characters, it would take the
    longest: the differences are sums over characters, they spread as the square root of the length, and the best of
    many is far out where the spread is wide. Divided by that root all lengths spread alike. At the middle of the
    limits, so also where there is but one length, nothing is changed.
    """
    middle = (limits.least + limits.most) / 2
    return (nats - rate * characters) * np.sqrt(middle / characters)


def make_take(judgement: Judgement, rates: Rates, limits: Limits) -> Take:
    """Ranked by its excess, the mean of the directions', and by what each context costs after it, their sum.

    With one direction that is the likelihood of the gap and of the right context. For a typical proposal the excess
    is 0, and the rest is how well it leads to the right context: the weight of importance sampling. Two directions
    estimate that likelihood twice, and their mean would do; but each sees best what comes after the gap in its own
    order, so both contexts count in full. On held-out text that puts the true middle before nine others in 92 % of
    gaps, where the mean of both likelihoods does in 86 %.
    """
    characters = np.array(len(judgement.text))
    excesses = [
        float(excess(np.array(cost.gap), characters, rates[side], limits)) for side, cost in judgement.costs.items()
    ]
    nats = sum(excesses) / len(excesses) + sum(cost.beyond for cost in judgement.costs.values())
    ahead = judgement.costs["ahead"]
    gap, right, score = (value / math.log(2) for value in (ahead.gap, ahead.beyond, nats))
    return Take(text=judgement.text, gap_bits=gap, right_bits=right, score=score)


def alternatives(found: Iterable[Take], takes: int) -> list[Take]:
    """The best, best first; one that mostly repeats a better one waits behind those that don't."""
    chosen: list[Take] = []
    variants: list[Take] = []
    for take in sorted(found, key=lambda each: each.score):
        (variants if any(_alike(take.text, other.text) for other in chosen) else chosen).append(take)
        if len(chosen) == takes:
            break
    return sorted((chosen + variants)[:takes], key=lambda each: each.score)


def _alike(one: str, other: str) -> bool:
    """Whether most of the longer text is at the beginning or the end of both."""
    shorter = min(len(one), len(other))
    first = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    last = next((n for n in range(shorter - first) if one[-1 - n] != other[-1 - n]), shorter - first)
    return first + last > max(len(one), len(other)) / 2
