"""From logits to the next token: temperature, top-k, top-p, min-p, and one draw."""

import torch
from torch import Tensor

from engine.settings import Dials

COLDEST = 1e-6  # below this a temperature counts as 0: dividing float32 logits by less can overflow


def shape(logits: Tensor, dials: Dials) -> Tensor:
    """The distributions (…, V) that draws are made from: logits (…, V) as the dials bend them; each row sums to 1.

    The temperature comes first, then every filter judges the tempered probabilities: top-k keeps the k likeliest
    tokens; top-p (Holtzman et al. 2020) the smallest set of likeliest tokens whose sum reaches p; min-p (Nguyen et
    al. 2024) the tokens at least p times as likely as the likeliest. A filter that would leave nothing leaves the
    likeliest token. At temperature 0 all the weight is on that token.
    """
    if dials.temperature < COLDEST:
        likeliest = logits.argmax(-1, keepdim=True)
        return torch.zeros_like(logits).scatter_(-1, likeliest, 1.0)
    # Shifted first, so that the largest is 0 and none can overflow upwards.
    probabilities = torch.softmax((logits - logits.amax(-1, keepdim=True)) / dials.temperature, dim=-1)
    if 0 < dials.top_k < probabilities.shape[-1]:
        least = probabilities.topk(dials.top_k).values[..., -1:]
        probabilities = _keep(probabilities, probabilities >= least)
    if dials.top_p < 1.0:
        # By the logits: two of them that differ can round to one probability.
        order = logits.argsort(dim=-1, descending=True, stable=True)
        ordered = probabilities.gather(-1, order)
        before = ordered.cumsum(-1) - ordered  # the sum of all likelier tokens
        keep = torch.zeros_like(probabilities, dtype=torch.bool)
        probabilities = _keep(probabilities, keep.scatter_(-1, order, before < dials.top_p))
    if dials.min_p > 0.0:
        largest = probabilities.amax(-1, keepdim=True)
        probabilities = _keep(probabilities, probabilities >= dials.min_p * largest)
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


def draw_rows(probabilities: Tensor, generator: torch.Generator) -> Tensor:
    """One token (B,) from each of the distributions (B, V); a uniform number a row, as in `draw`."""
    cumulative = probabilities.double().cumsum(-1)
    points = torch.rand(len(cumulative), 1, dtype=torch.float64, generator=generator).to(cumulative.device)
    chosen = torch.searchsorted(cumulative, points * cumulative[:, -1:], right=True)[:, 0]
    # Rounding at the very end: the last token that has any probability.
    last = probabilities.shape[-1] - 1 - (probabilities > 0).flip(-1).to(torch.uint8).argmax(-1)
    return torch.minimum(chosen, last)


def _keep(probabilities: Tensor, mask: Tensor) -> Tensor:
    kept = probabilities * mask
    return kept / kept.sum(-1, keepdim=True)
