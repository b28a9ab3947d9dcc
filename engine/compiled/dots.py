"""Products of bytes, summed exactly in 32 bits, so the same on every processor and in every order.

With AVX-512 VNNI they are made in tiles, as those of `engine.compiled.tiles` are: `ROWS` rows of weights by a few
streams, whose sums stay in registers while their common numbers go by, four at a time.
"""

import functools
import itertools
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils

from engine.compiled.jit import FEATURES, in_llvm
from engine.compiled.matrix_tiles import HAS_BYTES
from engine.compiled.vectors import arrays, everywhere

cgutils: Any = untyped_cgutils
LANES = 64  # bytes that the widest instruction takes
ROWS = 32  # of a panel: the weights of as many rows lie together, four bytes of each
STREAMS = 8  # of a tile, at most: 16 sums of 32 registers

# Multiplies 64 unsigned bytes by 64 signed ones and adds four neighbours each (AVX-512 VNNI). Other processors get x in
# 16 bits and a loop that LLVM turns into the best that they have, which takes twice as long.
HAS_VNNI = "+avx512vnni" in FEATURES
HAS_UNIT = HAS_VNNI and HAS_BYTES  # a matrix unit, for several streams
# Rows, and what a tile may begin or end with, are as long as a multiple of this.
PART = 64 if HAS_UNIT else 16
INPUT = np.uint8 if HAS_VNNI else np.int16
MIDDLE = 128 if HAS_VNNI else 0  # what stands for 0 in x; taken off again with the sum of the row's weights

_I32 = ir.IntType(32)
_WORDS = LANES // 4
_SUMS = ir.VectorType(_I32, _WORDS)
_VECTORS = ROWS // _WORDS


def _tile(streams: int) -> Any:
    """Makes a product for some streams: sums[s, r] += Σ_k packed[panel, start + k, r] · x[stream + s, k], where an
    index k stands for four bytes that lie together.

    packed is (P, K / 4, ROWS, 4) int8; x (B, ·) uint8 has the numbers from `start` to `stop`; sums are (·, ROWS) int32.
    """
    # A sum that waits for its last addition makes the processor wait: so there are eight at least, over different k.
    phases = max(1, 4 // streams)

    @in_llvm
    def tile(_: Any, packed: Any, panel: Any, start: Any, stop: Any, x: Any, stream: Any, sums: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, inputs, results = arrays(context, builder, signature, arguments, (0, 4, 6))
            panel, start, stop, stream = (arguments[n] for n in (1, 2, 3, 5))
            quarters = cgutils.unpack_tuple(builder, weights.shape)[1]
            width = cgutils.unpack_tuple(builder, inputs.strides)[0]

            def whole(n: int) -> Any:
                return ir.Constant(panel.type, n)

            def vector(pointer: Any, bytes_on: Any) -> Any:
                return builder.bitcast(builder.gep(pointer, [bytes_on]), _SUMS.as_pointer())

            def four_of(source: Any, k: Any) -> Any:
                pointer = builder.gep(source, [builder.mul(k, whole(4))])
                return builder.load(builder.bitcast(pointer, _I32.as_pointer()), align=1)

            multiply = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_SUMS, [_SUMS] * 3), "llvm.x86.avx512.vpdpbusd.512"
            )
            first = builder.add(builder.mul(panel, quarters), start)
            of_weights = builder.gep(weights.data, [builder.mul(first, whole(4 * ROWS))])
            sources = [
                builder.gep(inputs.data, [builder.mul(builder.add(stream, whole(s)), width)]) for s in range(streams)
            ]
            out = builder.bitcast(results.data, ir.IntType(8).as_pointer())
            places = [[vector(out, whole(4 * ROWS * s + LANES * v)) for v in range(_VECTORS)] for s in range(streams)]
            totals = [
                [[cgutils.alloca_once(builder, _SUMS) for _ in range(_VECTORS)] for _ in range(streams)]
                for _ in range(phases)
            ]
            for phase, s, v in itertools.product(range(phases), range(streams), range(_VECTORS)):
                begun = builder.load(places[s][v], align=4) if phase == 0 else ir.Constant(_SUMS, None)
                builder.store(begun, totals[phase][s][v])
            length = builder.sub(stop, start)
            with cgutils.for_range_slice(builder, whole(0), length, whole(phases), inc=True) as (k, _):
                for phase in range(phases):
                    now = builder.add(k, whole(phase))
                    here = builder.gep(of_weights, [builder.mul(now, whole(4 * ROWS))])
                    some = [builder.load(vector(here, whole(LANES * v)), align=1) for v in range(_VECTORS)]
                    for s in range(streams):
                        four = everywhere(builder, four_of(sources[s], now), _WORDS)
                        for v in range(_VECTORS):
                            total = totals[phase][s][v]
                            builder.store(builder.call(multiply, [builder.load(total), four, some[v]]), total)
            for s, v in itertools.product(range(streams), range(_VECTORS)):
                parts = [builder.load(totals[phase][s][v]) for phase in range(phases)]
                builder.store(functools.reduce(builder.add, parts), places[s][v], align=4)
            return context.get_dummy_value()

        number = types.intp
        return types.void(packed, number, number, number, x, number, sums), generate

    return tile


tile_of_1, tile_of_2, tile_of_3, tile_of_4 = _tile(1), _tile(2), _tile(3), _tile(4)
tile_of_5, tile_of_6, tile_of_7, tile_of_8 = _tile(5), _tile(6), _tile(7), _tile(8)


@in_llvm
def multiply_add(_: Any, total: Any, w: Any, x: Any) -> Any:
    """total + w x in 32 bits; numba's own operators would take 64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, w, x = arguments
        return builder.add(total, builder.mul(builder.sext(w, _I32), builder.sext(x, _I32)))

    return types.int32(types.int32, types.int8, types.int16), generate
