"""In which precision matrix products are computed, and where 16 bits for a number pay.

On CUDA that is torch's autocast, but for cuDNN's layers in bfloat16, see `rounds_too_much`. On a CPU it is narrower:
LSTM layers on processors that multiply bfloat16 themselves (`engine.cells.lstm`), GRUs and LSTMs with peepholes that
are vectors where they do so on a matrix unit (`engine.cells.halves`), and large output layers (`engine.linear_loss`;
of an adaptive one its head). Weights, states, losses and the optimizer stay float32 everywhere (Micikevicius et al.
2018).
"""

import contextlib
import contextvars
import functools
from collections.abc import Iterator

import torch
from torch import Tensor

from corpora.errors import InputError
from engine.settings import Precision

_BF16 = torch.bfloat16
_LAYERS_IN_BF16 = contextvars.ContextVar("layers in bf16", default=False)


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[object]:
    """The precision of what is computed inside; ``auto`` is bfloat16 where it is quick, else float32."""
    kind = half(device, precision)
    if kind is None:
        return contextlib.nullcontext()
    return _layers_in_bf16() if device.type == "cpu" else torch.autocast(device.type, dtype=kind)


def half(device: torch.device, precision: Precision) -> torch.dtype | None:
    """The 16-bit kind that this setting means on this device; None for float32."""
    if device.type not in ("cpu", "cuda") or precision == "float32":
        return None
    if precision == "auto":
        return torch.bfloat16 if has_bf16(device) else None
    return torch.bfloat16 if precision == "bf16" else torch.float16


def check_precision(device: torch.device, precision: Precision) -> None:
    """Raises `InputError` where the device can't compute so."""
    if precision == "fp16" and device.type != "cuda":
        raise InputError("fp16 needs a CUDA device. Use --precision auto or float32.")
    if precision == "bf16" and not has_bf16(device):
        name = {"cpu": "processor", "cuda": "CUDA device"}.get(device.type, "device")
        raise InputError(f"This {name} has no bf16 of its own. Use --precision auto or float32.")


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself, not by way of float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and _processor_has_bf16()


@functools.cache
def _processor_has_bf16() -> bool:
    """Asked of torch by functions that are no public part of it: where they are missing, the answer is no."""
    try:
        cpu = torch.cpu
        return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()) and bool(
            torch.ops.mkldnn._is_mkldnn_bf16_supported()
        )
    except (AttributeError, RuntimeError, NotImplementedError):
        return False


def allow_tf32(device: torch.device, precision: Precision) -> None:
    """Lets cuDNN's layers round what they multiply to ten bits, as fast as that is, only where 16 bits would do.

    For the whole process. Other products are in float32 unless they are autocast.
    """
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = half(device, precision) is not None


def rounds_too_much(x: Tensor) -> bool:
    """Whether cuDNN's layers would compute with x in float16 though bfloat16 was asked for, as autocast has them do.

    Gradients would underflow, as losses are scaled up for float16 only; in float32, or TF32, they don't.
    """
    return x.device.type == "cuda" and torch.is_autocast_enabled("cuda") and torch.get_autocast_dtype("cuda") is _BF16


def in_bf16(x: Tensor) -> bool:
    """Whether a layer on the CPU should compute with x as bfloat16."""
    return _LAYERS_IN_BF16.get() and x.device.type == "cpu" and x.dtype is torch.float32


@contextlib.contextmanager
def _layers_in_bf16() -> Iterator[None]:
    token = _LAYERS_IN_BF16.set(True)
    try:
        yield
    finally:
        _LAYERS_IN_BF16.reset(token)
