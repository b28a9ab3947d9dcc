"""A first look at a run's long history: lines from many places of its file, read in a few milliseconds."""

from pathlib import Path

import msgspec

from engine.records import MetricsLine

LONG = 8 << 20  # bytes: what is shorter is read whole before one could look
PLACES = 400  # more than a chart has columns
PIECE = 4096  # bytes read at each: about ten lines


def glimpse(path: Path) -> list[MetricsLine]:
    """Some of the lines from all over the file, the newest among them; ``[]`` where it is short or can't be read."""
    decoder = msgspec.json.Decoder(MetricsLine)
    lines: list[MetricsLine] = []
    try:
        with path.open("rb", buffering=0) as file:
            size = file.seek(0, 2)
            if size < LONG:
                return []
            for place in range(PLACES):
                file.seek((size - PIECE) * place // (PLACES - 1))
                found = file.read(PIECE)
                start, end = (found.find(b"\n") + 1 if place else 0), found.rfind(b"\n") + 1
                lines += decoder.decode_lines(found[start:end])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return []
    return lines
