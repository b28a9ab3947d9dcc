"""How threads share the time steps of a layer on the matrix unit: by streams, or by units.

By streams each reads all recurrent weights at each step, and waits for nobody. Where these don't fit into a core's own
cache it is better that each has some units and the weights for them, though at each step all wait for each other, and
fetch from each other what they made.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.cells.halves import ROWS
from engine.side_by_side import threads_here
from engine.teamwork import Meeting, together

OWN = 1_200_000  # bytes of weights that stay in a core's cache beside what else a step needs
FEWEST = 4  # streams that are worth a thread of their own


class Share(NamedTuple):
    """What a thread does: units and streams, from and to; and how many meet where, after each step."""

    units: tuple[int, int]
    streams: tuple[int, int]
    members: int
    meeting: Meeting


def number_of_shares(streams: int, hidden: int, gates: int) -> int:
    """Into how many shares a layer's steps are cut at most."""
    return max(1, min(threads_here(), hidden // ROWS if _by_units(hidden, gates) else streams // FEWEST))


def _by_units(hidden: int, gates: int) -> bool:
    return 2 * gates * hidden * hidden > OWN


def share_out(streams: int, hidden: int, gates: int, work: Callable[[int, Share], object]) -> None:
    """Calls work(number, share) for all shares, on as many of torch's threads at the same time."""

    def some(member: int, members: int, meeting: Meeting) -> None:
        if _by_units(hidden, gates):
            panels = hidden // ROWS
            units = (panels * member // members * ROWS, panels * (member + 1) // members * ROWS)
            work(member, Share(units, (0, streams), members, meeting))
        else:
            mine = (streams * member // members, streams * (member + 1) // members)
            work(member, Share((0, hidden), mine, 1, meeting))

    together(number_of_shares(streams, hidden, gates), some)
