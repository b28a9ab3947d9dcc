"""AdamW and the clipping of gradients before it."""

import math

import torch
from torch import Tensor

from engine.settings import TrainingConfig

# Of the learning rate, for the matrices of full peepholes. They multiply cells, which grow to many times what outputs
# can be, so that a step as long as the others' moves their gates far too much.
PEEPHOLES = 0.1


def make_optimizer(
    parameters: list[torch.nn.Parameter], config: TrainingConfig, device: torch.device
) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019) with weight decay on matrices only: decaying a bias would pull it to nothing.

    A group's ``scale`` is its share of the learning rate.
    """
    seen = [p for p in parameters if p.dim() == 3]  # full peepholes: three matrices in one
    decayed = [p for p in parameters if p.dim() == 2]
    others = [p for p in parameters if p.dim() < 2]
    groups: list[dict[str, object]] = [
        {"params": decayed, "weight_decay": config.weight_decay, "scale": 1.0},
        {"params": others, "weight_decay": 0.0, "scale": 1.0},
        {"params": seen, "weight_decay": config.weight_decay, "scale": PEEPHOLES},
    ]
    return torch.optim.AdamW(
        groups,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=device.type in ("cpu", "cuda"),
    )


def clip(optimizer: torch.optim.AdamW, gradients: list[Tensor], norm: float, config: TrainingConfig) -> bool:
    """Clips gradients whose global norm is `norm`; whether anything was clipped.

    By norm, a fused optimizer divides by the scale itself in its one pass over gradients and weights.
    """
    if config.clip_by == "norm":
        clipped = norm > config.clip
        fused = optimizer.defaults["fused"] and gradients and gradients[0].device.type == "cpu"
        if fused:
            optimizer.grad_scale = torch.tensor(norm / config.clip) if clipped else None  # type: ignore[attr-defined]
        elif clipped:
            torch._foreach_mul_(gradients, config.clip / norm)
        return clipped
    largest = float(torch.stack(torch._foreach_norm(gradients, math.inf)).max()) if gradients else 0.0
    if largest > config.clip:
        torch._foreach_clamp_min_(gradients, -config.clip)
        torch._foreach_clamp_max_(gradients, config.clip)
    return largest > config.clip


@torch.no_grad()
def take_step(optimizer: torch.optim.AdamW) -> None:
    """The optimizer's step; on a CPU without what it prepares and checks each time around its one operation, which
    takes as long as that does in a small model. The same bits."""
    groups = [[p for p in group["params"] if p.grad is not None] for group in optimizer.param_groups]
    quick = optimizer.defaults["fused"] and all(
        p.device.type == "cpu" and p in optimizer.state for group in groups for p in group
    )
    if not quick:
        optimizer.step()
        return
    for group, parameters in zip(optimizer.param_groups, groups, strict=True):
        if not parameters:
            continue
        states = [optimizer.state[parameter] for parameter in parameters]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        beta1, beta2 = group["betas"]
        torch._fused_adamw_(
            parameters,
            [parameter.grad for parameter in parameters if parameter.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            amsgrad=False,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
            grad_scale=getattr(optimizer, "grad_scale", None),
            found_inf=None,
        )
