"""The language model: embedding, a stack of recurrent layers (or two), an output layer."""

import math
from typing import Literal

import msgspec
import torch
from torch import Tensor, nn

from engine.dropout import locked_dropout, token_mask
from engine.settings import ModelConfig
from engine.softmax import AdaptiveSoftmax, FullSoftmax
from engine.stack import Stack, State

Side = Literal["ahead", "back"]  # which way a stack reads: left to right, or right to left


class LanguageModel(nn.Module):
    """Predicts each token from those before it; a bidirectional one also from those after it, and from both.

    ids (T, B) → embedding (T, B, E) → stack (T, B, H) → z (T, B, D) → logits (T, B, V). The state that goes in is the
    one after everything before the first id; the state that comes out is the one after the last.

    A bidirectional model has a second, independent stack that reads right to left. The two meet at the output layer
    only, which every prediction shares: of x_t by the state after x_{<t}, by the state before x_{>t}, or by both. No
    prediction of x_t has seen x_t.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        V, E, H = config.vocabulary, config.embedding, config.hidden
        D = E if config.tied else H  # a tied output layer reads vectors of the embedding's width
        self.embedding = nn.Embedding(V, E)
        self.ahead = Stack(config)
        self.back = Stack(config) if config.bidirectional else None
        needed = config.bidirectional or D != H
        self.projection = nn.Linear(H, D, bias=False) if needed else None
        self.back_projection = nn.Linear(H, D, bias=False) if config.bidirectional else None
        self.joint = nn.Linear(2 * H, D) if config.bidirectional else None
        self.decoder = AdaptiveSoftmax(D, V) if config.softmax == "adaptive" else FullSoftmax(D, V)
        self.tie()
        self._initialise()

    def forward(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (T, B, V) for the token after each of `ids`, and the state after the last."""
        hidden, state = self.read(ids, state)
        return self.logits(hidden), state

    def read(self, ids: Tensor, state: State, side: Side = "ahead") -> tuple[Tensor, State]:
        """The top outputs (T, B, H) and the state after the last id, without the output layer's work.

        The back stack is given ids in the order in which it reads: from the right.
        """
        config, stack = self.config, self.stack(side)
        hidden: tuple[Tensor, State]
        keep = token_mask(self.embedding.weight, config.embedding_dropout, self.training)  # (V, 1)
        share = config.drop("input") if self.training else 0.0
        if share == 0.0 and stack.takes_ids(ids, config.vocabulary, state):
            table = self.embedding.weight if keep is None else self.embedding.weight * keep
            hidden = stack(table, state, ids)
            return hidden
        x = self.embedding(ids)  # (T, B, E)
        if keep is not None:
            x = x * keep[ids]
        hidden = stack(locked_dropout(x, share, self.training), state)
        return hidden

    def meet(self, ahead: Tensor | None, back: Tensor | None = None) -> Tensor:
        """What the output layer reads, (…, D), of the states (…, H) on one side of a place or on both.

        Each side adds its own logits, as if the two were independent given the token; the joint part, which is there
        only where both are, learns in what they are not.
        """
        if ahead is not None and back is not None:
            assert self.joint is not None
            joint = torch.tanh(self.joint(torch.cat((ahead, back), dim=-1)))
            return self.meet(ahead) + self.meet(None, back) + joint
        if back is not None:
            assert self.back_projection is not None
            return self.back_projection(back)  # type: ignore[no-any-return]
        assert ahead is not None
        return ahead if self.projection is None else self.projection(ahead)

    def logits(self, ahead: Tensor | None, back: Tensor | None = None) -> Tensor:
        """The output layer alone: states (…, H) on one side of a place or on both → (…, V)."""
        return self.decoder.logits(self.meet(ahead, back))

    def loss(self, targets: Tensor, ahead: Tensor | None, back: Tensor | None = None) -> Tensor:
        """Mean nats a token of targets (T, B) at the places that have these states (T, B, H) beside them."""
        return self.decoder.loss(self.meet(ahead, back).flatten(0, 1), targets.flatten())

    def drop_output(self, hidden: Tensor) -> Tensor:
        """Top outputs (T, B, H) as the output layer gets them in training."""
        return locked_dropout(hidden, self.config.drop("output"), self.training)

    def set_dropout(self, share: float) -> None:
        """Changes the dropout of all places that have none of their own."""
        self.config = msgspec.structs.replace(self.config, dropout=share)
        for stack in (self.ahead, self.back):
            if stack is not None:
                stack.dropout = self.config.drop("layer")

    def stack(self, side: Side) -> Stack:
        """The stack that reads this way. Raises `ValueError` for a side that the model does not have."""
        stack = self.ahead if side == "ahead" else self.back
        if stack is None:
            raise ValueError("this model reads left to right only")
        return stack

    def tie(self) -> None:
        """Makes the decoder's weights the embedding's again, where they are tied and a move took them apart."""
        if self.config.tied and isinstance(self.decoder, FullSoftmax):
            self.decoder.weight = self.embedding.weight

    def zero_state(self, batch: int) -> State:
        """The state before any text, for `batch` streams; both directions have the same."""
        return self.ahead.zero_state(batch)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by the part of the model that a person knows: ``embedding``, ``layer 1``, …, ``decoder``.

        Tied weights count as the embedding's, and norms as the layer's that reads through them.
        """
        groups: dict[str, list[nn.Parameter]] = {"embedding": list(self.embedding.parameters())}
        for name, stack in (("layer", self.ahead), ("back layer", self.back)):
            if stack is None:
                continue
            for number, layer in enumerate(stack.each()):
                groups[f"{name} {number + 1}"] = list(layer.parameters())
                if stack.norms is not None:
                    groups[f"{name} {number + 1}"] += stack.norms[number].parameters()
        taken = {id(parameter) for group in groups.values() for parameter in group}
        groups["decoder"] = [parameter for parameter in self.parameters() if id(parameter) not in taken]
        return groups

    def is_sound(self) -> bool:
        """Whether weights that came from a file can be used: all are numbers, and tables of indices stay inside."""
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self.parameters()):
            return False
        return not isinstance(self.decoder, AdaptiveSoftmax) or self.decoder.is_sound()

    @torch.no_grad()
    def start_from_frequencies(self, counts: Tensor) -> None:
        """Sets the output layer's bias to the log unigram frequencies of counts (V,), add-one smoothed.

        The untrained model then predicts as a unigram model does, and the first steps are not spent on learning that.
        """
        self.decoder.start_from(counts)

    @torch.no_grad()
    def _initialise(self) -> None:
        # Tied weights also produce logits: 1/sqrt(E) keeps those near unit variance (Press & Wolf 2017).
        nn.init.normal_(self.embedding.weight, std=1.0 / math.sqrt(self.config.embedding))
        if isinstance(self.decoder, FullSoftmax):
            if not self.config.tied:
                nn.init.normal_(self.decoder.weight, std=0.5 / math.sqrt(self.config.hidden))
            nn.init.zeros_(self.decoder.bias)
        if self.joint is not None:
            nn.init.zeros_(self.joint.weight)  # the sides begin as independent
            nn.init.zeros_(self.joint.bias)


def count_parameters(model: LanguageModel) -> int:
    """Trainable numbers in the model, tied weights once."""
    return sum(parameter.numel() for parameter in model.parameters())
