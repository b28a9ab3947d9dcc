"""The output layer and its loss in one, against the two apart."""

import pytest
import torch
import torch.nn.functional as F

from engine import linear_loss
from engine.compiled import usable
from engine.linear_loss import MANY, linear_cross_entropy
from engine.precision import autocast, has_bf16


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_loss_and_gradients_are_those_of_the_two_apart(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    z, weight, bias = (torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in ((30, 12), (9, 12), (9,)))
    targets = torch.randint(9, (30,))
    ours = linear_cross_entropy(z, weight, bias, targets)
    theirs = F.cross_entropy(F.linear(z, weight, bias), targets)
    assert torch.allclose(ours, theirs, atol=1e-6)
    for one, other in zip(
        torch.autograd.grad(3.0 * ours, (z, weight, bias)),
        torch.autograd.grad(3.0 * theirs, (z, weight, bias)),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-6)


@pytest.mark.skipif(not usable(), reason="needs numba")
@pytest.mark.parametrize("vocabulary", [2, 9, 32, 90, MANY, MANY + 37])
@pytest.mark.parametrize("threads", [1, 2])
def test_compiled_code_gives_the_same(vocabulary: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    z, weight, bias = (torch.randn(*shape, requires_grad=True) for shape in ((57, 40), (vocabulary, 40), (vocabulary,)))
    targets = torch.randint(vocabulary, (57,))
    found = []
    monkeypatch.setattr(linear_loss, "threads_here", lambda: threads)
    monkeypatch.setattr(linear_loss, "ENOUGH", 50)
    for possible in (True, False):
        monkeypatch.setattr(linear_loss, "usable", lambda possible=possible: possible)
        loss = linear_cross_entropy(z, weight, bias, targets)
        with torch.no_grad():
            found.append([loss, linear_cross_entropy(z, weight, bias, targets)])
        found[-1] += torch.autograd.grad(3.0 * loss, (z, weight, bias))
    for compiled, plain in zip(*found, strict=True):
        assert torch.allclose(compiled, plain, atol=1e-5)


@pytest.mark.skipif(not has_bf16(torch.device("cpu")), reason="needs a processor that multiplies bfloat16")
def test_many_tokens_are_multiplied_in_bfloat16_where_it_is_learnt_and_only_there() -> None:
    torch.manual_seed(0)
    z, weight, bias = (torch.randn(*shape, requires_grad=True) for shape in ((30, 48), (MANY, 48), (MANY,)))
    targets = torch.randint(MANY, (30,))
    exact = linear_cross_entropy(z, weight, bias, targets)
    with autocast(torch.device("cpu"), "bf16"):
        near = linear_cross_entropy(z, weight, bias, targets)
        few = linear_cross_entropy(z, weight[:-1], bias[:-1], targets.clamp(max=MANY - 2))
        with torch.no_grad():
            assert linear_cross_entropy(z, weight, bias, targets) == exact
    assert few == linear_cross_entropy(z, weight[:-1], bias[:-1], targets.clamp(max=MANY - 2))
    assert near != exact
    assert float(near.detach()) == pytest.approx(float(exact.detach()), rel=5e-3)
    gradients = (torch.autograd.grad(loss, (z, weight, bias)) for loss in (exact, near))
    for one, other in zip(*gradients, strict=True):
        assert other.dtype is torch.float32
        assert 0.0 < (other - one).norm() < 0.03 * one.norm()


@pytest.mark.parametrize("wrong", [-1, 9])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_target_that_is_no_token_is_refused(wrong: int, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if compiled and not usable():
        pytest.skip("needs numba")
    monkeypatch.setattr(linear_loss, "usable", lambda: compiled)
    with pytest.raises((IndexError, RuntimeError)):
        linear_cross_entropy(torch.ones(3, 4), torch.ones(9, 4), torch.zeros(9), torch.tensor([0, wrong, 1]))


def test_logits_too_large_for_an_exponential_are_no_trouble() -> None:
    z = torch.full((2, 3), 500.0)
    weight = torch.eye(3) * 10
    loss = linear_cross_entropy(z, weight, torch.tensor([0.0, 0.0, 900.0]), torch.tensor([2, 2]))
    assert float(loss) == pytest.approx(0.0, abs=1e-6)


def test_a_loss_that_is_no_number_stays_one() -> None:
    for vocabulary in (3, MANY):
        weight, bias = torch.ones(vocabulary, 3), torch.zeros(vocabulary)
        for bad in (torch.nan, torch.inf):
            assert not torch.isfinite(linear_cross_entropy(torch.full((2, 3), bad), weight, bias, torch.tensor([0, 1])))
