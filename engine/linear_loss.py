"""The output layer and its cross-entropy in one, on a CPU: logits are made once and become their own gradient.

Apart, they hold the logits three times over (logits, log-probabilities, gradient) and go through them six times.

What lies between the products is one pass of a compiled kernel. With a vocabulary of words most of a step is spent
here: then, where layers compute in bfloat16 (`engine.precision`), these products do too while a model learns. Sums and
losses are float32, and what an evaluation computes here is so as well.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.columns import product
from engine.compiled import usable
from engine.precision import in_bf16
from engine.side_by_side import threads_here
from engine.teamwork import in_team

ENOUGH = 100_000  # logits that are worth a thread
MANY = 1000  # tokens: with fewer, the products take so little of the time that they may as well be exact


def linear_cross_entropy(z: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """Mean nats () of targets (N,) under the softmax of z Wᵀ + b, with z (N, D), weight (V, D) and bias (V,)."""
    loss: Tensor = _LinearCrossEntropy.apply(z, weight, bias, targets, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, wanted: bool) -> Tensor:
        """The loss, and where it is wanted its gradients already: logits are never needed again."""
        learns = wanted and any(ctx.needs_input_grad)
        if learns and len(weight) >= MANY and in_bf16(z):
            z, weight = z.bfloat16(), weight.bfloat16()
        work = _compiled if bias.dtype is torch.float32 and usable() else _plain
        loss, gradient, to_bias = work(product(z, weight), bias, targets, learns)
        if learns:
            ctx.save_for_backward(z, weight, gradient, to_bias)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, towards: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of z, weight and bias: one product each for the first two."""
        z, weight, gradient, to_bias = ctx.saved_tensors
        to_z = (gradient @ weight).to(to_bias.dtype)  # not by `product`, which would want the weights turned
        to_weight = (gradient.t() @ z).to(to_bias.dtype)
        if towards.item() != 1.0:  # as it is where this is the one loss
            to_z, to_weight, to_bias = to_z.mul_(towards), to_weight.mul_(towards), to_bias * towards
        return to_z, to_weight, to_bias, None, None


def _plain(logits: Tensor, bias: Tensor, targets: Tensor, learns: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Mean nats () of targets (N,) under logits (N, V) that lack their bias (V,); the gradients by logits and bias."""
    kind = logits.dtype
    logits = logits.to(bias.dtype).add_(bias)
    logits -= logits.amax(1, keepdim=True)
    at_targets = logits.gather(1, targets[:, None])
    sums = logits.exp_().sum(1, keepdim=True)
    loss = (sums.log() - at_targets).mean()
    if not learns:
        return loss, logits, bias
    # dL/dlogits = (softmax - one at the target) / N
    gradient = logits.div_(sums * len(targets))
    gradient.scatter_add_(1, targets[:, None], gradient.new_full((len(targets), 1), -1.0 / len(targets)))
    return loss, gradient.to(kind), gradient.sum(0)


def _compiled(logits: Tensor, bias: Tensor, targets: Tensor, learns: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The same in one pass. Raises `IndexError` for a target that is no token, as the other does."""
    from engine.compiled.cross_entropy import cross_entropy

    N, V = logits.shape
    if N and not 0 <= int(targets.min()) <= int(targets.max()) < V:
        raise IndexError(f"targets must be from 0 to {V - 1}")
    parts = max(1, min(threads_here(), N * V // ENOUGH))
    losses, to_bias = bias.new_empty(N), bias.new_zeros(parts, V)
    held = logits.view(torch.uint16) if logits.dtype is torch.bfloat16 else logits
    arrays = held.numpy(), bias.detach().numpy(), targets.contiguous().numpy(), learns, losses.numpy()

    def some(part: int) -> None:
        cross_entropy(*arrays, to_bias[part].numpy(), N * part // parts, N * (part + 1) // parts)

    in_team([partial(some, part) for part in range(parts)])
    return losses.mean(), logits, to_bias.sum(0)
