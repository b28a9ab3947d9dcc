"""One training step after another. Knows the model and the text, and nothing of files, clocks or who watches."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.device import autocast
from engine.model import LanguageModel, State, detach
from engine.schedule import learning_rate
from engine.settings import TrainingConfig
from engine.streams import Shape, Streams


@dataclass(frozen=True)
class Step:
    """What one step did. Norms are of the gradient before clipping."""

    loss: float  # nats per token; NaN or infinite where it was so
    gradient_norm: float
    gradient_norms: dict[str, float]  # by parameter group
    clipped: bool
    skipped: bool  # the loss or a gradient was not finite: the weights were left as they were
    learning_rate: float
    tokens: int


class Trainer:
    """Stateful truncated backpropagation through time with AdamW (Loshchilov & Hutter 2019)."""

    def __init__(
        self,
        model: LanguageModel,
        tokens: npt.NDArray[np.unsignedinteger],
        config: TrainingConfig,
        device: torch.device,
        shape: Shape,
    ) -> None:
        self.model = model.to(device)
        self.config = config
        self.device = device
        self.streams = Streams(tokens, shape, config.seed)
        self.groups = {name: group for name, group in model.groups().items() if group}
        self.parameters = [parameter for group in self.groups.values() for parameter in group]
        self.optimizer = make_optimizer(self.parameters, config, device)
        self.step = 0
        self.tokens = 0
        self.state: State = self.model.zero_state(shape.batch)

    def advance(self, progress: float) -> Step:
        """One step at the learning rate of this share of the budget."""
        rate = learning_rate(self.config, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self.streams.at_epoch_start():
            self.state = self.model.zero_state(self.streams.shape.batch)
        elif self.config.restart > 0.0:
            self._restart_some()
        inputs, targets = (self._to_device(block) for block in self.streams.next())
        self.model.train()
        with autocast(self.device):
            logits, state = self.model(inputs, self.state)
        loss = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        value, norm, norms = self._measure(loss)
        finite = math.isfinite(value) and math.isfinite(norm)
        clipped = finite and norm > self.config.clip
        if clipped:
            torch._foreach_mul_(self._gradients(), self.config.clip / norm)
        if finite:
            self.optimizer.step()
            self.state = detach(state)
        else:
            # The state that gave a value like this would spoil every step after it.
            self.state = self.model.zero_state(self.streams.shape.batch)
        self.step += 1
        self.tokens += targets.numel()
        return Step(value, norm, norms, clipped, not finite, rate, targets.numel())

    def _restart_some(self) -> None:
        """Puts a few streams back to the zero state. Drawn from seed and step alone, so that a resume is exact."""
        drawn = np.random.default_rng((self.config.seed, self.step)).random(self.streams.shape.batch)
        if (drawn < self.config.restart).any():
            keep = torch.from_numpy(drawn >= self.config.restart).to(self.device)[:, None]  # (B, 1)
            self.state = [tuple(part * keep for part in layer) for layer in self.state]

    def _gradients(self) -> list[Tensor]:
        return [parameter.grad for parameter in self.parameters if parameter.grad is not None]

    def _measure(self, loss: Tensor) -> tuple[float, float, dict[str, float]]:
        """Loss, global gradient norm, and norm by group, brought from the device in one transfer."""
        squares = [
            torch.stack([p.grad.float().square().sum() for p in group if p.grad is not None]).sum()
            for group in self.groups.values()
        ]
        value, *sums = torch.stack([loss.detach().float(), *squares]).tolist()
        norms = {name: math.sqrt(total) for name, total in zip(self.groups, sums, strict=True)}
        return value, math.sqrt(sum(sums)), norms

    def _to_device(self, block: Tensor) -> Tensor:
        if self.device.type == "cuda":
            return block.pin_memory().to(self.device, non_blocking=True)
        return block.to(self.device)


def make_optimizer(
    parameters: list[torch.nn.Parameter], config: TrainingConfig, device: torch.device
) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only: decaying a bias would pull it towards nothing that is known."""
    decayed = [p for p in parameters if p.dim() >= 2]
    others = [p for p in parameters if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        groups,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=device.type in ("cpu", "cuda"),
    )


class Evaluator:
    """The loss on a text that is not trained on, read as parallel streams at training speed."""

    CHUNK = 256  # tokens read at once by each stream
    STREAM = 1024  # tokens of a stream: long enough that its cold start costs well under 1 % of the loss
    MAX_BATCH = 32

    def __init__(self, tokens: npt.NDArray[np.unsignedinteger], limit: int, device: torch.device) -> None:
        """`limit` is the most tokens to read; of a longer text, streams spread evenly over it are read."""
        usable = len(tokens) - 1
        if usable < 1:
            raise ValueError("an evaluation needs at least two tokens")
        batch = max(1, min(self.MAX_BATCH, min(usable, limit) // self.STREAM))
        self.length = max(1, min(usable // batch, limit // batch))  # tokens that each stream predicts
        self._tokens = tokens
        self._starts = np.linspace(0, usable - self.length, batch).astype(np.int64)
        self._device = device

    @property
    def tokens(self) -> int:
        return len(self._starts) * self.length

    @torch.no_grad()
    def loss(self, model: LanguageModel) -> float:
        """Nats per token."""
        model.eval()
        state = model.zero_state(len(self._starts))
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, self.length, self.CHUNK):
            stop = min(start + self.CHUNK, self.length)
            block = self._tokens[self._starts + np.arange(start, stop + 1)[:, None]].astype(np.int64)
            ids = torch.from_numpy(block).to(self._device)
            with autocast(self._device):
                logits, state = model(ids[:-1], state)
            total += F.cross_entropy(logits.float().flatten(0, 1), ids[1:].flatten(), reduction="sum").cpu().double()
        return total.item() / self.tokens
