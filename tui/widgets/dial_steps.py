"""The dials of a continuation: what they are called, which values they click through, how a value reads."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan
from typing import ClassVar

import msgspec

from corpora.boundaries import UNITS
from corpora.errors import InputError
from tui.typed_numbers import typed_number
from tui.write_settings import SEEDS, STOP_RULES, WriteSettings

Value = float


@dataclass(frozen=True)
class Dial:
    """One dial: a field of the settings, or of the sampler's dials in them."""

    key: str  # the field
    name: str
    help: str  # one sentence
    steps: tuple[Value, ...]  # from one end to the other, in the order in which the dial turns
    show: Callable[[Value], str]
    sampler: bool = True  # whether it belongs to `Dials`, and so takes effect at the next token

    def read(self, settings: WriteSettings) -> Value:
        """The dial's value."""
        return float(getattr(settings.dials if self.sampler else settings, self.key))

    def write(self, settings: WriteSettings, value: Value) -> WriteSettings:
        """The settings with this dial at `value`. Raises `InputError` where that can't work."""
        field = {self.key: self._kind(settings)(value)}
        if self.sampler:
            result = msgspec.structs.replace(settings, dials=msgspec.structs.replace(settings.dials, **field))
        else:
            result = msgspec.structs.replace(settings, **field)
        result.check()
        return result

    def turn(self, settings: WriteSettings, clicks: int) -> WriteSettings:
        """The settings with this dial so many steps further; it stops at its ends."""
        value = self.read(settings)
        if self.key == "seed":
            return self.write(settings, min(max(SEEDS[0], value + clicks), SEEDS[1]))
        ordered = [self._order(step) for step in self.steps]
        here = self._order(value)
        base = bisect_left(ordered, here) if clicks > 0 else bisect_right(ordered, here) - 1
        if clicks > 0 and (base == len(ordered) or ordered[base] != here):
            base -= 1  # between two steps, up goes to the next one
        elif clicks < 0 and (base < 0 or ordered[base] != here):
            base += 1
        there = min(max(base + clicks, 0), len(self.steps) - 1)
        if (ordered[there] - here) * clicks < 0:
            return settings  # typed beyond this end
        return self.write(settings, self.steps[there])

    def share(self, settings: WriteSettings) -> float | None:
        """Where the value lies between the ends, from 0 to 1; None for a dial without ends, or of words."""
        if len(self.steps) < 3:
            return None
        ordered, here = [self._order(step) for step in self.steps], self._order(self.read(settings))
        at = bisect_left(ordered, here)
        if 0 < at < len(ordered) and ordered[at] != here and isfinite(ordered[at]):  # between two steps
            return (at - (ordered[at] - here) / (ordered[at] - ordered[at - 1])) / (len(ordered) - 1)
        return min(at, len(ordered) - 1) / (len(ordered) - 1)

    def at(self, settings: WriteSettings, share: float) -> WriteSettings:
        """The settings with this dial at the step nearest to a share of its way."""
        return self.write(settings, self.steps[round(min(max(share, 0.0), 1.0) * (len(self.steps) - 1))])

    def typed(self, settings: WriteSettings) -> str:
        """The value as a person would type it."""
        value = self.read(settings)
        return f"{value:.10g}" if self._kind(settings) is float else f"{value:.0f}"

    def parse(self, settings: WriteSettings, text: str) -> WriteSettings:
        """The settings with this dial at the value that a person typed. Raises `InputError`."""
        try:
            value = typed_number(text)
        except ValueError:
            value = nan
        if not isfinite(value):
            raise InputError(f"{text.strip()!r} is not a number. {self.name} takes a number.")
        if self._kind(settings) is not float and value != int(value):
            raise InputError(f"{text.strip()} does not work. {self.name} takes a whole number.")
        return self.write(settings, value)

    def _kind(self, settings: WriteSettings) -> type[float] | type[int] | type[bool]:
        return type(getattr(settings.dials if self.sampler else settings, self.key))

    def _order(self, value: Value) -> Value:
        """Where a value lies along the dial: 0 means "no limit" for some, which is their far end."""
        return float("inf") if value == 0 and self.steps[-1] == 0 else value


class ChoiceDial(Dial):
    """A dial whose values are words; it turns through their numbers."""

    words: ClassVar[tuple[str, ...]] = UNITS

    def read(self, settings: WriteSettings) -> Value:
        return float(self.words.index(getattr(settings, self.key)))

    def write(self, settings: WriteSettings, value: Value) -> WriteSettings:
        if not 0 <= value < len(self.words):
            raise InputError(f"{self.name} takes {_listed(self.words)}.")
        return msgspec.structs.replace(settings, **{self.key: self.words[int(value)]})

    def share(self, settings: WriteSettings) -> None:
        return None

    def typed(self, settings: WriteSettings) -> str:
        return self.words[int(self.read(settings))]

    def parse(self, settings: WriteSettings, text: str) -> WriteSettings:
        word = text.strip().lower()
        if word in self.words:
            return self.write(settings, self.words.index(word))
        try:
            return super().parse(settings, text)
        except InputError:
            raise InputError(f"{text.strip()!r} does not work. {self.name} takes {_listed(self.words)}.") from None

    def _kind(self, settings: WriteSettings) -> type[int]:
        return int


class StopDial(ChoiceDial):
    """What stops a continuation."""

    words = STOP_RULES


def _plain(value: Value) -> str:
    return f"{value:,.0f}"


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _short(word: str) -> str:
    return word.replace("paragraph", "para.")


DIALS: tuple[Dial, ...] = (
    Dial(
        "temperature",
        "temperature",
        "How daring: 0 always takes the likeliest token, 1 follows the model, more is wilder.",
        tuple(round(step * 0.05, 2) for step in range(41)),
        lambda value: f"{value:.2f}",
    ),
    Dial(
        "top_k",
        "top-k",
        "Only the k likeliest tokens may come.",
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 50, 75, 100, 200, 500, 0),
        lambda value: _plain(value) if value else "off",
    ),
    Dial(
        "top_p",
        "top-p",
        "Only the likeliest tokens that together reach this probability may come.",
        (0.05, *(round(step * 0.05, 2) for step in range(2, 20)), 0.97, 0.98, 0.99, 1.0),
        lambda value: f"{value:.2f}" if value < 1 else "off",
    ),
    Dial(
        "min_p",
        "min-p",
        "Only tokens at least this share as likely as the likeliest may come.",
        (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
        lambda value: f"{value:.2f}" if value else "off",
    ),
    Dial(
        "typical",
        "typical",
        "Only tokens about as surprising as the model expects may come, until they reach this probability.",
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0),
        lambda value: f"{value:.2f}" if value < 1 else "off",
    ),
    Dial(
        "repetition",
        "repetition",
        "Tokens that came a moment ago are so many times less likely.",
        (1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0, 3.0),
        lambda value: f"÷{value:.2f}" if value > 1 else "off",
    ),
    Dial(
        "pace",
        "pace",
        "Tokens a second, so that you can read along and turn the dials.",
        (2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 500, 1000, 0),
        lambda value: f"{value:g}/s" if value else "full",
    ),
    Dial(
        "length",
        "length",
        "Characters of one continuation, at most; the next one obeys.",
        (20, 50, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000),
        _plain,
        sampler=False,
    ),
    StopDial(
        "stops_at",
        "stops at",
        "A continuation stops at its length, or before that at the end of the sentence, the line or the paragraph.",
        tuple(range(len(STOP_RULES))),
        lambda value: _short(STOP_RULES[int(value)]),
        sampler=False,
    ),
    Dial(
        "takes",
        "suggestions",
        "How many are made at once, for one place.",
        (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32),
        _plain,
        sampler=False,
    ),
    ChoiceDial(
        "until",
        "they end at",
        "A suggestion ends with the word, the sentence, the line or the paragraph.",
        tuple(range(len(UNITS))),
        lambda value: _short(UNITS[int(value)]),
        sampler=False,
    ),
    Dial(
        "seed",
        "RNG seed",
        "The same seed and dials give the same text.",
        (),
        lambda value: f"{value:.0f}",
        sampler=False,
    ),
    Dial(
        "seed_fixed",
        "seed is",
        "Running: each take counts the seed on. Fixed: every continuation begins with the same one.",
        (0, 1),
        lambda value: "fixed" if value else "running",
        sampler=False,
    ),
)
