"""Which part of a text the model reads before it goes on."""

import zlib

from tui.manuscript.lines import Lines, Location

MOST = 20_000  # characters


def seed_text(body: Lines, place: Location) -> str:
    """What stands before `place`: all of it, or the last characters where that would be more than `MOST`.

    The engine remembers the prefixes that it has read, so the cut must not move with each key: it is made at that
    line of the first half whose beginning has the smallest checksum, which stays the same until it drops out.
    """
    text = body.before(place, MOST)
    if len(text) < MOST:
        return text
    starts = []
    at = text.find("\n", 0, MOST // 2)
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1, MOST // 2)
    if not starts:
        return text
    return text[min(starts, key=lambda start: zlib.crc32(text[start : start + 64].encode(errors="replace"))) :]
