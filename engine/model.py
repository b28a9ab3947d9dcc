"""The language model: embedding, a stack of recurrent layers, a decoder."""

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.cells.layer import LayerState, RecurrentLayer
from engine.cells.making import make_layer
from engine.settings import ModelConfig

State = list[LayerState]  # one entry a layer


class LanguageModel(nn.Module):
    """Predicts each token from those before it.

    ids (T, B) → embedding (T, B, E) → layers (T, B, H) → logits (T, B, V). The state that goes in is the one after
    everything before the first id; the state that comes out is the one after the last.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        V, E, H = config.vocabulary, config.embedding, config.hidden
        self.embedding = nn.Embedding(V, E)
        self.layers = nn.ModuleList(make_layer(config, E if n == 0 else H) for n in range(config.layers))
        # A tied decoder reads vectors of the embedding's width, so another width is projected first.
        self.projection: nn.Linear | None = nn.Linear(H, E, bias=False) if config.tied and H != E else None
        self.decoder = nn.Linear(E if config.tied else H, V)
        self.tie()
        self._initialise()

    def forward(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (T, B, V) for the token after each of `ids`, and the state after the last."""
        hidden, state = self.read(ids, state)
        return self.logits(hidden), state

    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """The top layer's outputs (T, B, H) and the state after the last id, without the decoder's work."""
        x = self._drop(self.embedding(ids))  # (T, B, E)
        after: State = []
        for layer, before in zip(self.stack, state, strict=True):
            x, layer_state = layer(x, before)  # (T, B, H)
            x = self._drop(x)
            after.append(layer_state)
        return x, after

    def logits(self, hidden: Tensor) -> Tensor:
        """Decoder alone: (…, H) → (…, V)."""
        if self.projection is not None:
            hidden = self.projection(hidden)
        return F.linear(hidden, self.decoder.weight, self.decoder.bias)

    def tie(self) -> None:
        """Makes the decoder's weights the embedding's again, where they are tied and a move took them apart."""
        if self.config.tied:
            self.decoder.weight = self.embedding.weight

    def zero_state(self, batch: int) -> State:
        """The state before any text, for `batch` streams."""
        return [layer.zero_state(batch) for layer in self.stack]

    @property
    def stack(self) -> list[RecurrentLayer]:
        """The recurrent layers, lowest first."""
        return cast(list[RecurrentLayer], list(self.layers))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by the part of the model that a person knows: ``embedding``, ``layer 1``, …, ``decoder``.

        Tied weights count as the embedding's.
        """
        groups: dict[str, list[nn.Parameter]] = {"embedding": list(self.embedding.parameters())}
        for number, layer in enumerate(self.stack, 1):
            groups[f"layer {number}"] = list(layer.parameters())
        tail = list(self.decoder.parameters())
        if self.projection is not None:
            tail += self.projection.parameters()
        tied = self.embedding.weight
        groups["decoder"] = [parameter for parameter in tail if parameter is not tied]
        return groups

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Sets the decoder's bias to the log unigram frequencies of counts (V,), add-one smoothed.

        The untrained model then predicts as a unigram model does, and the first steps are not spent on learning that.
        """
        frequencies = (counts.double() + 1.0) / (counts.sum() + counts.numel())
        self.decoder.bias.copy_(frequencies.log())

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.config.dropout, self.training)

    @torch.no_grad()
    def _initialise(self) -> None:
        # Tied weights also produce logits: 1/sqrt(E) keeps those near unit variance (Press & Wolf 2017).
        nn.init.normal_(self.embedding.weight, std=1.0 / math.sqrt(self.config.embedding))
        if not self.config.tied:
            nn.init.normal_(self.decoder.weight, std=0.5 / math.sqrt(self.config.hidden))
        nn.init.zeros_(self.decoder.bias)


def count_parameters(model: LanguageModel) -> int:
    """Trainable numbers in the model, tied weights once."""
    return sum(parameter.numel() for parameter in model.parameters())


def detach(state: State) -> State:
    """The same state, cut from the graph that made it: where truncated backpropagation stops."""
    return [tuple(part.detach() for part in layer) for layer in state]
