"""Which of several processes this one is, where they train one model together. Free of torch."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """This process's number among all ranks, and among those on its own machine. Rank 0 owns the model folder."""

    rank: int = 0
    ranks: int = 1
    local_rank: int = 0
    local_ranks: int = 1


ALONE = Place()


class RankLostError(Exception):
    """Another rank's process has ended, or its machine can't be reached."""


def place() -> Place:
    """From the environment that ``torchrun`` makes; without it, a process is alone."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    values = [os.environ.get(name, "") for name in names]
    if not all(value.isdigit() for value in values) or int(values[1]) < 2:
        return ALONE
    return Place(*(int(value) for value in values))
