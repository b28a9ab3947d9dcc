"""How far a y axis reaches."""

from collections.abc import Sequence


def reach(values: Sequence[float], levels: Sequence[float]) -> tuple[float, float]:
    """The lowest and highest to be shown, of ascending values: all, but a spike may not flatten the rest.

    Nor may a level that is drawn across: one that is far away is left out.
    """
    low, high = float(values[0]), float(values[-1])
    if low >= 0:
        high = min(high, 3 * float(values[int(0.95 * (len(values) - 1))]) or high)
    for level in levels:
        if level <= 4 * high:
            high, low = max(high, level), min(low, level)
    return low, high
