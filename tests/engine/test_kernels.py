"""Our own time steps against torch's layers and against the equations, values and gradients, in float64."""

import pytest
import torch
from torch import Tensor, nn

from engine.cells.columns import CHUNK, product
from engine.cells.gru_kernel import gru
from engine.cells.peephole import peephole_step
from engine.cells.peephole_kernel import peephole_lstm
from engine.cells.rnn_kernel import rnn

B, H = 3, 4
INPUTS = 5
LENGTHS = [1, 2, CHUNK, 2 * CHUNK + 5]  # a chunk, less and more


def numbers(*shape: int, scale: float = 0.5) -> Tensor:
    return (torch.randn(*shape, dtype=torch.float64) * scale).requires_grad_()


def gradients(results: tuple[Tensor, ...], sources: list[Tensor]) -> list[Tensor]:
    """Of a sum of all results with fixed weights, so that the last state's gradient counts as well."""
    torch.manual_seed(5)
    total = sum(((result * torch.randn_like(result)).sum() for result in results), torch.zeros(()))
    return list(torch.autograd.grad(total, sources))


def check(ours: tuple[Tensor, ...], theirs: tuple[Tensor, ...], sources: list[Tensor]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-12)
    for one, other in zip(gradients(ours, sources), gradients(theirs, sources), strict=True):
        assert torch.allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_gru_and_its_gradients_are_those_of_torch(length: int) -> None:
    torch.manual_seed(length)
    sources = [
        *(numbers(length, B, INPUTS), numbers(B, H)),
        *(numbers(3 * H, INPUTS), numbers(3 * H, H), numbers(3 * H), numbers(3 * H)),
    ]
    inputs, h, *weights = sources
    outputs, last = torch.gru(inputs, h[None], weights, True, 1, 0.0, True, False, False)
    check(gru(inputs, h, *weights), (outputs, last[0]), sources)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("rectified", [False, True])
def test_the_plain_network_and_its_gradients_are_those_of_torch(length: int, rectified: bool) -> None:
    torch.manual_seed(length)
    sources = [numbers(length, B, INPUTS), numbers(B, H), numbers(H, INPUTS), numbers(H, H), numbers(H), numbers(H)]
    inputs, h, w_ih, w_hh, b_ih, b_hh = sources
    run = torch.rnn_relu if rectified else torch.rnn_tanh
    outputs, last = run(inputs, h[None], [w_ih, w_hh, b_ih, b_hh], True, 1, 0.0, True, False, False)
    check(rnn(inputs, h, w_ih, w_hh, b_ih + b_hh, rectified=rectified), (outputs, last[0]), sources)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("shape", [(3, H), (3, H, H)])
def test_the_peephole_lstm_and_its_gradients_are_those_of_the_equations(length: int, shape: tuple[int, ...]) -> None:
    torch.manual_seed(length)
    sources = [
        *(numbers(length, B, INPUTS), numbers(B, H), numbers(B, H)),
        *(numbers(4 * H, INPUTS), numbers(4 * H, H), numbers(4 * H), numbers(*shape)),
    ]
    inputs, h, c, w_ih, w_hh, bias, looks = sources
    steps, last_h, last_c = [], h, c
    for row in inputs:
        sums = nn.functional.linear(row, w_ih, bias) + nn.functional.linear(last_h, w_hh)
        last_h, last_c = peephole_step(sums, last_c, looks)
        steps.append(last_h)
    check(peephole_lstm(*sources), (torch.stack(steps), last_h, last_c), sources)


def test_a_backward_pass_can_be_repeated() -> None:
    torch.manual_seed(0)
    inputs, h = numbers(CHUNK + 1, B, INPUTS), numbers(B, H)
    weights = [numbers(3 * H, INPUTS), numbers(3 * H, H), numbers(3 * H), numbers(3 * H)]
    total = gru(inputs, h, *weights)[0].square().sum()
    first, second = (torch.autograd.grad(total, [inputs, *weights], retain_graph=True) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_products_are_products_whatever_computes_them() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(7, 33), torch.randn(5, 33)
    assert torch.allclose(product(a, b), a @ b.t(), atol=1e-5)


def test_going_backwards_leaves_the_gradients_that_came_as_they_are() -> None:
    torch.manual_seed(0)
    weights = [numbers(3 * H, INPUTS), numbers(3 * H, H), numbers(3 * H), numbers(3 * H)]
    outputs, last = gru(numbers(2, B, INPUTS), numbers(B, H), *weights)
    came = torch.randn(H, B, dtype=torch.float64).t()  # as another step hands it on: its transpose is contiguous
    before = came.clone()
    torch.autograd.backward((outputs, last), (torch.ones_like(outputs), came))
    assert torch.equal(came, before)
