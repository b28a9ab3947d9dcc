"""Models without numbers, for weights that are read from a file."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.model import LanguageModel
from engine.settings import ModelConfig

_FILLERS = (Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_)


def unfilled(config: ModelConfig) -> LanguageModel:
    """A model on the meta device: shapes, and no memory for them."""
    with torch.device("meta"), _Unfilled():
        return LanguageModel(config)


class _Unfilled(TorchFunctionMode):
    """No random numbers for weights that have none: torch imports its compiler for these, which takes a second."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if function in _FILLERS:
            return args[0] if args else kwargs["tensor"]
        return function(*args, **(kwargs or {}))
