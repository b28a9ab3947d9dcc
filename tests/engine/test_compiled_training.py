"""Compiled time steps against torch's operations, in float32: values, gradients, and the same bits each time."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from engine.cells import gru_kernel, peephole_kernel
from engine.compiled import usable_for_training

pytestmark = pytest.mark.skipif(not usable_for_training(), reason="needs kernels that numba compiles")

H = 48  # one and a half panels of weights
INPUTS = 20  # less than a panel
SHAPES = [(1, 8), (8, 9), (9, 11), (21, 15)]  # steps and streams: a part of steps and two tiles of streams, and others
Layer = Callable[..., tuple[Tensor, ...]]


def numbers(*shape: int) -> Tensor:
    return (torch.randn(*shape) * 0.3).requires_grad_()


def peephole(length: int, batch: int, looks: tuple[int, ...]) -> list[Tensor]:
    weights = [numbers(4 * H, INPUTS), numbers(4 * H, H), numbers(4 * H), numbers(*looks)]
    return [numbers(length, batch, INPUTS), numbers(batch, H), numbers(batch, H), *weights]


def gru(length: int, batch: int) -> list[Tensor]:
    weights = [numbers(3 * H, INPUTS), numbers(3 * H, H), numbers(3 * H), numbers(3 * H)]
    return [numbers(length, batch, INPUTS), numbers(batch, H), *weights]


def passed(layer: Layer, sources: list[Tensor]) -> list[Tensor]:
    """Results and gradients."""
    results = layer(*sources)
    torch.manual_seed(5)
    total = sum(((result * torch.randn_like(result)).sum() for result in results), torch.zeros(()))
    return [result.detach() for result in results] + list(torch.autograd.grad(total, sources))


def check(layer: Layer, plain: Layer, sources: list[Tensor]) -> None:
    for one, other in zip(passed(layer, sources), passed(plain, sources), strict=True):
        assert torch.allclose(one, other, atol=1e-5 * max(1.0, float(other.abs().max())))


@pytest.fixture(params=[True, False], ids=["strips", "rows"])
def gradients_of_weights(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made by our tiles, or by MKL."""
    monkeypatch.setattr("engine.compiled.tiles.QUICKER_THAN_MKL", request.param)


@pytest.mark.usefixtures("gradients_of_weights")
@pytest.mark.parametrize(("length", "batch"), SHAPES)
@pytest.mark.parametrize("looks", [(3, H), (3, H, H)])
def test_a_compiled_peephole_lstm_and_its_gradients_are_those_of_torch_operations(
    length: int, batch: int, looks: tuple[int, ...]
) -> None:
    torch.manual_seed(length)
    check(peephole_kernel.peephole_lstm, peephole_kernel._PeepholeLSTM.apply, peephole(length, batch, looks))


@pytest.mark.usefixtures("gradients_of_weights")
@pytest.mark.parametrize(("length", "batch"), SHAPES)
def test_a_compiled_gru_and_its_gradients_are_those_of_torch_operations(length: int, batch: int) -> None:
    torch.manual_seed(length)
    check(gru_kernel.gru, gru_kernel._GRU.apply, gru(length, batch))


def test_compiled_steps_give_the_same_bits_each_time_and_may_go_backwards_twice() -> None:
    torch.manual_seed(0)
    for layer, sources in ((peephole_kernel.peephole_lstm, peephole(9, 13, (3, H))), (gru_kernel.gru, gru(9, 13))):
        once, again = passed(layer, sources), passed(layer, sources)
        assert all(torch.equal(one, other) for one, other in zip(once, again, strict=True))
        total = layer(*sources)[0].square().sum()
        first, second = (torch.autograd.grad(total, sources, retain_graph=True, allow_unused=True) for _ in range(2))
        for one, other in zip(first, second, strict=True):
            assert one is None or (other is not None and torch.equal(one, other))


def test_a_state_that_is_no_number_stays_none_in_compiled_steps() -> None:
    for layer, sources in ((peephole_kernel.peephole_lstm, peephole(2, 8, (3, H))), (gru_kernel.gru, gru(2, 8))):
        with torch.no_grad():
            sources[1][3, 0] = float("nan")
        outputs = layer(*sources)[0]
        assert bool(torch.isnan(outputs[:, 3]).all())
        assert bool(torch.isfinite(outputs[:, 2]).all())


def test_widths_that_fill_no_line_of_the_cache_are_left_to_torch() -> None:
    torch.manual_seed(0)
    sources = [numbers(4, 9, 5), numbers(9, 20), numbers(60, 5), numbers(60, 20), numbers(60), numbers(60)]
    check(gru_kernel.gru, gru_kernel._GRU.apply, sources)
