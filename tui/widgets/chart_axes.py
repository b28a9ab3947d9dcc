"""The axes of a chart: where the ticks are and what stands at them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tui.readable import count, duration, short
from tui.training.viewport import XAxis

Floats = npt.NDArray[np.floating]
SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)


@dataclass(frozen=True)
class Scale:
    """The y axis, from `low` to `high`; both are positive where it is logarithmic."""

    low: float
    high: float
    logarithmic: bool = False

    def share(self, values: Floats) -> Floats:
        """Where values (N,) are, 0 at the bottom and 1 at the top (N,); NaN stays."""
        if not self.logarithmic:
            return (values - self.low) / (self.high - self.low)
        low, high = math.log(self.low), math.log(self.high)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((np.log(values) - low) / (high - low))

    def ticks(self, most: int) -> list[float]:
        """At most about so many round values within."""
        if not self.logarithmic:
            return round_values(self.low, self.high, most)
        decades = math.log10(self.high / self.low)
        if decades < 1.0:
            return round_values(self.low, self.high, most)
        each = max(1, math.ceil(decades / most))
        exponents = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1, each)
        found = [10.0**exponent for exponent in exponents]
        if len(found) * 3 <= most:
            found = [
                factor * 10.0**exponent
                for exponent in range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)))
                for factor in (1, 2, 5)
            ]
        return [value for value in found if self.low <= value <= self.high]


def limits(low: float, high: float, logarithmic: bool) -> Scale:
    """The axis for values from `low` to `high`, with a little room at both ends."""
    if logarithmic and low > 0:
        room = max((high / low) ** 0.05, 1.02)
        return Scale(low / room, high * room, True)
    room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return Scale(max(0.0, low - room) if low >= 0 else low - room, high + room)


def round_values(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `low` to `high`."""
    step = _round_step((high - low) / max(1, most))
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def places(axis: XAxis, start: float, end: float, most: int) -> list[tuple[float, str]]:
    """Ticks of the x axis with their labels."""
    if axis == "time":
        rough = (end - start) / max(1, most)
        step = next((seconds for seconds in SECONDS if seconds >= rough), 0) or 86_400 * math.ceil(rough / 86_400)
        ticks = [number * step for number in range(math.ceil(start / step), math.floor(end / step) + 1)]
        return [(float(tick), duration(tick)) for tick in ticks]
    apart = max(1.0, _round_step((end - start) / max(1, most)))
    numbers = [nth * apart for nth in range(math.ceil(start / apart), math.floor(end / apart) + 1)]
    return [(number, label_of(axis, number)) for number in numbers]


def label_of(axis: XAxis, place: float) -> str:
    """A place on the x axis as it stands at a tick."""
    if axis == "time":
        return duration(place)
    return short(place) if axis == "token" else count(round(place))


def place_in_words(axis: XAxis, place: float) -> str:
    """``step 1,230``, ``1.2M tokens``, ``0:45 trained``."""
    if axis == "time":
        return f"{duration(place)} trained"
    return f"{short(place)} tokens" if axis == "token" else f"step {count(round(place))}"


def number(value: float) -> str:
    """A figure in at most seven characters."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 99_999.5:
        return short(value) if size < 1e15 else f"{value:.0e}"
    if size >= 999.5:
        return count(round(value))
    if size >= 0.00995:
        digits = max(0, 2 - math.floor(math.log10(size)))
        return f"{value:.{min(digits, 3)}f}"
    return f"{value:.1e}".replace("e-0", "e-")


def tick_label(value: float, step: float) -> str:
    """A tick's figure, with as many decimals as its neighbours need; a `step` of 0 stands for a logarithmic axis."""
    if step == 0 and 0.001 <= abs(value) < 1000:
        return f"{value:g}"
    if value == 0 or 0.001 <= abs(value) < 99_999.5:
        decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
        if decimals <= 4:
            return f"{value:,.{decimals}f}"
    return number(value)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(rough, 1e-30)))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)
