"""All that a run has logged, as curves: rows of figures with their places on the x axes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter, itemgetter
from typing import TypeVar

import numpy as np

from engine.records import MetricsLine
from tui.training.growing import Array, Growing
from tui.training.pyramid import Decimated, Pyramid
from tui.training.viewport import AXES, XAxis

T = TypeVar("T")
PLACES = attrgetter("step", "tokens", "elapsed")  # in the order of `AXES`
PLACES_AND_RATES = attrgetter("step", "tokens", "elapsed", "learning_rate", "tokens_per_second")
MOST = 2.0**63  # what is larger is damage: bounded, it can be drawn beside the rest
REACH = 65  # k = 0 … 64: see engine/gradient_flow.py


@dataclass(frozen=True, eq=False)
class Rows:
    """Figures that were logged together. `places` ascend; every figure has as many values as they."""

    places: dict[XAxis, Array]  # steps, tokens, seconds of training: (N,) each
    figures: dict[str, Decimated]

    def __len__(self) -> int:
        return len(self.places["step"])


@dataclass(frozen=True, eq=False)
class History:
    """A run's curves at one moment. Losses in nats per token."""

    training: Rows  # "loss", "gradient", "rate", "speed", "loss back", "norm layer 1", …
    evaluations: Rows  # "loss", "loss back", "loss both"
    flows: dict[str, Array] = field(default_factory=dict)  # by layer: norms at each evaluation (N, REACH), NaN-padded
    flow_places: dict[XAxis, Array] = field(default_factory=dict)
    bits_per_nat: float | None = None  # bits per character for each nat per token of this run's tokens

    def __len__(self) -> int:
        return len(self.training) + len(self.evaluations)

    def extent(self, axis: XAxis) -> tuple[float, float]:
        """The first and the last place on an axis; (0, 1) of a run that has logged nothing."""
        found = [rows.places[axis] for rows in (self.training, self.evaluations) if len(rows)]
        if not found:
            return 0.0, 1.0
        return min(float(places[0]) for places in found), max(float(places[-1]) for places in found)


class Recording:
    """Takes metrics lines as they come, and gives a `History` of them."""

    def __init__(self) -> None:
        self._training, self._evaluations, self._flow_rows = _Table(), _Table(), _Table()
        self._flows: dict[str, Growing] = {}
        self._bits_per_nat: float | None = None

    def take(self, lines: Sequence[MetricsLine]) -> None:
        """Adds lines, in their order."""
        evaluations = [line for line in lines if line.validation_loss is not None]
        # A line may tell of an evaluation only: then the training curves have no gap there.
        steps = [line for line in lines if line.loss is not None or line.validation_loss is None or line.skipped]
        if steps:
            *places, rate, speed = _columns(steps, PLACES_AND_RATES)  # in one go: there may be 200,000
            self._training.extend(places, _training_figures(steps, rate, speed))
        if evaluations:
            self._evaluations.extend([*_columns(evaluations, PLACES)], _evaluation_figures(evaluations))
            self._find_bits(evaluations[-1])
        if flows := [line for line in lines if line.gradient_flow]:
            self._take_flows(flows)

    def history(self) -> History:
        """The curves as they are now."""
        return History(
            training=self._training.rows(),
            evaluations=self._evaluations.rows(),
            flows={layer: norms.view() for layer, norms in self._flows.items()},
            flow_places=self._flow_rows.rows().places,
            bits_per_nat=self._bits_per_nat,
        )

    def _find_bits(self, line: MetricsLine) -> None:
        if line.bits_per_character and line.validation_loss:
            found = line.bits_per_character / line.validation_loss
            self._bits_per_nat = found if 0 < found < MOST else None

    def _take_flows(self, lines: Sequence[MetricsLine]) -> None:
        had = len(self._flow_rows)
        self._flow_rows.extend([*_columns(lines, PLACES)], {})
        for layer in {**self._flows, **{layer: None for line in lines for layer in line.gradient_flow}}:
            if layer not in self._flows:
                self._flows[layer] = Growing(np.float32, REACH)
                self._flows[layer].extend(np.full((had, REACH), np.nan))
            norms = np.full((len(lines), REACH), np.nan)
            for row, line in enumerate(lines):
                reached = line.gradient_flow.get(layer, [])[:REACH]
                norms[row, : len(reached)] = reached
            self._flows[layer].extend(_bounded(norms))


class _Table:
    """Rows while they grow."""

    def __init__(self) -> None:
        self._places: dict[XAxis, Growing] = {axis: Growing(np.float64) for axis in AXES}
        self._figures: dict[str, Pyramid] = {}

    def __len__(self) -> int:
        return len(self._places["step"])

    def extend(self, places: Sequence[Array], figures: dict[str, Array]) -> None:
        """Adds rows: their places on each of `AXES`, and their figures (n,).

        A place before that of an earlier row, as in a file that was put together, counts as the same place.
        """
        had, more = len(self), len(places[0])
        for axis, there in zip(AXES, places, strict=True):
            last = self._places[axis].view()[-1] if had else -MOST
            self._places[axis].extend(np.maximum.accumulate(np.maximum(there, last)))
        self._figures.update({name: Pyramid(missing=had) for name in figures if name not in self._figures})
        for name, figure in self._figures.items():
            figure.extend(figures[name] if name in figures else np.full(more, np.nan))

    def rows(self) -> Rows:
        return Rows(
            {axis: places.view() for axis, places in self._places.items()},
            {name: figure.view() for name, figure in self._figures.items()},
        )


def _training_figures(lines: Sequence[MetricsLine], rate: Array, speed: Array) -> dict[str, Array]:
    figures = {
        "loss": _numbers([line.loss for line in lines]),
        "gradient": _numbers([line.gradient_norm for line in lines]),
        "rate": rate,
        "speed": np.where(speed == 0.0, np.nan, speed),
    }
    # That of the side "ahead" is "loss", as a mean over the steps.
    figures.update(
        (f"loss {side}", found) for side, found in _by_name([line.losses for line in lines]) if side != "ahead"
    )
    figures.update((f"norm {group}", found) for group, found in _by_name([line.gradient_norms for line in lines]))
    return figures


def _evaluation_figures(lines: Sequence[MetricsLine]) -> dict[str, Array]:
    figures = {"loss": [line.validation_loss for line in lines]}
    back, both = ([line.back_validation_loss for line in lines], [line.both_validation_loss for line in lines])
    figures.update({name: found for name, found in (("loss back", back), ("loss both", both)) if any(found)})
    return {name: _numbers(found) for name, found in figures.items()}


def _numbers(found: Sequence[float | None]) -> Array:
    return _bounded(np.array(found, np.float64))  # None as NaN


def _bounded(values: Array) -> Array:
    return np.clip(values, -MOST, MOST, out=values)


def _columns(rows: Sequence[T], values: Callable[[T], tuple[float, ...]]) -> Array:
    """`values` of every row, as columns (values, rows). A list or an array for each would take half as long again."""
    width = len(values(rows[0]))
    try:
        flat = np.fromiter(chain.from_iterable(map(values, rows)), np.float64, len(rows) * width)
    except OverflowError:  # an integer of hundreds of digits, from a damaged file
        flat = np.array([max(-MOST, min(value, MOST)) for row in rows for value in values(row)], np.float64)
    return _bounded(flat).reshape(len(rows), width).T


def _by_name(found: Sequence[dict[str, float]]) -> list[tuple[str, Array]]:
    """The figures of each name, NaN where one is missing."""
    names = list(found[0])
    if len(names) > 1 and set(map(len, found)) == {len(names)}:
        try:
            return list(zip(names, _columns(found, itemgetter(*names)), strict=True))
        except KeyError:  # as many names, but others
            pass
    names = list(dict.fromkeys(chain.from_iterable(found)))
    return [(name, _numbers([each.get(name) for each in found])) for name in names]
