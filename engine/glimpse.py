"""A look at a run's loss from afar: a few places of a metrics file of any length, read without reading the rest."""

import os
from pathlib import Path

import msgspec

from corpora.files import open_regular
from engine.records import Figure

PIECE = 4096  # bytes read at a place: a line, where gradients are not followed


class _Loss(msgspec.Struct):
    loss: Figure | None = None


_DECODER = msgspec.json.Decoder(_Loss)


def glimpse(path: Path, places: int) -> list[float]:
    """The loss at up to so many places, evenly spread over the file's length; empty where nothing can be read."""
    found = []
    try:
        with open_regular(path) as file:
            size = file.seek(0, os.SEEK_END)
            for place in range(places):
                file.seek(max(0, size - PIECE) * place // max(1, places - 1))
                piece = file.read(PIECE)
                if (loss := _loss(piece.split(b"\n"), whole=size <= PIECE, place=place, places=places)) is not None:
                    found.append(loss)
    except OSError:
        return []
    return found


def _loss(lines: list[bytes], *, whole: bool, place: int, places: int) -> float | None:
    """The first loss of a piece; of a file that is a single piece, the one at this place."""
    losses = []
    for line in lines:
        try:
            loss = _DECODER.decode(line).loss
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # cut off at an end of the piece
            continue
        if loss is not None:
            losses.append(loss)
            if not whole:
                break
    if not losses:
        return None
    return losses[(len(losses) - 1) * place // max(1, places - 1)]
