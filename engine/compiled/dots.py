"""Products of rows of bytes: w · x, summed exactly in 32 bits, so the same on every processor and in every order."""

from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.core import codegen as untyped_codegen

from engine.compiled.jit import in_llvm

cgutils: Any = untyped_cgutils
codegen: Any = untyped_codegen
config: Any = numba.config
LANES = 64  # rows are as long as a multiple of this: the bytes that the widest instruction takes

# Multiplies 64 unsigned bytes by 64 signed ones and adds four neighbours each (AVX-512 VNNI). Other processors get x in
# 16 bits and a loop that LLVM turns into the best that they have, which takes twice as long.
# Asked of numba, which may have been told to do without: LLVM ends the process over an instruction that it may not use.
HAS_VNNI = "+avx512vnni" in (
    codegen.get_host_cpu_features() if config.CPU_FEATURES is None else str(config.CPU_FEATURES)
)
INPUT = np.uint8 if HAS_VNNI else np.int16
MIDDLE = 128 if HAS_VNNI else 0  # what stands for 0 in x; taken off again with the sum of the row's weights

_I32 = ir.IntType(32)
_SUMS = ir.VectorType(_I32, LANES // 4)


def _dots_vnni(streams: int) -> Any:
    """Makes a product of one row with some streams at once, which reads the row once: w (K,) int8 · x (B, K) uint8 from
    stream `first` on → as many int32. K is a multiple of `LANES`."""

    @in_llvm
    def dots(_: Any, w: Any, x: Any, first: Any) -> Any:
        result: Any = cast(Any, types.UniTuple)(types.int32, streams)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, inputs = (
                context.make_array(kind)(context, builder, array)
                for kind, array in zip(signature.args[:2], arguments[:2], strict=True)
            )
            length = cgutils.unpack_tuple(builder, weights.shape)[0]
            multiply = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_SUMS, [_SUMS] * 3), "llvm.x86.avx512.vpdpbusd.512"
            )
            add_up = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_I32, [_SUMS]), "llvm.vector.reduce.add.v16i32"
            )
            starts = [
                builder.gep(inputs.data, [builder.mul(builder.add(arguments[2], ir.Constant(length.type, n)), length)])
                for n in range(streams)
            ]
            sums = [cgutils.alloca_once(builder, _SUMS) for _ in range(streams)]
            for total in sums:
                builder.store(ir.Constant(_SUMS, None), total)
            zero, step = ir.Constant(length.type, 0), ir.Constant(length.type, LANES)
            with cgutils.for_range_slice(builder, zero, length, step, inc=True) as (place, _):
                of_weights = _load(builder, weights.data, place)
                for start, total in zip(starts, sums, strict=True):
                    of_inputs = _load(builder, start, place)
                    builder.store(builder.call(multiply, [builder.load(total), of_inputs, of_weights]), total)
            totals = [builder.call(add_up, [builder.load(total)]) for total in sums]
            return context.make_tuple(builder, result, totals)

        return result(w, x, types.intp), generate

    return dots


def _load(builder: Any, data: Any, place: Any) -> Any:
    return builder.load(builder.bitcast(builder.gep(data, [place]), _SUMS.as_pointer()), align=1)


dots_of_4 = _dots_vnni(4)
dots_of_1 = _dots_vnni(1)


@in_llvm
def multiply_add(_: Any, total: Any, w: Any, x: Any) -> Any:
    """total + w x in 32 bits; numba's own operators would take 64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, w, x = arguments
        return builder.add(total, builder.mul(builder.sext(w, _I32), builder.sext(x, _I32)))

    return types.int32(types.int32, types.int8, types.int16), generate
