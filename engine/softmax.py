"""Output layers: from what a model knows at a place (…, D) to the next token's logits (…, V)."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.linear_loss import linear_cross_entropy
from engine.parameters import cutoffs
from engine.precision import in_bf16


class FullSoftmax(nn.Linear):
    """One logit a token; its weights may be the embedding's."""

    def logits(self, z: Tensor) -> Tensor:
        """(…, D) → (…, V)."""
        return F.linear(z, self.weight, self.bias)

    def loss(self, z: Tensor, targets: Tensor) -> Tensor:
        """Mean nats a token of targets (N,) after z (N, D)."""
        if z.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
            return linear_cross_entropy(z, self.weight, self.bias, targets)
        return F.cross_entropy(self.logits(z).float(), targets)

    @torch.no_grad()
    def start_from(self, counts: Tensor) -> None:
        """The bias becomes the log unigram frequencies of counts (V,), add-one smoothed."""
        self.bias.copy_(_log_frequencies(counts))


class AdaptiveSoftmax(nn.Module):
    """Frequent tokens in a head, rare ones in clusters of narrower vectors (Grave et al. 2017), as torch has it.

    torch wants tokens ordered by frequency; `rank` maps our ids to that order. It travels with the weights.
    """

    rank: Tensor

    def __init__(self, width: int, vocabulary: int) -> None:
        super().__init__()
        narrower = min(4.0, 0.999 * math.sqrt(width))  # from cluster to cluster; at least one number has to be left
        ends = cutoffs(vocabulary)
        self.core = nn.AdaptiveLogSoftmaxWithLoss(width, vocabulary, ends, div_value=narrower, head_bias=True)
        self.register_buffer("rank", torch.arange(vocabulary))

    def logits(self, z: Tensor) -> Tensor:
        """(…, D) → (…, V): log-probabilities, which are logits too."""
        flat = self.core.log_prob(z.flatten(0, -2).float()).index_select(1, self.rank)
        return flat.view(*z.shape[:-1], -1)

    def loss(self, z: Tensor, targets: Tensor) -> Tensor:
        """Mean nats a token of targets (N,) after z (N, D); rare clusters cost only where a target is in them."""
        ranks = self.rank[targets]
        if in_bf16(z):  # in float32 torch's own is as quick
            return self.loss_in_parts(z, ranks)
        loss: Tensor = self.core(z.float(), ranks).loss
        return loss

    def loss_in_parts(self, z: Tensor, ranks: Tensor) -> Tensor:
        """The same of the targets' ranks (N,), the head's part as a full output layer's. Not the clusters': oneDNN
        prepares a product anew for each number of rows, and rare tokens are never equally many."""
        head, ends = self.core.head, self.core.cutoffs
        in_head, of_tail = ranks.clone(), []
        for cluster, (start, stop) in enumerate(itertools.pairwise(ends)):
            (rare,) = ((ranks >= start) & (ranks < stop)).nonzero(as_tuple=True)
            if len(rare) > 0:
                in_head[rare] = ends[0] + cluster
                narrow, wide = self.core.tail[cluster].parameters()  # (D', D) and (V', D')
                logits = F.linear(F.linear(z[rare], narrow), wide)
                of_tail.append(F.cross_entropy(logits, ranks[rare] - start, reduction="sum"))
        return sum(of_tail) / len(ranks) + linear_cross_entropy(z, head.weight, head.bias, in_head)

    def is_sound(self) -> bool:
        """Whether `rank` is an order of the whole vocabulary: a damaged one would read outside of tables."""
        return torch.equal(self.rank.sort().values, torch.arange(len(self.rank), device=self.rank.device))

    @torch.no_grad()
    def start_from(self, counts: Tensor) -> None:
        """Orders the tokens by counts (V,); the head's bias becomes the log frequencies of its tokens and clusters."""
        order = counts.argsort(descending=True, stable=True)
        self.rank[order] = torch.arange(len(order), device=order.device)
        frequencies = _log_frequencies(counts).exp()[order]
        bounds = self.core.cutoffs  # ends of the head and of each cluster
        clusters = [frequencies[start:stop].sum() for start, stop in itertools.pairwise(bounds)]
        self.core.head.bias.copy_(torch.cat((frequencies[: bounds[0]], torch.stack(clusters))).log())


def _log_frequencies(counts: Tensor) -> Tensor:
    return ((counts.double() + 1.0) / (counts.sum() + counts.numel())).log()
