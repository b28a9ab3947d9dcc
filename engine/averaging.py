"""An exponential moving average of the weights, kept beside them (Polyak & Juditsky 1992)."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


class Average:
    """The average of `parameters` over their recent steps; `swapped` puts it in their place for a while."""

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.tensors = [parameter.detach().clone() for parameter in parameters]
        self._parameters = parameters

    @torch.no_grad()
    def update(self) -> None:
        """After a step. The first averages are short, so that the weights' random beginning is forgotten soon."""
        self.updates += 1
        decay = min(self.decay, (1.0 + self.updates) / (10.0 + self.updates))
        torch._foreach_lerp_(self.tensors, [parameter.detach() for parameter in self._parameters], 1.0 - decay)

    @torch.no_grad()
    def restart(self) -> None:
        """Begins again at the weights as they are."""
        self.updates = 0
        torch._foreach_copy_(self.tensors, [parameter.detach() for parameter in self._parameters])

    @contextlib.contextmanager
    def swapped(self) -> Iterator[None]:
        """The model has the average as its weights inside the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for tensor, parameter in zip(self.tensors, self._parameters, strict=True):
            held = tensor.clone()  # one at a time: all of them would be one more copy of the model
            tensor.copy_(parameter)
            parameter.copy_(held)
