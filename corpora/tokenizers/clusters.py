r"""Grapheme clusters (Unicode Standard Annex 29), the characters that people see, found fast.

Between two code points whose Grapheme_Cluster_Break is Other or a whole Hangul syllable there is always a boundary
(rule GB999). So most text needs no search at all, and ``\X`` runs only over the islands around everything else.
"""

import functools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import regex

_CLUSTER = regex.compile(r"\X")
_WINDOW = 128  # characters given to \X at a time: it looks back over whole runs of flags at every flag
_BRIDGE = 8  # simple characters between two islands that aren't worth a split
CodePoints = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]


def split_clusters(text: str) -> list[str]:
    r"""The grapheme clusters of `text`; joined they are `text`."""
    if len(text) <= _WINDOW:
        clusters: list[str] = _CLUSTER.findall(text)
        return clusters
    found: list[str] = []
    start = 0
    width = _WINDOW
    while start < len(text):
        part: list[str] = _CLUSTER.findall(text[start : start + width])
        if start + width < len(text):
            if len(part) == 1:  # one endless cluster
                width *= 2
                continue
            part.pop()  # it may go on beyond the window
        found += part
        start += sum(map(len, part))
        width = _WINDOW
    return found


def code_points(text: str) -> CodePoints:
    """The code points of `text`, shape ``(len(text),)``."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@functools.cache
def simple_code_points() -> Flags:
    """Which code points are a cluster of their own between others of their kind, shape ``(0x110000,)``."""
    everything = "".join(map(chr, range(0x110000)))
    flags = np.zeros(0x110000, dtype=np.bool_)
    for match in regex.finditer(r"[\p{GCB=Other}\p{GCB=LV}\p{GCB=LVT}]+", everything):
        flags[match.start() : match.end()] = True
    flags[ord("\n")] = True  # a control breaks on both sides, but for \r before \n, and \r is not simple
    return flags


def islands(points: CodePoints, simple: Flags) -> Iterator[tuple[int, int]]:
    """Stretches ``(start, end)`` in which boundaries must be searched; outside them every code point is a cluster.

    Each stretch has one simple code point at either side, where there is one.
    """
    odd = np.flatnonzero(~simple[points])
    if odd.size == 0:
        return
    breaks = np.flatnonzero(np.diff(odd) > _BRIDGE)
    starts = odd[np.concatenate(([0], breaks + 1))]
    ends = odd[np.concatenate((breaks, [odd.size - 1]))]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield max(0, start - 1), min(points.size, end + 2)


def last_cluster_cut(text: str) -> int:
    """The last index before which the clusters of `text` are certain whatever follows; 0 where none is."""
    newline = text.rfind("\n") + 1
    if newline:
        return newline
    flags = simple_code_points()
    for index in range(len(text) - 1, 0, -1):
        if flags[ord(text[index])] and flags[ord(text[index - 1])]:
            return index
    return len(text) - len(split_clusters(text)[-1]) if text else 0
