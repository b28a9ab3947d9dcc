"""What every benchmark program shares: its options, its figures and how they are printed.

A program is run by `make bench`, or as ``python -m tests.bench.NAME [--json]`` in the repository's root.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value and the bound that it must keep; give one of `at_least` and `at_most`."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    def as_dict(self) -> dict[str, object]:
        """The figure as the JSON output has it."""
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            **{key: bound for key, bound in bounds.items() if bound is not None},
            "holds": self.holds,
        }


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every program takes; add others to it."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    options.add_argument("--rounds", type=int, default=5, help="runs of which the median counts (default: 5)")
    return options


def run_with(environment: Mapping[str, str]) -> None:
    """Starts this program anew, unless it has this environment: as the engine's own processes run."""
    if dict(os.environ) != environment:
        name = sys.modules["__main__"].__spec__.name  # type: ignore[union-attr]
        os.execve(sys.executable, [sys.executable, "-m", name, *sys.argv[1:]], environment)


def medians(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Each case's median over `rounds` runs. All take turns, so that a busy moment of the machine hits all alike."""
    values: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            values[name].append(case())
    return {name: statistics.median(found) for name, found in values.items()}


def report(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Prints the figures as a table, or as JSON for machines."""
    if as_json:
        print(json.dumps([figure.as_dict() for figure in figures], indent=2))
        return
    names = max(len(figure.name) for figure in figures)
    units = max(len(figure.unit) for figure in figures)
    bounds = max(len(figure.bound) for figure in figures)
    for figure in figures:
        verdict = "holds" if figure.holds else "MISSED"
        value = f"{figure.value:>10,.3f} {figure.unit:<{units}}"
        print(f"{figure.name:<{names}}  {value}  {figure.bound:<{bounds}}  {verdict}")
