"""What a training step makes small: the losses of one batch of windows, and what regularises the activations."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model import LanguageModel
from engine.settings import TrainingConfig
from engine.stack import State
from engine.streams import Windows

SIDES = ("ahead", "back", "both")  # the order of a bidirectional model's losses


@dataclass
class Carried:
    """The states between one step and the next. `back` is None for a model that reads left to right only."""

    ahead: State
    back: State | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> "Carried":
        """The same with every tensor (B, H) changed."""

        def each(state: State) -> State:
            return [tuple(change(part) for part in layer) for layer in state]

        return Carried(each(self.ahead), None if self.back is None else each(self.back))

    def streams(self, start: int, stop: int) -> "Carried":
        """The states of these streams alone."""
        return self.map(lambda part: part[start:stop].contiguous())

    @staticmethod
    def joined(parts: "list[Carried]") -> "Carried":
        """The states of all parts of a batch, side by side."""
        if len(parts) == 1:
            return parts[0]

        def join(states: list[State]) -> State:
            layers = zip(*states, strict=True)
            return [tuple(torch.cat(tensors) for tensors in zip(*layer, strict=True)) for layer in layers]

        backs = [part.back for part in parts if part.back is not None]
        return Carried(join([part.ahead for part in parts]), join(backs) if backs else None)

    def tensors(self) -> list[Tensor]:
        """All tensors (B, H), in a fixed order."""
        return [part for state in (self.ahead, self.back or []) for layer in state for part in layer]


class Objective(nn.Module):
    """The model and what it is trained for, in one module, so that several ranks can share its one call."""

    def __init__(self, model: LanguageModel, config: TrainingConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, windows: Windows, carried: Carried) -> tuple[Tensor, Tensor, Carried]:
        """The losses (1,), or (3,) as in `SIDES`, in nats a token; the penalty (); the states after the windows."""
        model = self.model
        inputs, targets = windows.ahead[:-1], windows.ahead[1:]
        raw, ahead = model.read(inputs, carried.ahead)  # (T, B, H)
        dropped = model.drop_output(raw)
        penalty = self._penalty(raw, dropped)
        losses = [model.loss(targets, dropped)]
        after = Carried(ahead)
        if windows.back is not None and carried.back is not None:
            raw, after.back = model.read(windows.back[:-1], carried.back, "back")
            back_dropped = model.drop_output(raw)
            losses.append(model.loss(windows.back[1:], None, back_dropped))
            losses.append(self._both(windows, dropped))
            penalty = penalty + self._penalty(raw, back_dropped)
        return torch.stack(losses), penalty, after

    def _both(self, windows: Windows, dropped: Tensor) -> Tensor:
        """The two-sided loss of the targets of `ahead`.

        The back stack reads the same window from the right, and begins a little beyond it: its carried state belongs
        to the other end of the stream.
        """
        model = self.model
        assert windows.beyond is not None
        targets = windows.ahead[1:]  # (T, B)
        right = torch.cat((windows.ahead[2:], windows.beyond)).flip(0)  # all to the right of the first target
        hidden, _ = model.read(right, model.zero_state(right.shape[1]), "back")  # (T - 1 + L, B, H)
        beside = hidden.flip(0)[: len(targets)]  # row t has read everything after target t
        return model.loss(targets, dropped[: len(beside)], model.drop_output(beside))

    def _penalty(self, raw: Tensor, dropped: Tensor) -> Tensor:
        """AR on the dropped outputs, TAR on what the outputs change by from token to token (Merity et al. 2017)."""
        penalty = raw.new_zeros(())
        if self.config.activation_regularisation:
            penalty = penalty + self.config.activation_regularisation * dropped.float().square().mean()
        if self.config.temporal_regularisation and len(raw) > 1:
            penalty = penalty + self.config.temporal_regularisation * (raw[1:] - raw[:-1]).float().square().mean()
        return penalty
