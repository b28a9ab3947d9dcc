"""The output layer and its cross-entropy in one, on a CPU: logits are made once and become their own gradient.

Apart, they hold the logits three times over (logits, log-probabilities, gradient) and go through them six times.

Where layers compute in bfloat16 (`engine.precision`), training multiplies so here too: the products are most of the time
with a vocabulary of words. What lies between them is float32, and so is all of an evaluation.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.columns import product
from engine.precision import in_bf16


def linear_cross_entropy(z: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Mean nats () of targets (N,) under the softmax of z Wᵀ + b, with z (N, D), weight (V, D) and bias (V,)."""
    loss: Tensor = _LinearCrossEntropy.apply(z, weight, bias, targets)  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        learns = any(ctx.needs_input_grad)
        if learns and in_bf16(z):
            z, weight = z.bfloat16(), weight.bfloat16()
        logits = product(z, weight).float().add_(bias)  # (N, V)
        logits -= logits.amax(1, keepdim=True)
        at_targets = logits.gather(1, targets[:, None])
        sums = logits.exp_().sum(1, keepdim=True)
        loss = (sums.log() - at_targets).mean()
        if learns:
            # dL/dlogits = (softmax - one at the target) / N
            gradient = logits.div_(sums * len(targets))
            gradient.scatter_add_(1, targets[:, None], gradient.new_full((len(targets), 1), -1.0 / len(targets)))
            ctx.save_for_backward(z, weight, gradient)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, towards: Tensor) -> tuple[Tensor | None, ...]:
        z, weight, gradient = ctx.saved_tensors
        to_bias = gradient.sum(0)
        gradient = gradient.to(z.dtype)
        to_z = product(gradient, weight.t().contiguous())
        to_weight = gradient.t() @ z
        return to_z.float().mul_(towards), to_weight.float().mul_(towards), to_bias.mul_(towards), None
