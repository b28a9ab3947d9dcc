"""Products on a processor's matrix unit: the same bits as any other way."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from engine.compiled import usable
from engine.decoder import Decoder
from engine.matrix_unit import has_matrix_unit
from engine.model import LanguageModel
from engine.settings import Cell, ModelConfig

pytestmark = pytest.mark.skipif(not usable(), reason="needs kernels that numba compiles")

STREAMS = (1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 64, 70)


def products_of(
    weights: npt.NDArray[np.int8], inputs: int, x: npt.NDArray[np.float32], h: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """By the kernels, with scales of one."""
    from engine.compiled import products

    scales, plus = np.ones(len(weights), dtype=np.float32), np.zeros((1, len(weights)), dtype=np.float32)
    packed = products.pack(weights, inputs)
    return products.add_products(packed, scales, weights.sum(1, dtype=np.int32), x, h, plus)


@pytest.mark.parametrize(("rows", "inputs", "hidden"), [(70, 0, 40), (32, 24, 64), (200, 70, 130)])
@pytest.mark.parametrize("streams", STREAMS)
def test_sums_are_those_of_whole_numbers(streams: int, rows: int, inputs: int, hidden: int) -> None:
    rng = np.random.default_rng(streams)
    weights = rng.integers(-127, 128, (rows, inputs + hidden), dtype=np.int8)
    whole = rng.integers(-127, 128, (streams, inputs + hidden))
    steps = (whole / 127.0).astype(np.float32)
    wanted = whole @ weights.T.astype(np.int64)
    assert np.array_equal(products_of(weights, inputs, steps[:, :inputs], steps[:, inputs:]), wanted)


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-peephole", "rnn-tanh"])
def test_a_stream_has_the_same_bits_among_many_as_alone(cell: Cell) -> None:
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(cell=cell, layers=2, hidden=40, embedding=24, vocabulary=50)).eval()
    decoder = Decoder(model, packing="int8")
    ids = torch.randint(50, (6, 37))
    state = decoder.zero_state(37)
    alone = [decoder.zero_state() for _ in range(37)]
    for row in ids:
        logits, state = decoder.step(row, state)
        for stream, token in enumerate(row):
            single, alone[stream] = decoder.step(token[None], alone[stream])
            assert torch.equal(single[0], logits[stream])


PROGRAM = """
import torch
from engine.compiled.dots import HAS_UNIT, HAS_VNNI
from engine.decoder import Decoder
from engine.model import LanguageModel
from engine.settings import ModelConfig
torch.manual_seed(5)
model = LanguageModel(ModelConfig(cell="lstm", layers=2, hidden=48, embedding=8, vocabulary=12)).eval()
decoder, ids = Decoder(model, packing="int8"), torch.randint(12, (9, 20))
state = decoder.zero_state(20)
for row in ids:
    _, state = decoder.step(row, state)
h = state[-1][0]
print(HAS_UNIT, HAS_VNNI, h.double().sum().item(), h.numpy().tobytes().hex()[:400])
"""


@pytest.mark.skipif(not has_matrix_unit(), reason="needs a processor with a matrix unit")
def test_a_processor_without_one_gives_the_same_bits() -> None:
    from engine.compiled.jit import FEATURES

    without = ",".join(sorted(each.replace("+amx", "-amx") for each in FEATURES))
    plain = {**os.environ, "NUMBA_CPU_FEATURES": without}
    said = [
        subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, env=each).stdout
        for each in (dict(os.environ), plain)
    ]
    (unit, *by_unit), (tiles, *by_tiles) = (each.split() for each in said)
    assert (unit, tiles) == ("True", "False")
    assert by_unit == by_tiles


@pytest.mark.skipif(not has_matrix_unit(), reason="needs a processor with a matrix unit")
def test_torch_may_use_the_unit_between_and_beside_our_products() -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-127, 128, (96, 64), dtype=np.int8)
    whole = rng.integers(-127, 128, (20, 64))
    steps, wanted = (whole / 127.0).astype(np.float32), whole @ weights.T.astype(np.int64)
    a, b = torch.ones(48, 80, dtype=torch.bfloat16), torch.ones(80, 64, dtype=torch.bfloat16)

    def turn(_: int) -> bool:
        theirs = a @ b
        ours = products_of(weights, 0, steps[:, :0], steps)
        return np.array_equal(ours, wanted) and torch.equal(theirs, torch.full((48, 64), 80.0, dtype=torch.bfloat16))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(turn, range(400)))


def test_code_goes_that_was_compiled_for_a_process_which_may_use_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.compiled import jit

    (tmp_path / "products.py").touch()
    code = tmp_path / "__pycache__" / "products.nbc"
    monkeypatch.setattr(jit, "has_matrix_unit", lambda: True)
    jit.forget_stale(tmp_path)
    code.touch()
    jit.forget_stale(tmp_path)
    assert code.exists()
    monkeypatch.setattr(jit, "has_matrix_unit", lambda: False)
    jit.forget_stale(tmp_path)
    assert not code.exists()
