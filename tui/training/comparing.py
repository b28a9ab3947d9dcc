"""Two runs' settings and results side by side, those that differ first."""

from dataclasses import dataclass

from engine.records import MetricsLine, ModelRecord
from tui.readable import count
from tui.training.catalogue import SETTINGS


@dataclass(frozen=True)
class Row:
    """One setting or result of both; empty where a run doesn't have it."""

    label: str
    one: str
    other: str

    @property
    def differs(self) -> bool:
        return self.one != self.other


def compared(
    one: ModelRecord, other: ModelRecord, best: tuple[MetricsLine | None, MetricsLine | None] = (None, None)
) -> list[Row]:
    """Results first, then settings; within the list, rows that differ come before those that don't.

    Of a run without results yet its best evaluation is told, where it is given.
    """
    columns = [_facts(record, evaluation) for record, evaluation in zip((one, other), best, strict=True)]
    rows = [Row(label, columns[0].get(label, ""), columns[1].get(label, "")) for label in {**columns[0], **columns[1]}]
    return sorted(rows, key=lambda row: not row.differs)


def _facts(record: ModelRecord, best: MetricsLine | None) -> dict[str, str]:
    found = {"Text": record.corpus.name, "Unit": record.model.unit}
    if results := record.results:
        found["Bits per character"] = f"{results.bits_per_character:.3f}"
        found["Validation loss"] = f"{results.validation_loss:.4f}"
        found["Best at step"] = count(results.step)
        found["Trained"] = f"{results.elapsed / 60:.1f} min"
    elif best is not None and best.validation_loss is not None:
        if best.bits_per_character is not None:
            found["Bits per character"] = f"{best.bits_per_character:.3f} so far"
        found["Validation loss"] = f"{best.validation_loss:.4f} so far"
        found["Best at step"] = count(best.step)
        found["Trained"] = f"{best.elapsed / 60:.1f} min"
    if record.parameters:
        found["Parameters"] = count(record.parameters)
    if record.training.minutes is not None:
        found["Minutes"] = f"{record.training.minutes:g}"
    for name, setting in SETTINGS.items():
        value = getattr(record.model if setting.of_model else record.training, name)
        if value is not None and value != "":
            found[setting.label] = setting.shown(value)
    return found
