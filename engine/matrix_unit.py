"""Products of bytes for many streams on a processor's matrix unit (AMX), which multiplies eight times as many at once.

Sums of whole numbers are exact: they have the same bits as those of `engine.compiled.products`.
"""

import functools

import numpy as np
import numpy.typing as npt
import torch

FEWEST = 12  # streams from which it is quicker, as it lays the weights out anew each time

Bytes = npt.NDArray[np.int8]
Whole = npt.NDArray[np.int32]


class MatrixUnit:
    """A matrix of bytes (N, K) to be multiplied with x in steps, as `products.in_steps` makes them where bytes are
    unsigned."""

    def __init__(self, weights: Bytes) -> None:
        self._weights = torch.from_numpy(weights).t()

    def __call__(self, steps: npt.NDArray[np.uint8]) -> Whole:
        """Whole sums (B, N) for steps (B, K) around 128."""
        around_0 = torch.from_numpy((steps ^ np.uint8(128)).view(np.int8))
        sums: Whole = torch._int_mm(around_0, self._weights).numpy()
        return sums


@functools.cache
def has_matrix_unit() -> bool:
    """Whether there is one that torch uses, and that it gives what it should. Asked of torch by functions that are no
    public part of it: where they are missing, the answer is no."""
    try:
        if not torch.cpu._is_amx_tile_supported():
            return False
        rng = np.random.default_rng(0)
        weights = rng.integers(-127, 128, (64, 48), dtype=np.int8)
        steps = rng.integers(1, 256, (16, 48), dtype=np.uint8)
        wanted = (steps.astype(np.int32) - 128) @ weights.T.astype(np.int32)
        return bool(np.array_equal(MatrixUnit(weights)(steps), wanted))
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
