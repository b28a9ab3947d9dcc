"""Products with a matrix that stays the same, laid out once for the many small ones that stepping makes.

``float32`` is exact. ``fp16`` reads half the bytes, ``int8`` a quarter, and reading them is where a step's time goes.
Which of them there are depends on the processor and on torch's build: `available` says so, and every kind falls back on
the next more exact one.
"""

import functools
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from engine.cells.columns import has_onednn
from engine.settings import Packing

Product = Callable[[Tensor, Tensor], Tensor]  # x (B, K), and what to add, (B, N) or (N,) → x Wᵀ + that (B, N)
KEPT = 3  # layouts for different batches that a matrix keeps at once
# States lie between -1 and 1. Seven bits of them and not eight: sums of two products with eight bits overflow in the
# instructions of processors without VNNI.
STEP, MIDDLE = 1.0 / 63.5, 64


def make_product(weight: Tensor, packing: Packing = "float32") -> Product:
    """A product with weight (N, K), float32, in the kind asked for or the nearest more exact one that there is.

    ``int8`` is for x between -1 and 1, as states and outputs of all cells but the rectifier are; more is cut off.
    """
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return ExactProduct(weight)
    if packing == "int8" and "int8" in available():
        return BytesProduct(weight)
    if packing != "float32" and "fp16" in available():
        return HalvesProduct(weight)
    return ExactProduct(weight)


class ExactProduct:
    """Float32. One row goes through numpy's BLAS; several through oneDNN, whose layout is made once a batch."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._rows = self.weight.numpy() if weight.device.type == "cpu" else None
        self._layouts: dict[int, Tensor] = {}

    def __call__(self, x: Tensor, plus: Tensor) -> Tensor:
        batch = len(x)
        if self._rows is not None and batch == 1:
            return torch.from_numpy(np.dot(self._rows, x.numpy()[0])[None]).add_(plus)
        if self._rows is None or not has_onednn():
            return torch.addmm(plus, x, self.weight.t())
        layout = self._layouts.get(batch)
        if layout is None:
            layout = self._lay_out(batch)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, layout, None, "none", [], "")
        return product.add_(plus)

    def _lay_out(self, batch: int) -> Tensor:
        layout: Tensor = torch.ops.mkldnn._reorder_linear_weight(self.weight, batch)
        kept = list(self._layouts.items())[-(KEPT - 1) :]
        self._layouts = dict([*kept, (batch, layout)])  # replaced whole: other threads may be reading it
        return layout


class HalvesProduct:
    """Weights of 16 bits, products and sums of 32."""

    def __init__(self, weight: Tensor) -> None:
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight.detach(), None)

    def __call__(self, x: Tensor, plus: Tensor) -> Tensor:
        product: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, self._packed)
        return product.add_(plus)


class BytesProduct:
    """Weights of 8 bits with a scale for each row, x of 7 bits: integer products and sums.

    The steps of x are fixed, not fitted to the batch: what one stream gets doesn't depend on the others.
    """

    def __init__(self, weight: Tensor) -> None:
        self._packed = _pack_bytes(weight.detach())

    def __call__(self, x: Tensor, plus: Tensor) -> Tensor:
        product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x, STEP, MIDDLE, self._packed
        )
        return product.add_(plus)


@functools.cache
def available() -> tuple[Packing, ...]:
    """The kinds that work here, from the most exact to the quickest: tried once, on a small matrix."""
    weight = torch.linspace(-1.0, 1.0, 64 * 32).view(64, 32)
    x = torch.linspace(-1.0, 1.0, 32)[None]
    wanted = x @ weight.t()
    found: list[Packing] = ["float32"]
    for packing, kind in (("fp16", HalvesProduct), ("int8", BytesProduct)):
        try:
            with torch.inference_mode():
                got = kind(weight)(x, torch.zeros(64))
        except (RuntimeError, AttributeError, NotImplementedError):  # this build or this processor has none
            continue
        if torch.allclose(got, wanted, atol=0.05 * float(wanted.abs().max())):
            found.append(packing)  # type: ignore[arg-type]
    return tuple(found)


def _pack_bytes(weight: Tensor) -> torch.ScriptObject:
    scales = weight.abs().amax(1).clamp_min(1e-8).double() / 127.0
    with warnings.catch_warnings():
        # torch will one day replace the functions that make quantized tensors; `available` notices.
        warnings.simplefilter("ignore", UserWarning)
        rows = torch.quantize_per_channel(weight, scales, torch.zeros(len(weight), dtype=torch.int64), 0, torch.qint8)
        packed: torch.ScriptObject = torch.ops.quantized.linear_prepack(rows, None)
    return packed
