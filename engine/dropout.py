"""Dropout that keeps one mask for all time steps of a sequence (Gal & Ghahramani 2016)."""

import torch
from torch import Tensor


def locked_dropout(x: Tensor, share: float, training: bool) -> Tensor:
    """Drops features of x (T, B, F), the same ones at every time step, others in every stream."""
    if not training or share == 0.0:
        return x
    keep = torch.empty_like(x[:1]).bernoulli_(1.0 - share).div_(1.0 - share)  # (1, B, F)
    return x * keep


def token_dropout(ids: Tensor, x: Tensor, vocabulary: int, share: float, training: bool) -> Tensor:
    """Drops whole tokens from their vectors x (T, B, E): every occurrence of a dropped id of ids (T, B).

    Equals dropping rows of the embedding (Merity et al. 2018), without touching a table of the whole vocabulary.
    """
    if not training or share == 0.0:
        return x
    keep = x.new_empty(vocabulary).bernoulli_(1.0 - share).div_(1.0 - share)  # (V,)
    return x * keep[ids].unsqueeze(-1)
