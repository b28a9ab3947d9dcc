"""Layers that multiply bfloat16 on a CPU: where they may, how near they come to float32, and what stays float32."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from corpora.errors import InputError
from engine import precision
from engine.cells.lstm import LSTMLayer
from engine.cells.peephole import PeepholeLSTMLayer
from engine.evaluation import Evaluator
from engine.model import LanguageModel
from engine.precision import autocast, check_precision, half, has_bf16
from engine.settings import CELLS, Cell, ModelConfig, Peephole, Precision, TrainingConfig
from engine.shapes import Shape
from engine.training import LossScale, Trainer

CPU = torch.device("cpu")
TOKENS = np.tile(np.random.default_rng(0).integers(0, 20, 60).astype(np.uint16), 10)
needs_bf16 = pytest.mark.skipif(not has_bf16(CPU), reason="needs a processor that multiplies bfloat16")


@pytest.fixture
def without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_processor_has_bf16", lambda: False)


def trained(setting: Precision, *, cell: Cell = "lstm", steps: int = 5, **model: object) -> tuple[Trainer, list[float]]:
    """A trainer after some steps, and the loss of each."""
    torch.manual_seed(0)
    config = ModelConfig(cell=cell, hidden=32, embedding=16, vocabulary=20, **model)  # type: ignore[arg-type]
    training = TrainingConfig(steps=steps, precision=setting, learning_rate=1e-2, ema=0.9)
    trainer = Trainer(LanguageModel(config), TOKENS, training, CPU, Shape(4, 16))
    return trainer, [trainer.advance(step / steps).loss for step in range(steps)]


def passed(layer: LSTMLayer, inputs: Tensor, state: tuple[Tensor, Tensor], setting: Precision) -> list[Tensor]:
    """The layer's outputs and last state, and the gradients of all weights and of the inputs."""
    layer.zero_grad()
    inputs = inputs.clone().requires_grad_()
    with autocast(CPU, setting):
        outputs, last = layer(inputs, state)
    (outputs.square().sum() + last[1].sum()).backward()
    assert inputs.grad is not None
    found = [outputs, *last, inputs.grad, *(weight.grad for weight in layer.weights())]
    return [each.detach().clone() for each in found if each is not None]


@needs_bf16
@pytest.mark.parametrize("weight_dropout", [0.0, 0.5])
def test_bf16_layers_come_within_a_percent_of_float32_and_hand_on_float32(weight_dropout: float) -> None:
    layer = LSTMLayer(24, 40)
    layer.initialise()
    layer.weight_dropout = weight_dropout
    inputs, state = torch.randn(16, 3, 24), (torch.randn(3, 40).tanh(), torch.randn(3, 40))
    results = []
    for setting in ("float32", "bf16"):
        torch.manual_seed(7)  # of the dropped weights
        results.append(passed(layer, inputs, state, setting))
    for exact, near in zip(*results, strict=True):
        assert near.dtype is torch.float32
        assert 0.0 < (near - exact).norm() < 0.01 * exact.norm()


@needs_bf16
def test_what_is_carried_and_what_is_learnt_stays_float32() -> None:
    trainer, _ = trained("bf16", layers=2)
    kept = [*trainer.carried.tensors(), *trainer.parameters]
    kept += [moment for state in trainer.optimizer.state.values() for moment in state.values()]
    assert {each.dtype for each in kept} == {torch.float32}


@needs_bf16
@pytest.mark.parametrize("bidirectional", [False, True])
def test_auto_is_bf16_and_learns_as_float32_does(bidirectional: bool) -> None:
    (exactly, exact), (_, near), (automatic, auto) = (
        trained(setting, steps=60, bidirectional=bidirectional) for setting in ("float32", "bf16", "auto")
    )
    assert auto == near != exact
    assert exact[-1] < 0.9 * exact[0]
    assert near == pytest.approx(exact, rel=0.02)
    in_float32, in_bf16 = Evaluator(TOKENS, 500, CPU, "float32"), Evaluator(TOKENS, 500, CPU, "auto")
    assert in_float32.loss(automatic.model) == pytest.approx(in_float32.loss(exactly.model), rel=0.02)
    assert in_bf16.loss(automatic.model) == pytest.approx(in_float32.loss(automatic.model), rel=1e-3)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "lstm"])
def test_other_cells_compute_in_float32_whatever_is_asked_for(cell: Cell) -> None:
    assert trained("auto", cell=cell)[1] == trained("float32", cell=cell)[1]


@pytest.mark.usefixtures("without_bf16")
def test_without_instructions_for_it_auto_is_float32_and_bf16_is_refused() -> None:
    assert half(CPU, "auto") is None
    assert trained("auto")[1] == trained("float32")[1]
    check_precision(CPU, "auto")
    with pytest.raises(InputError, match=r"This processor has no bf16 of its own\. Use --precision auto or float32\."):
        check_precision(CPU, "bf16")


def test_fp16_is_for_cuda() -> None:
    with pytest.raises(InputError, match=r"fp16 needs a CUDA device\."):
        check_precision(CPU, "fp16")


def test_a_torch_without_these_functions_has_no_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    precision._processor_has_bf16.cache_clear()
    try:
        assert not has_bf16(CPU)
    finally:
        precision._processor_has_bf16.cache_clear()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn-tanh"])
def test_what_cudnn_would_round_to_float16_is_computed_in_float32(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    model = LanguageModel(ModelConfig(cell=cell, hidden=16, embedding=8, vocabulary=20))
    layer = model.ahead.each()[0]
    inputs, state = torch.randn(5, 3, 8), layer.zero_state(3)
    expected, _ = layer(inputs.bfloat16().float(), state)
    monkeypatch.setattr("engine.cells.layer.rounds_too_much", lambda x: True)
    found, _ = layer(inputs.bfloat16(), state)
    assert found.dtype is torch.float32
    assert torch.equal(found, expected)


class Casts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the tensors of each shape that are made anew in bfloat16."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shapes: Counter[tuple[int, ...]] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default and result.dtype is torch.bfloat16:
            self.shapes[tuple(result.shape)] += 1
        return result


@pytest.mark.parametrize("peephole", ["diagonal", "full"])
def test_a_peephole_lstm_under_autocast_casts_its_weights_once_and_not_at_every_step(peephole: Peephole) -> None:
    layer = PeepholeLSTMLayer(8, 16, peephole)
    layer.initialise()
    inputs, state = torch.randn(9, 3, 8), layer.zero_state(3)
    with torch.autocast("cpu", torch.bfloat16), Casts() as casts:
        outputs, after = layer.unrolled(inputs, state)
    assert casts.shapes[64, 16] + casts.shapes[16, 64] == 1
    assert casts.shapes[16, 16] == 0
    assert {part.dtype for part in (outputs, *after)} == {torch.float32}
    assert torch.allclose(outputs, layer(inputs, state)[0], atol=0.02)


def test_a_resume_knows_how_long_the_loss_scale_has_held() -> None:
    trainer, _ = trained("float32")
    assert trainer.loss_scale == LossScale()
    trainer.loss_scale = LossScale(8.0, 3)
    assert trainer.loss_scale == LossScale()  # nothing is scaled
    trainer.scaler = torch.amp.GradScaler("cpu", enabled=True)
    trainer.loss_scale = LossScale(1024.0, 77)
    assert trainer.loss_scale == LossScale(1024.0, 77)
    trainer.loss_scale = LossScale()  # of a checkpoint that knew none
    assert trainer.loss_scale == LossScale(1024.0, 77)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("cell", CELLS)
def test_states_stay_float32_in_bf16_on_cuda(cell: Cell) -> None:
    cuda = torch.device("cuda")
    model = LanguageModel(ModelConfig(cell=cell, hidden=16, embedding=8, vocabulary=20, layers=2)).to(cuda)
    with autocast(cuda, "bf16"):
        _, state = model(torch.zeros(5, 3, dtype=torch.int64, device=cuda), model.zero_state(3))
    assert {part.dtype for layer in state for part in layer} == {torch.float32}
