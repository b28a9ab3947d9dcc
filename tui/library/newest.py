"""The newest sample of a run, without reading those before it."""

import os
from pathlib import Path

import msgspec

from corpora.files import open_regular
from engine.records import SampleLine

PIECE = 1 << 16  # bytes: the first look at the file's end, some dozens of samples


def newest_sample(path: Path) -> SampleLine | None:
    """The last whole line of a samples file; None where there is none, or it can't be read."""
    decoder = msgspec.json.Decoder(SampleLine)
    piece = PIECE
    try:
        with open_regular(path) as file:
            size = file.seek(0, os.SEEK_END)
            while True:
                file.seek(max(0, size - piece))
                for line in reversed(file.read(piece).split(b"\n")[0 if piece >= size else 1 : -1]):
                    try:
                        return decoder.decode(line)
                    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                        continue
                if piece >= size:
                    return None
                piece *= 16  # a very long line, or damage
    except OSError:
        return None
