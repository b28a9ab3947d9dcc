"""The losses on a text that is not trained on, read as parallel streams at training speed."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.memory import CHUNK, PIECE, STREAMS, read_at_once, streams_at_once
from engine.model import LanguageModel, Side
from engine.precision import autocast
from engine.settings import Precision


@dataclass(frozen=True)
class Losses:
    """Nats per token. `back` and `both` are those of a bidirectional model; `both` is no cross-entropy of a text."""

    ahead: float
    back: float | None = None
    both: float | None = None


class Evaluator:
    """Reads the same streams every time."""

    STREAM = PIECE  # tokens of a stream: long enough that its cold start costs well under 1 % of the loss

    def __init__(
        self,
        tokens: npt.NDArray[np.unsignedinteger],
        limit: int,
        device: torch.device,
        precision: Precision = "auto",
    ) -> None:
        """`limit` is the most tokens to read; of a longer text, streams spread evenly over it are read."""
        usable = len(tokens) - 1
        if usable < 1:
            raise ValueError("an evaluation needs at least two tokens")
        batch = max(1, min(STREAMS, min(usable, limit) // self.STREAM))
        self.length = max(1, min(usable // batch, limit // batch))  # tokens that each stream predicts
        self.text = tokens
        self._starts = np.linspace(0, usable - self.length, batch).astype(np.int64)
        self._device = device
        self._precision = precision

    @property
    def tokens(self) -> int:
        return len(self._starts) * self.length

    def loss(self, model: LanguageModel) -> float:
        """Nats per token, reading left to right."""
        return self._one_way(model, back=False)

    def losses(self, model: LanguageModel) -> Losses:
        """All that the model predicts: one figure, or three."""
        if model.back is None:
            return Losses(self.loss(model))
        return Losses(self.loss(model), self._one_way(model, back=True), self._both(model))

    @torch.no_grad()
    def _one_way(self, model: LanguageModel, *, back: bool) -> float:
        model.eval()
        state = model.zero_state(len(self._starts))
        total = 0.0
        chunk = self._chunk(model)
        for start in range(0, self.length, chunk):
            stop = min(start + chunk, self.length)
            offsets = np.arange(start, stop + 1)
            ids = self._read(self.length - offsets if back else offsets)
            with autocast(self._device, self._precision):
                hidden, state = model.read(ids[:-1], state, "back" if back else "ahead")
                loss = model.loss(ids[1:], None if back else hidden, hidden if back else None)
            total += loss.item() * ids[1:].numel()
        return total / self.tokens

    @torch.no_grad()
    def _both(self, model: LanguageModel) -> float:
        """Every token but the first and last of a piece, from both sides. A piece is short enough for the memory."""
        model.eval()
        total, tokens = 0.0, 0
        streams, chunk = streams_at_once(model.config), self._chunk(model)
        pieces = itertools.product(range(0, self.length - 1, self.STREAM), range(0, len(self._starts), streams))
        for start, first in pieces:
            offsets = np.arange(start, min(start + self.STREAM, self.length) + 1)
            ids = self._read(offsets, slice(first, first + streams))
            with autocast(self._device, self._precision):
                ahead = self._outputs(model, ids[:-2], "ahead")
                back = self._outputs(model, ids[2:].flip(0), "back").flip(0)
                beside = (ids[1:-1], ahead, back)
                for targets, left, right in zip(*(torch.split(x, chunk) for x in beside), strict=True):
                    total += model.loss(targets, left, right).item() * targets.numel()
            tokens += ids[1:-1].numel()
        return total / max(1, tokens)

    def _outputs(self, model: LanguageModel, ids: Tensor, side: Side) -> Tensor:
        """What this side's stack makes of ids (T, B) from the zero state: (T, B, H)."""
        state, outputs = model.zero_state(ids.shape[1]), []
        for part in torch.split(ids, self._chunk(model)):
            hidden, state = model.read(part, state, side)
            outputs.append(hidden)
        return torch.cat(outputs)

    def _chunk(self, model: LanguageModel) -> int:
        """Tokens read at once by each stream."""
        return max(1, min(CHUNK, read_at_once(model.config) // len(self._starts)))

    def _read(self, offsets: npt.NDArray[np.int64], streams: slice = slice(None)) -> Tensor:
        """The tokens at these offsets (N,) of every stream, or of some: (N, B)."""
        block = self.text[self._starts[streams] + offsets[:, None]].astype(np.int64)
        return torch.from_numpy(block).to(self._device)
