"""A run's metrics as comma-separated values, RFC 4180: a row a logged step, empty where nothing was measured."""

import csv
import io
from collections.abc import Iterable

from engine.records import MetricsLine

COLUMNS = (
    "step", "tokens", "elapsed", "loss", "validation_loss", "raw_validation_loss", "averaged_validation_loss",
    "back_validation_loss", "both_validation_loss", "bits_per_character", "learning_rate", "gradient_norm", "clipped",
    "tokens_per_second", "skipped", "best",
)  # fmt: skip


def table(lines: Iterable[MetricsLine]) -> str:
    """Losses in nats per token, times in seconds; also a column for the gradient norm of each group."""
    lines = list(lines)
    groups = list({group: None for line in lines for group in line.gradient_norms})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, *(f"gradient_norm {group}" for group in groups)])
    for line in lines:
        cells = [getattr(line, name) for name in COLUMNS]
        writer.writerow([_cell(value) for value in [*cells, *(line.gradient_norms.get(group) for group in groups)]])
    return text.getvalue()


def _cell(value: float | bool | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else repr(value)
