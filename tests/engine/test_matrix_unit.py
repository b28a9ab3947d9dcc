"""Many streams' products on a processor's matrix unit: the same bits as any other way."""

import numpy as np
import pytest
import torch

from engine.compiled import usable
from engine.decoder import Decoder
from engine.matrix_unit import FEWEST, MatrixUnit
from engine.model import LanguageModel
from engine.settings import Cell, ModelConfig

pytestmark = pytest.mark.skipif(not usable(), reason="needs kernels that numba compiles")


@pytest.fixture(autouse=True)
def with_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were one: torch's function for it works on every processor."""
    from engine.compiled.dots import MIDDLE

    if not MIDDLE:
        pytest.skip("needs a processor that multiplies bytes")
    monkeypatch.setattr("engine.sums.has_matrix_unit", lambda: True)


def test_sums_are_those_of_whole_numbers() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(-127, 128, (70, 96), dtype=np.int8)
    steps = rng.integers(1, 256, (FEWEST, 96), dtype=np.uint8)
    wanted = (steps.astype(np.int32) - 128) @ weights.T.astype(np.int32)
    assert np.array_equal(MatrixUnit(weights)(steps), wanted)


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-peephole", "rnn-tanh"])
def test_a_stream_has_the_same_bits_among_many_as_alone(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(cell=cell, layers=2, hidden=40, embedding=24, vocabulary=50)).eval()
    calls: list[int] = []
    multiply = MatrixUnit.__call__

    def counted(unit: MatrixUnit, steps: np.ndarray) -> np.ndarray:
        calls.append(len(steps))
        return multiply(unit, steps)

    monkeypatch.setattr(MatrixUnit, "__call__", counted)
    decoder = Decoder(model, packing="int8")
    ids = torch.randint(50, (6, FEWEST + 5))
    state = decoder.zero_state(FEWEST + 5)
    alone = [decoder.zero_state() for _ in range(FEWEST + 5)]
    for row in ids:
        logits, state = decoder.step(row, state)
        for stream, token in enumerate(row):
            single, alone[stream] = decoder.step(token[None], alone[stream])
            assert torch.equal(single[0], logits[stream])
    assert set(calls) == {FEWEST + 5}
