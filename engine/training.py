"""One training step after another. Knows the model and the text, and nothing of files, clocks or who watches."""

import contextlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.averaging import Average
from engine.model import LanguageModel
from engine.objective import SIDES, Carried, Objective
from engine.optimizing import clip, make_optimizer, take_step
from engine.precision import autocast, half
from engine.ranks import ALONE, Place
from engine.schedule import learning_rate, momentum
from engine.settings import TrainingConfig
from engine.shapes import Shape
from engine.streams import Streams, Windows

BEYOND = 16  # tokens right of a window that a bidirectional model's two-sided loss may look at


@dataclass(frozen=True)
class Step:
    """What one step did. Norms are of the gradient before clipping."""

    loss: float  # nats per token, reading left to right; NaN or infinite where it was so
    gradient_norm: float
    gradient_norms: dict[str, float]  # by parameter group
    clipped: bool
    skipped: bool  # the loss or a gradient was not finite: the weights were left as they were
    learning_rate: float
    tokens: int
    losses: dict[str, float]  # of a bidirectional model, by side; empty for others

    @property
    def mean_loss(self) -> float:
        """What was trained on: of a bidirectional model the mean over its sides."""
        return sum(self.losses.values()) / len(self.losses) if self.losses else self.loss


class LossScale(NamedTuple):
    """By what the loss is multiplied so that float16 gradients don't underflow."""

    factor: float = 0.0
    held: int = 0  # steps since it changed, all finite: after some it grows


@dataclass(frozen=True)
class Everywhere:
    """What differs from rank to rank."""

    carried: list[Tensor]  # states (B, H) of the streams of all ranks, in their order
    random: list[dict[str, Tensor]]  # by rank, of each random number generator by its device: "cpu", "cuda", "mps"


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Where the random number generators are that training on this device draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_state(device: torch.device, states: dict[str, Tensor]) -> None:
    """Brings them back there. Raises `KeyError`, `RuntimeError` and `TypeError` for what is no such state."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])


class Trainer:
    """Stateful truncated backpropagation through time with AdamW."""

    def __init__(
        self,
        model: LanguageModel,
        tokens: npt.NDArray[np.unsignedinteger],
        config: TrainingConfig,
        device: torch.device,
        shape: Shape,
        place: Place = ALONE,
    ) -> None:
        """`shape` is of all ranks together."""
        self.model = model.to(device)
        self.config = config
        self.device = device
        self.place = place
        self.objective: nn.Module = Objective(self.model, config)
        beyond = BEYOND if model.back is not None else None
        self.streams = Streams(tokens, shape, config.seed, beyond=beyond, rank=place.rank, ranks=place.ranks)
        self.groups = {name: group for name, group in model.groups().items() if group}
        self.parameters = [parameter for group in self.groups.values() for parameter in group]
        self.optimizer = make_optimizer(self.parameters, config, device)
        self.average = Average(self.parameters, config.ema) if config.ema > 0.0 else None
        # float16 gradients underflow unless the loss is scaled up first (Micikevicius et al. 2018).
        self.scaler = torch.amp.GradScaler(enabled=half(device, config.precision) is torch.float16)
        self.rate_scale = 1.0  # halved at each return to good weights
        self.step = 0
        self.tokens = 0
        self.carried = self.zero()

    def zero(self) -> Carried:
        """The states before any text."""
        batch = self.streams.share
        return Carried(self.model.zero_state(batch), None if self.model.back is None else self.model.zero_state(batch))

    @property
    def loss_scale(self) -> LossScale:
        """Of float16 gradients; a factor of 0 where they are not scaled."""
        if not self.scaler.is_enabled():
            return LossScale()
        state = self.scaler.state_dict()
        return LossScale(state["scale"], state["_growth_tracker"])

    @loss_scale.setter
    def loss_scale(self, scale: LossScale) -> None:
        if self.scaler.is_enabled() and scale.factor > 0.0:
            state = {"scale": scale.factor, "_growth_tracker": scale.held}
            self.scaler.load_state_dict({**self.scaler.state_dict(), **state})

    def advance(self, progress: float) -> Step:
        """One step at the learning rate of this share of the budget."""
        rate = self._set_rate(progress)
        if self.streams.at_epoch_start():
            self.carried = self.zero()
        elif self.config.restart > 0.0:
            self._restart_some()
        windows = self.streams.next()
        if not self.model.training:
            self.model.train()
        for parameter in self.parameters:  # as the optimizer's `zero_grad`, which takes a hundredth of a small step
            parameter.grad = None
        losses, after = self._backward(windows)
        values, norm, norms = self._measure(losses)
        self.step += 1
        tokens = windows.ahead[1:].numel() * self.place.ranks
        self.tokens += tokens
        finite = math.isfinite(sum(values)) and math.isfinite(norm)
        clipped = finite and self._apply(norm)
        if math.isfinite(sum(values)):
            self.carried = after
        else:
            # The state that gave a value like this would spoil every step after it.
            self.carried = self.zero()
        by_side = dict(zip(SIDES, values, strict=True)) if len(values) > 1 else {}
        skipped = not finite and not self._is_finding_its_scale(values)
        return Step(values[0], norm, norms, clipped, skipped, rate, tokens, by_side)

    @torch.no_grad()
    def return_to(self, weights: dict[str, Tensor]) -> None:
        """Takes these weights, forgets the optimizer's moments and the states, and halves the learning rate."""
        self.model.load_state_dict(weights)
        self.optimizer.state.clear()
        if self.average is not None:
            self.average.restart()
        self.rate_scale *= 0.5
        self.carried = self.zero()

    def adopt(self, *, learning_rate: float, dropout: float, rate_scale: float) -> None:
        """Takes another peak of the learning rate and what it is multiplied by, and another dropout."""
        self.config = msgspec.structs.replace(self.config, learning_rate=learning_rate)
        self.rate_scale = rate_scale
        self.model.set_dropout(dropout)

    def collect(self) -> "Everywhere":
        """What each rank has of its own and a checkpoint keeps."""
        return Everywhere([part.detach() for part in self.carried.tensors()], [random_state(self.device)])

    def part(self, *, last: bool) -> contextlib.AbstractContextManager[None]:
        """Surrounds one part of a batch, forwards and backwards."""
        return contextlib.nullcontext()

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all ranks."""
        return values

    def wait(self) -> None:
        """Called now and then while no step is taken for a long time."""

    def dismiss(self) -> None:
        """Called when the last step is taken and everything is collected: what only steps need is let go."""
        self.optimizer.zero_grad(set_to_none=True)
        self.optimizer.state.clear()
        self.average = None

    def _is_finding_its_scale(self, values: Sequence[float]) -> bool:
        """Whether gradients that are not finite come from the scale of float16 alone, which begins far too high."""
        return math.isfinite(sum(values)) and self.scaler.is_enabled() and self.scaler.get_scale() > 1.0

    def _set_rate(self, progress: float) -> float:
        rate = learning_rate(self.config, progress) * self.rate_scale
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
            group["betas"] = (momentum(self.config, progress), self.config.beta2)
        return rate

    def _backward(self, windows: Windows) -> tuple[Tensor, Carried]:
        """Gradients of the mean loss. A batch in parts gives the gradients of the whole batch, in less memory."""
        streams = windows.ahead.shape[1]
        parts = min(self.config.accumulate, streams)
        bounds = [streams * part // parts for part in range(parts + 1)]
        total, after = None, []
        for start, stop in itertools.pairwise(bounds):
            some, state = self._some(windows, slice(start, stop)), self.carried.streams(start, stop)
            share = (stop - start) / streams
            with self.part(last=stop == streams):
                with autocast(self.device, self.config.precision):
                    losses, penalty, carried = self.objective(some, state)
                self.scaler.scale((losses.mean() + penalty) * share).backward()
            total = losses.detach() * share if total is None else total + losses.detach() * share
            after.append(carried.map(Tensor.detach))
        assert total is not None
        return total, Carried.joined(after)

    def _some(self, windows: Windows, streams: slice) -> Windows:
        """These streams' windows, on the device."""

        def move(block: Tensor | None) -> Tensor | None:
            if block is None:
                return None
            block = block[:, streams]
            if self.device.type == "cuda":
                return block.contiguous().pin_memory().to(self.device, non_blocking=True)
            return block.to(self.device)

        ahead = move(windows.ahead)
        assert ahead is not None
        return Windows(ahead, move(windows.back), move(windows.beyond))

    def _apply(self, norm: float) -> bool:
        """Clips and steps; whether anything was clipped."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        clipped = clip(self.optimizer, gradients, norm, self.config)
        take_step(self.optimizer)
        if self.average is not None:
            self.average.update()
        return clipped

    def _restart_some(self) -> None:
        """Puts a few streams back to the zero state. Drawn from seed and step alone, so that a resume is exact."""
        drawn = np.random.default_rng((self.config.seed, self.step)).random(self.streams.shape.batch)
        drawn = drawn[self.streams.mine]
        if (drawn < self.config.restart).any():
            keep = torch.from_numpy(drawn >= self.config.restart).to(self.device)[:, None]  # (B, 1)
            self.carried = self.carried.map(lambda part: part * keep)

    def _measure(self, losses: Tensor) -> tuple[list[float], float, dict[str, float]]:
        """Losses, global gradient norm, and norm by group, brought from the device in one transfer.

        Gradients are unscaled first, where they were scaled.
        """
        if self.scaler.is_enabled():
            self.scaler.unscale_(self.optimizer)
        gradients = [[p.grad for p in group if p.grad is not None] for group in self.groups.values()]
        norms = torch._foreach_norm([gradient for group in gradients for gradient in group])
        values = self.mean(torch.stack([*losses.float(), *(norm.float() for norm in norms)])).tolist()
        values, rest = values[: len(losses)], iter(values[len(losses) :])
        sums = [sum(norm * norm for norm in itertools.islice(rest, len(group))) for group in gradients]
        if self.scaler.is_enabled():
            self.scaler.update()  # overflow is its way of finding its scale: halved, and the step is skipped
        by_group = {name: math.sqrt(total) for name, total in zip(self.groups, sums, strict=True)}
        return values, math.sqrt(sum(sums)), by_group
