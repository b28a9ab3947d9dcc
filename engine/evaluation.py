"""The losses on a text that is not trained on, read as parallel streams at training speed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.device import autocast
from engine.model import LanguageModel
from engine.settings import Precision


@dataclass(frozen=True)
class Losses:
    """Nats per token. `back` and `both` are those of a bidirectional model; `both` is no cross-entropy of a text."""

    ahead: float
    back: float | None = None
    both: float | None = None


class Evaluator:
    """Reads the same streams every time."""

    CHUNK = 256  # tokens read at once by each stream
    STREAM = 1024  # tokens of a stream: long enough that its cold start costs well under 1 % of the loss
    MAX_BATCH = 32

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
        batch = max(1, min(self.MAX_BATCH, min(usable, limit) // self.STREAM))
        self.length = max(1, min(usable // batch, limit // batch))  # tokens that each stream predicts
        self._tokens = tokens
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
        for start in range(0, self.length, self.CHUNK):
            stop = min(start + self.CHUNK, self.length)
            offsets = np.arange(start, stop + 1)
            ids = self._read(self.length - offsets if back else offsets)
            with autocast(self._device, self._precision):
                hidden, state = model.read(ids[:-1], state, "back" if back else "ahead")
                loss = model.loss(ids[1:], None if back else hidden, hidden if back else None)
            total += loss.item() * ids[1:].numel()
        return total / self.tokens

    @torch.no_grad()
    def _both(self, model: LanguageModel) -> float:
        """Both stacks read the whole streams, (length, B, H) each; then they meet, chunk by chunk."""
        model.eval()
        ids = self._read(np.arange(self.length + 1))
        with autocast(self._device, self._precision):
            ahead, _ = model.read(ids[:-2], model.zero_state(ids.shape[1]))
            back, _ = model.read(ids[2:].flip(0), model.zero_state(ids.shape[1]), "back")
            back = back.flip(0)
            total = 0.0
            for start in range(0, len(ahead), self.CHUNK):
                part = slice(start, start + self.CHUNK)
                targets = ids[1:-1][part]
                total += model.loss(targets, ahead[part], back[part]).item() * targets.numel()
        return total / ids[1:-1].numel()

    def _read(self, offsets: npt.NDArray[np.int64]) -> Tensor:
        """The tokens at these offsets (N,) of every stream: (N, B)."""
        block = self._tokens[self._starts + offsets[:, None]].astype(np.int64)
        return torch.from_numpy(block).to(self._device)
