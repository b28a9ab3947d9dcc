"""Whether kernels give what they should; and, run as a program, all of them compiled ahead, so that no start waits.

python -m engine.compiled.trial

Those that train are compiled by a process of their own meanwhile, `python -m engine.compiled.trial training`.
"""

import subprocess
import sys
import time

import numpy as np

from engine import gates as plain
from engine.compiled import gates, products
from engine.compiled.cross_entropy import cross_entropy

TRAINING = "training"


def works() -> bool:
    """Tries what an LSTM's step takes, next to numpy."""
    rng = np.random.default_rng(0)
    streams, hidden = 3, 24
    state = np.tanh(rng.standard_normal((streams, hidden), dtype=np.float32))
    weights = rng.integers(-127, 128, (4 * hidden, hidden), dtype=np.int8)
    scales = np.full(4 * hidden, 1e-4, dtype=np.float32)
    plus = rng.standard_normal((streams, 4 * hidden), dtype=np.float32)
    sums = np.empty_like(plus)
    steps = products.in_steps(np.empty((streams, 0), dtype=np.float32), state)
    packed = products.pack(weights, 0)
    products.multiply(packed, scales, weights.sum(1, dtype=np.int32), steps, plus, sums, 0, len(packed))
    wanted = np.rint(state * 127.0) @ weights.T.astype(np.float32) * 1e-4 + plus
    if not np.allclose(sums, wanted, atol=1e-4):
        return False
    pairs = zip(gates.lstm(sums, state), plain.lstm(sums.copy(), state), strict=True)
    return all(np.allclose(quick, slow, atol=1e-5) for quick, slow in pairs)


def multiplies() -> bool:
    """Tries what training takes."""
    import torch

    from engine.cells.compiled_steps import packed
    from engine.compiled.tiles import multiply

    rng = np.random.default_rng(0)
    weight, x = rng.standard_normal((40, 24), dtype=np.float32), rng.standard_normal((1, 11, 24), dtype=np.float32)
    products = np.ones((1, 11, 40), dtype=np.float32)
    multiply(packed(torch.from_numpy(weight)), x[:, 1:], products[:, 1:])
    return np.allclose(products[:, 1:], x[:, 1:] @ weight.T + 1.0, atol=1e-4)


def multiplies_halves() -> bool:
    """Whether there is a matrix unit for bfloat16 and it gives what it should."""
    from engine.aligned import empty
    from engine.compiled.matrix_tiles import HAS_HALVES

    if not HAS_HALVES:
        return False
    from engine.compiled.halves import multiply, pack_rows

    weights = np.arange(40 * 50, dtype=np.float32).reshape(40, 50) % 7 - 3
    x = np.arange(20 * 64, dtype=np.float32).reshape(20, 64) % 5 - 2  # whole numbers: nothing is rounded
    packed, out = empty((2, 32, 32), np.uint32), np.ones((20, 64), dtype=np.float32)
    pack_rows(weights, packed, 0, 2)
    multiply(packed, 0, 2, (x.view(np.uint32) >> 16).astype(np.uint16), out)
    return np.array_equal(out[:, :40], x[:, :50] @ weights.T + 1.0)


def compile_for_writing() -> None:
    """Every kernel for the types that it is called with: by way of small models of each kind, as they are used."""
    import torch

    from engine.choosing import Chooser
    from engine.decoder import Decoder
    from engine.model import LanguageModel
    from engine.settings import CELLS, Dials, ModelConfig, Packing
    from engine.strides import Strides

    kinds: tuple[Packing, ...] = ("float32", "int8")
    for cell in CELLS:
        model = LanguageModel(ModelConfig(cell=cell, layers=2, hidden=8, embedding=8, vocabulary=8))
        for packing in kinds:
            decoder = Decoder(model, packing=packing)
            logits, state = decoder.prefill(torch.zeros(2, 1, dtype=torch.int64), decoder.zero_state())
            decoder.step(torch.zeros(2, dtype=torch.int64), decoder.zero_state(2))
            decoder.stream(state)(0)
            Chooser([()]).choose(logits.numpy(), Dials(), np.zeros(1))
            strides = Strides(decoder, logits, state, Chooser([()]), Dials())
            strides.choose(np.zeros((strides.length, 1)))


def compile_for_training() -> None:
    """Likewise."""
    import torch

    from engine.cells.compiled_steps import LEAST
    from engine.model import LanguageModel
    from engine.precision import autocast
    from engine.settings import Cell, ModelConfig, Peephole, Precision

    few, zeros = np.zeros(2, dtype=np.float32), np.zeros(1, dtype=np.int64)
    for logits_kind in (np.float32, np.uint16):
        cross_entropy(np.zeros((1, 2), dtype=logits_kind), few, zeros, True, few[:1], few, 0, 1)
    shapes: tuple[Peephole, ...] = ("diagonal", "full")
    precisions: tuple[Precision, ...] = ("float32", "auto")
    trained: tuple[Cell, ...] = ("lstm", "gru", "lstm-peephole")
    for cell in trained:
        for peephole in shapes:
            config = ModelConfig(cell=cell, peephole=peephole, layers=1, hidden=32, embedding=16, vocabulary=16)
            model, ids = LanguageModel(config), torch.zeros(2, LEAST, dtype=torch.int64)
            for precision in precisions:
                with autocast(torch.device("cpu"), precision):
                    loss = model.loss(ids, model.read(ids, model.zero_state(LEAST))[0])
                loss.backward()  # type: ignore[no-untyped-call]


def main() -> int:
    began = time.perf_counter()
    works()
    multiplies()  # these are what both processes need
    with subprocess.Popen([sys.executable, "-m", "engine.compiled.trial", TRAINING]) as meanwhile:
        compile_for_writing()
    if meanwhile.returncode == 0:
        print(f"Kernels are ready ({time.perf_counter() - began:.1f} s).")  # noqa: T201
    return meanwhile.returncode


if __name__ == "__main__":
    if sys.argv[1:] == [TRAINING]:
        compile_for_training()
    else:
        sys.exit(main())
