"""AdamW's step without what torch prepares around it."""

import pytest
import torch

from engine.optimizing import clip, make_optimizer, take_step
from engine.settings import TrainingConfig

CPU = torch.device("cpu")


def weights() -> list[torch.nn.Parameter]:
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(*shape)) for shape in ((40, 30), (40,), (3, 9, 9), (5, 5))]


@pytest.mark.parametrize("largest", [0.5, 1e9])
def test_its_bits_are_those_of_torchs_own_step(largest: float) -> None:
    ours, theirs = weights(), weights()
    config = TrainingConfig(steps=9, clip=largest, weight_decay=0.1)
    quick, plain = (make_optimizer(parameters, config, CPU) for parameters in (ours, theirs))
    for number in range(9):
        torch.manual_seed(number)
        gradients = [torch.randn_like(parameter) for parameter in ours]
        if number == 4:  # a part of a model that this step didn't need
            gradients[3] = None  # type: ignore[call-overload]
        for parameters, optimizer in ((ours, quick), (theirs, plain)):
            given = [None if each is None else each.clone() for each in gradients]
            for parameter, gradient in zip(parameters, given, strict=True):
                parameter.grad = gradient
            some = [each for each in given if each is not None]
            norm = float(torch.stack(torch._foreach_norm(some)).square().sum().sqrt())
            assert clip(optimizer, some, norm, config) == (norm > largest)
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = 1e-2 / (number + 1), (0.8 + 0.01 * number, 0.99)
            if optimizer is quick:
                take_step(optimizer)
            else:
                optimizer.step()
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    kept = zip(quick.state_dict()["state"].values(), plain.state_dict()["state"].values(), strict=True)
    assert all(torch.equal(one[name], other[name]) for one, other in kept for name in one)
