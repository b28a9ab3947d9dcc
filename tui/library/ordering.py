"""The models of the Library: filtered by a word, in one of several orders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.folder import ModelEntry
from engine.records import RUNNING

BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Glance:
    """What a row shows beside the record and the status."""

    losses: tuple[float, ...] = ()  # at a few places of the run
    disk: int = 0  # bytes


ORDERS: tuple[tuple[str, Callable[[ModelEntry, Glance], object]], ...] = (
    ("newest first", lambda entry, glance: 0),  # the order that they come in
    ("by name", lambda entry, glance: (entry.record.name if entry.record else entry.folder.slug).casefold()),
    ("those that train first", lambda entry, glance: (entry.status.state not in RUNNING, entry.status.state)),
    ("best first", lambda entry, glance: _bits(entry)),
    ("largest on disk first", lambda entry, glance: -glance.disk),
)


def ordered(
    entries: Sequence[ModelEntry], glances: Mapping[str, Glance], *, order: int = 0, word: str = ""
) -> list[ModelEntry]:
    """The models whose name, text, unit, cell or state has `word` in it."""
    word = word.casefold()
    found = [entry for entry in entries if word in _searched(entry)] if word else list(entries)
    if order == 0:
        return found
    by = ORDERS[order][1]
    return sorted(found, key=lambda entry: by(entry, glances.get(entry.folder.slug, Glance())))  # type: ignore[arg-type, return-value]


def sparkline(losses: Sequence[float]) -> str:
    """A bar for each loss, the lowest as low as can be."""
    if not losses:
        return ""
    small = [loss / 16 for loss in losses]  # no difference between any two is too large for a number then
    low, high = min(small), max(small)
    span = (high - low) or 1.0
    return "".join(BARS[min(7, int(8 * ((loss - low) / span)))] for loss in small)


def _searched(entry: ModelEntry) -> str:
    parts = [entry.folder.slug, "damaged" if entry.problem else entry.status.state]
    if record := entry.record:
        parts += [record.name, record.corpus.name, record.model.unit, record.model.cell]
    return " ".join(parts).casefold()


def _bits(entry: ModelEntry) -> float:
    results = entry.record.results if entry.record else None
    return results.bits_per_character if results else float("inf")
