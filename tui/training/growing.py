"""Rows of numbers that are only ever added at the end."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Growing:
    """An array (N, *shape) that grows in amortised constant time.

    What `view` has returned is never written to again, so that one thread may draw it while another one adds rows.
    """

    def __init__(self, dtype: npt.DTypeLike, *shape: int) -> None:
        self._room = np.empty((256, *shape), dtype)
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def extend(self, rows: Array) -> None:
        """Adds rows (n, *shape) at the end."""
        needed = self._rows + len(rows)
        if needed > len(self._room):
            room = np.empty((max(needed, 2 * len(self._room)), *self._room.shape[1:]), self._room.dtype)
            room[: self._rows] = self._room[: self._rows]
            self._room = room
        self._room[self._rows : needed] = rows
        self._rows = needed

    def view(self) -> Array:
        """What is there now (N, *shape), without a copy."""
        return self._room[: self._rows]
