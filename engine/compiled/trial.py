"""Whether kernels give what they should; and, run as a program, all of them compiled ahead, so that no start waits.

python -m engine.compiled.trial
"""

import time

import numpy as np

from engine import gates as plain
from engine.compiled import gates, products
from engine.compiled.dots import LANES


def works() -> bool:
    """Tries what an LSTM's step takes, next to numpy."""
    rng = np.random.default_rng(0)
    streams, hidden = 3, 24
    state = np.tanh(rng.standard_normal((streams, hidden), dtype=np.float32))
    weights = np.zeros((4 * hidden, LANES), dtype=np.int8)
    weights[:, :hidden] = rng.integers(-127, 128, (4 * hidden, hidden))
    scales = np.full(4 * hidden, 1e-4, dtype=np.float32)
    plus = rng.standard_normal((streams, 4 * hidden), dtype=np.float32)
    sums = np.empty_like(plus)
    steps = products.in_steps(np.empty((streams, 0), dtype=np.float32), state)
    products.multiply(weights, scales, weights.sum(1, dtype=np.int32), steps, plus, sums, 0, 4 * hidden)
    wanted = np.rint(state * 127.0) @ weights[:, :hidden].T.astype(np.float32) * 1e-4 + plus
    if not np.allclose(sums, wanted, atol=1e-4):
        return False
    pairs = zip(gates.lstm(sums, state), plain.lstm(sums.copy(), state), strict=True)
    return all(np.allclose(quick, slow, atol=1e-5) for quick, slow in pairs)


def compile_all() -> None:
    """Every kernel for the types that it is called with."""
    works()
    row = np.zeros((1, 8), dtype=np.float32)
    gates.peephole(np.tile(row, 4), row, np.tile(row, (3, 1)))
    gates.gru(np.tile(row, 3), np.tile(row, 3), row)
    gates.tanh(row)


if __name__ == "__main__":
    began = time.perf_counter()
    compile_all()
    print(f"Kernels are ready ({time.perf_counter() - began:.1f} s).")  # noqa: T201
