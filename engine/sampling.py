"""From logits to the next token: temperature, top-k, top-p, min-p, and one draw."""

import torch
from torch import Tensor

from engine.settings import Dials

COLDEST = 1e-6  # below this a temperature counts as 0: dividing float32 logits by less can overflow


def shape(logits: Tensor, dials: Dials) -> Tensor:
    """The distribution (V,) that a draw is made from: logits (V,) as the dials bend them; sums to 1.

    The temperature comes first, then every filter judges the tempered probabilities: top-k keeps the k likeliest
    tokens; top-p (Holtzman et al. 2020) the smallest set of likeliest tokens whose sum reaches p; min-p (Nguyen et
    al. 2024) the tokens at least p times as likely as the likeliest. A filter that would leave nothing leaves the
    likeliest token. At temperature 0 all the weight is on that token.
    """
    if dials.temperature < COLDEST:
        chosen = torch.zeros_like(logits)
        chosen[logits.argmax()] = 1.0
        return chosen
    # Shifted first, so that the largest is 0 and none can overflow upwards.
    probabilities = torch.softmax((logits - logits.max()) / dials.temperature, dim=-1)
    if 0 < dials.top_k < probabilities.numel():
        least = probabilities.topk(dials.top_k).values[-1]
        probabilities = _keep(probabilities, probabilities >= least)
    if dials.top_p < 1.0:
        ordered, order = probabilities.sort(descending=True, stable=True)
        before = ordered.cumsum(0) - ordered  # the sum of all likelier tokens
        keep = torch.zeros_like(probabilities, dtype=torch.bool)
        keep[order[before < dials.top_p]] = True
        probabilities = _keep(probabilities, keep)
    if dials.min_p > 0.0:
        probabilities = _keep(probabilities, probabilities >= dials.min_p * probabilities.max())
    return probabilities


def draw(probabilities: Tensor, generator: torch.Generator) -> int:
    """One token from a distribution (V,), by inverting its cumulative sum at one uniform number.

    A single uniform number a token, whatever the dials: turning a dial doesn't shift the random numbers after it.
    """
    cumulative = probabilities.double().cumsum(0)
    point = torch.rand((), dtype=torch.float64, generator=generator) * cumulative[-1]
    chosen = int(torch.searchsorted(cumulative, point, right=True))
    if chosen >= probabilities.numel():  # rounding at the very end
        chosen = int(probabilities.nonzero()[-1])
    return chosen


def _keep(probabilities: Tensor, mask: Tensor) -> Tensor:
    kept = probabilities * mask
    return kept / kept.sum()
