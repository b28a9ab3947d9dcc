"""One token after another, near the speed at which the weights can be read.

A training layer pays for preparing whole sequences at each call; at one token a call that is most of the time. So
the weights are laid out once for stepping: the embedding is folded with the first layer's input weights into a table
(a row a token, biases included), and each later layer's input and recurrent weights stand side by side, so that a
layer's step is one matrix product (`engine.layout`), in one of several kinds (`engine.products`). torch steps batches
(`engine.steps`), numpy a single stream in float32 (`engine.single`).
"""

import torch
from torch import Tensor

from engine.layout import lay_out
from engine.model import LanguageModel, Side
from engine.products import Product, make_product
from engine.settings import Packing
from engine.single import Array, SingleStep, make_single_step
from engine.softmax import FullSoftmax
from engine.stack import State
from engine.steps import make_step

BLOCK = 512  # tokens that `prefill` reads at once: at training speed, in bounded memory
TAIL = 64  # likewise, in what is left at the end: so whoever remembers states there too has little to read after a key


class Decoder:
    """Steps one direction of a trained `LanguageModel`. Reads the weights at construction; later training does not
    reach it. The back side is given tokens from right to left, and everything below holds for it in its own order.

    `packing` is for single tokens; whole sequences are always read in float32. Steps may be taken from several threads.
    """

    @torch.no_grad()
    def __init__(self, model: LanguageModel, side: Side = "ahead", packing: Packing = "float32") -> None:
        self.model = model.eval()
        self.side: Side = side
        self.packing: Packing = packing
        self.device = model.embedding.weight.device
        self._stack = model.stack(side)
        self._embedding = model.embedding.weight.detach().float()
        first = self._stack.norm(0, self._embedding)
        layouts = [
            lay_out(model.config, layer, first if number == 0 else None)
            for number, layer in enumerate(self._stack.each())
        ]
        self._steps = [make_step(model.config, layout, packing) for layout in layouts]
        self._plain = not (model.config.residual or model.config.layer_norm)
        self._singles: list[SingleStep] = []
        if self._plain and self.device.type == "cpu" and packing == "float32":
            self._singles = [make_single_step(model.config, layout) for layout in layouts]
        self._output: Product | None = None
        if isinstance(model.decoder, FullSoftmax):
            # What the output layer reads may be large, and most of what is rounded there ends up in one logit.
            self._output = make_product(model.decoder.weight.detach(), "fp16" if packing == "int8" else packing)
            self._bias = model.decoder.bias.detach()

    @property
    def single(self) -> bool:
        """Whether a stream on its own is stepped in numpy."""
        return bool(self._singles)

    def zero_state(self, batch: int = 1) -> State:
        """The state before any text."""
        return self.model.zero_state(batch)

    @torch.inference_mode()
    def start_hidden(self, batch: int = 1) -> Tensor:
        """What the output layer reads (B, H) before any text: zeros, as every layer's output was."""
        return torch.zeros(batch, self.model.config.hidden, device=self.device)

    @torch.inference_mode()
    def start_logits(self, batch: int = 1) -> Tensor:
        """Logits (B, V) for the very first token of a text, from the zero state."""
        return self.logits(self.start_hidden(batch))

    @torch.inference_mode()
    def logits(self, hidden: Tensor) -> Tensor:
        """The output layer alone: (…, H) → (…, V)."""
        return self._logits(hidden)

    def _logits(self, hidden: Tensor) -> Tensor:
        z = self.model.meet(hidden) if self.side == "ahead" else self.model.meet(None, hidden)
        if self._output is not None and z.dim() == 2:
            return self._output(z, self._bias)
        return self.model.decoder.logits(z)

    @torch.inference_mode()
    def step(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads one token in each stream: ids (B,) → logits (B, V) and the state after them."""
        hidden, after = self._advance(ids, state)
        return self._logits(hidden), after

    @torch.inference_mode()
    def advance(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """`step` without the output layer: ids (B,) → top outputs (B, H) and the state after them."""
        return self._advance(ids, state)

    def _advance(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        if self._singles and len(ids) == 1:
            return self._advance_one(int(ids.item()), state)
        after: State = []
        x = ids
        if self._plain:
            for step, before in zip(self._steps, state, strict=True):
                after.append(step(x, before))
                x = after[-1][0]
            return x, after
        stream = self._embedding[ids]  # what the residual connections add to
        for number, (step, before) in enumerate(zip(self._steps, state, strict=True)):
            after.append(step(ids if number == 0 else self._stack.norm(number, stream), before))
            outputs = after[-1][0]
            stream = stream + outputs if self._stack.adds[number] else outputs
        return self._stack.norm(len(self._steps), stream), after

    def _advance_one(self, token: int, state: State) -> tuple[Tensor, State]:
        """The same for one stream, in numpy. Arrays and tensors share their numbers."""
        after: State = []
        x: int | Array = token
        for step, before in zip(self._singles, state, strict=True):
            kept = step(x, tuple(part.numpy()[0] for part in before))
            after.append(tuple(torch.from_numpy(part[None]) for part in kept))
            x = kept[0]
        return after[-1][0], after

    @torch.inference_mode()
    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Top outputs (T, B, H) after each of ids (T, B), and the state after the last: at training speed."""
        return self.model.read(ids, state, self.side)

    @torch.inference_mode()
    def prefill(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads a whole prompt: ids (T, B), T at least 1 → logits (B, V) after the last token, and the state there.

        Reads in blocks from the front, so the same prompt gives the same bits whatever was read before it.
        """
        hidden = None
        for block in torch.split(ids, BLOCK):
            for part in (block,) if len(block) == BLOCK else torch.split(block, TAIL):
                hidden, state = self.read(part, state)
        if hidden is None:
            raise ValueError("prefill needs at least one token")
        return self.logits(hidden[-1]), state
