"""What arrays take over from each other, number by number: numba's own assignment of one to another brings along the
making of its error message, which takes LLVM three seconds in each compilation."""

from typing import Any

import numpy.typing as npt

from engine.compiled.jit import inlined

Numbers = npt.NDArray[Any]


@inlined
def put(row: Numbers, out: Numbers) -> None:
    """(N,) into the first N of out."""
    for n in range(len(row)):
        out[n] = row[n]


@inlined
def put_rows(rows: Numbers, out: Numbers) -> None:
    """(M, N) into as many rows of out."""
    for m in range(len(rows)):
        for n in range(rows.shape[1]):
            out[m, n] = rows[m, n]
