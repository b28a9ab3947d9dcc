"""One token after another, near the speed at which the weights can be read.

A training layer pays for preparing whole sequences at each call; at one token a call that is most of the time. So
the weights are laid out once for stepping: the embedding is folded with the first layer's input weights into a table
(a row a token, biases included), and each later layer's input and recurrent weights stand side by side, so that a
layer's step is one matrix product (`engine.layout`), in one of several kinds (`engine.products`). torch steps batches
(`engine.steps`), on CUDA as a recorded graph (`engine.recorded_steps`); on a CPU numpy steps a single stream in
float32, and any number with weights of bytes (`engine.rows`).
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from engine.compiled import usable_for_training
from engine.layout import lay_out
from engine.model import LanguageModel, Side
from engine.products import ExactProduct, Product, make_product
from engine.recorded_steps import ROWS, RecordedSteps
from engine.row_reader import RowReader
from engine.row_strides import RowStride, make_stride
from engine.rows import Kept, RowSteps, takes_bytes
from engine.sampling import Row
from engine.settings import Packing
from engine.softmax import FullSoftmax
from engine.stack import State
from engine.steps import make_step
from engine.sums import BytesSums

BLOCK = 512  # tokens that `prefill` reads at once: at training speed, in bounded memory
EXACT = 1 << 20  # numbers of an output layer that are read so fast that they need no packing
MOST = 64  # streams that are stepped together anywhere
TAIL = 64  # likewise, in what is left at the end: so whoever remembers states there too has little to read after a key


class Decoder:
    """Steps one direction of a trained `LanguageModel`. Reads the weights at construction; later training does not
    reach it. The back side is given tokens from right to left, and everything below holds for it in its own order.

    `packing` is for single tokens, and for what `prefill` and `read_stream` read where kernels read in bytes; `read` is
    always in float32, and so is everything on other devices than a CPU. Steps may be taken from several threads.
    """

    @torch.no_grad()
    def __init__(self, model: LanguageModel, side: Side = "ahead", packing: Packing = "float32") -> None:
        self.model = model.eval()
        self.side: Side = side
        self.device = model.embedding.weight.device
        packing = packing if self.device.type == "cpu" else "float32"
        self.packing: Packing = packing
        self._stack = model.stack(side)
        self._embedding = model.embedding.weight.detach().float()
        first = self._stack.norm(0, self._embedding)
        layouts = [
            lay_out(model.config, layer, first if number == 0 else None)
            for number, layer in enumerate(self._stack.each())
        ]
        self._plain = not (model.config.residual or model.config.layer_norm)
        self._rows: RowSteps | None = None
        self._reader: RowReader | None = None
        if self._plain and self.device.type == "cpu":
            in_bytes = packing == "int8" and takes_bytes(model.config, layouts)
            if in_bytes or packing == "float32":
                self._rows = RowSteps(model.config, layouts, in_bytes=in_bytes)
            if in_bytes and self._rows is not None and model.config.cell in ("lstm", "gru"):
                self._reader = RowReader(model.config, layouts, self._rows)
        # Where rows take any number of streams, nothing else is stepped, and no second copy of the weights kept.
        self._steps = [] if self.batched_rows else [make_step(model.config, layout, packing) for layout in layouts]
        self._output: Product | None = None
        if isinstance(model.decoder, FullSoftmax):
            weight = model.decoder.weight.detach()
            # What the output layer reads may be large, and most of what is rounded there ends up in one logit.
            kind: Packing = packing if packing != "int8" else "fp16" if weight.numel() > EXACT else "float32"
            self._output = make_product(weight, kind)
            self._bias = model.decoder.bias.detach()
        self._row_logits = self._make_row_logits()
        self.stride: RowStride | None = None  # several tokens of some streams in one call: see `engine.strides`
        if self._reader is not None and self._rows is not None and self._row_logits is not None:
            self.stride = make_stride(model.config, layouts, self._rows, *self._row_logits.args)
        self._recorded: RecordedSteps | None = None
        if self.device.type == "cuda":
            self._recorded = RecordedSteps(self._step, self.zero_state(ROWS))

    def _make_row_logits(self) -> "partial[Row] | None":
        """Top outputs (B, H) → logits (B, V) without torch, where the output layer is small and reads just these."""
        reads_them = self.side == "ahead" and self.model.projection is None
        quick = self._rows is not None and usable_for_training()
        if not (reads_them and quick and isinstance(self._output, ExactProduct)):
            return None
        from engine.cells.compiled_steps import packed
        from engine.compiled.products import exact_products

        return partial(exact_products, packed(self._output.weight), self._bias.numpy())

    @property
    def batched_rows(self) -> bool:
        """Whether streams are stepped in numpy, however many they are."""
        return self._rows is not None and self._rows.batched

    @property
    def stride_bytes(self) -> int:
        """Of recurrent weights that a step of `stride` reads."""
        sums = [] if self._rows is None else [each.gates for each in self._rows.sums]
        return sum(each.matrix[0].nbytes for each in sums if isinstance(each, BytesSums))

    @property
    def stride_streams(self) -> int:
        """So many are at least as quick in `stride`, which is one thread's, as step by step, shared among threads."""
        from engine.compiled.dots import HAS_UNIT

        return MOST if HAS_UNIT else 11

    @property
    def reads_in_pieces(self) -> bool:
        """Whether a text has the same bits in whatever pieces `prefill` reads it: in bytes, but not in float32."""
        return self._reader is not None

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
        if self._row_logits is not None and hidden.dim() == 2 and (self.batched_rows or len(hidden) == 1):
            return torch.from_numpy(self._row_logits(hidden.numpy()))
        z = self.model.meet(hidden) if self.side == "ahead" else self.model.meet(None, hidden)
        if self._output is not None and z.dim() == 2:
            return self._output(z, self._bias)
        return self.model.decoder.logits(z)

    @torch.inference_mode()
    def step(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads one token in each stream: ids (B,) → logits (B, V) and the state after them."""
        _, logits, after = (self._recorded or self._step)(ids, state)
        return logits, after

    @torch.inference_mode()
    def advance(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """`step` without the output layer: ids (B,) → top outputs (B, H) and the state after them."""
        if self._recorded is not None:
            hidden, _, after = self._recorded(ids, state)
            return hidden, after
        return self._advance(ids, state)

    def _step(self, ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        hidden, after = self._advance(ids, state)
        return hidden, self._logits(hidden), after

    def _advance(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        if self._rows is not None and (self._rows.batched or len(ids) == 1):
            after_rows = self._rows(ids.numpy(), as_rows(state))
            return torch.from_numpy(after_rows[-1][0]), as_state(after_rows)
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

    def stream(self, state: State) -> Callable[[int], Row]:
        """One stream from this state on: what it returns reads one token a call, and gives the logits (V,) after it.

        The same bits as from `step`, with less around them.
        """
        if self._rows is None:
            return _Stream(self, state)
        return _RowStream(self._rows, as_rows(state), self._row_logits or self._logits_of_rows)

    def _logits_of_rows(self, hidden: Row) -> Row:
        row: Row = self.logits(torch.from_numpy(hidden)).float().numpy()
        return row

    @torch.inference_mode()
    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Top outputs (T, B, H) after each of ids (T, B), and the state after the last: at training speed."""
        return self.model.read(ids, state, self.side)

    @torch.inference_mode()
    def read_stream(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Top outputs (T, H) after each of ids (T,) in one stream, T at least 1, and the state after the last: in bytes
        where these are read, which is quicker."""
        if self._reader is not None:
            rows, after = self._reader.outputs(ids.numpy(), as_rows(state))
            return torch.from_numpy(rows), as_state(after)
        hidden, state = self.read(ids[:, None], state)
        return hidden[:, 0], state

    @torch.inference_mode()
    def prefill(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads a whole prompt: ids (T, B), T at least 1 → logits (B, V) after the last token, and the state there.

        Reads in blocks from the front, so the same prompt gives the same bits whatever was read before it.
        """
        if self._reader is not None and ids.shape[1] == 1 and len(ids):
            state = as_state(self._reader(ids[:, 0].numpy(), as_rows(state)))
            return self.logits(state[-1][0]), state
        hidden = None
        for block in torch.split(ids, BLOCK):
            for part in (block,) if len(block) == BLOCK else torch.split(block, TAIL):
                hidden, state = self.read(part, state)
        if hidden is None:
            raise ValueError("prefill needs at least one token")
        return self.logits(hidden[-1]), state


class _Stream:
    """`Decoder.stream` by way of `Decoder.step`."""

    def __init__(self, decoder: Decoder, state: State) -> None:
        self._decoder, self._state = decoder, state

    def __call__(self, token: int) -> Row:
        ids = torch.tensor([token], device=self._decoder.device)
        logits, self._state = self._decoder.step(ids, self._state)
        row: Row = logits[0].float().cpu().numpy()
        return row


class _RowStream:
    """`Decoder.stream` without torch."""

    def __init__(self, steps: RowSteps, state: list[Kept], logits: Callable[[Row], Row]) -> None:
        self._steps, self._state, self._logits = steps, state, logits

    def __call__(self, token: int) -> Row:
        self._state = self._steps(token, self._state)
        row: Row = self._logits(self._state[-1][0])[0]
        return row


def as_rows(state: State) -> list[Kept]:
    """Arrays that share the numbers of tensors on a CPU."""
    return [tuple(part.numpy() for part in layer) for layer in state]


def as_state(rows: list[Kept]) -> State:
    """The other way round."""
    return [tuple(torch.from_numpy(part) for part in layer) for layer in rows]
