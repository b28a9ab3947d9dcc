"""Dropout that keeps one mask for all time steps of a sequence (Gal & Ghahramani 2016)."""

import torch
from torch import Tensor


def locked_dropout(x: Tensor, share: float, training: bool) -> Tensor:
    """Drops features of x (T, B, F), the same ones at every time step, others in every stream."""
    if not training or share == 0.0:
        return x
    keep = torch.empty_like(x[:1]).bernoulli_(1.0 - share).div_(1.0 - share)  # (1, B, F)
    return x * keep


def token_mask(embedding: Tensor, share: float, training: bool) -> Tensor | None:
    """What to multiply the vectors of tokens by, (V, 1) for embedding (V, E), so that whole tokens are dropped, with
    all their occurrences (Merity et al. 2018). None where nothing is."""
    if not training or share == 0.0:
        return None
    return embedding.new_empty(len(embedding), 1).bernoulli_(1.0 - share).div_(1.0 - share)
