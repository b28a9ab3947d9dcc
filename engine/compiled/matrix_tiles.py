"""Products on a processor's matrix unit (AMX). It has eight registers, each a *tile* of 16 rows of 64 bytes, and adds
the product of two of them to a third in one instruction.

Four tiles hold sums, of two times 16 streams by two times 16 rows of weights; two hold what they read of the streams,
and two the weights, which lie in panels as the products without a unit read them.
"""

import itertools
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils

from engine.compiled.jit import FEATURES, in_llvm
from engine.compiled.vectors import arrays
from engine.matrix_unit import has_matrix_unit

cgutils: Any = untyped_cgutils
# Whether there is one, and it takes bytes, and bfloat16.
HAS_BYTES, HAS_HALVES = (
    has_matrix_unit() and {"+avx512f", "+amx-tile", f"+amx-{kind}"} <= FEATURES for kind in ("int8", "bf16")
)
ROWS = 16  # of a tile
WIDTH = 64  # bytes of a tile's row
STREAMS = 2 * ROWS  # that are multiplied at once, at most
_SUMS, _STREAMS, _WEIGHTS = (0, 2), (4, 5), (6, 7)  # tiles; from each of the first on two, for 16 streams

_BYTE, _LONG = ir.IntType(8), ir.IntType(64)
_POINTER = _BYTE.as_pointer()


def _call(builder: Any, name: str, *arguments: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [each.type for each in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}"), arguments)


def _number(tile: int) -> Any:
    return ir.Constant(_BYTE, tile)


@in_llvm
def configure(_: Any, streams: Any) -> Any:
    """Makes the unit ready for as many streams, from 1 to `STREAMS`: says how many rows each tile has, and how wide
    these are, in 64 bytes as the processor's manual lays them out."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (streams,) = arguments
        rows, one = ir.Constant(streams.type, ROWS), ir.Constant(streams.type, 1)
        more = builder.icmp_signed(">", streams, rows)
        first = builder.select(more, rows, streams)
        second = builder.select(more, builder.sub(streams, rows), one)
        shapes = cgutils.alloca_once(builder, ir.ArrayType(_BYTE, 64))
        builder.store(
            ir.Constant(ir.ArrayType(_BYTE, 64), [1, *[0] * 15, *[WIDTH, 0] * 8, *[0] * 16, *[ROWS] * 8, *[0] * 8]),
            shapes,
        )
        for tile, count in ((0, first), (1, first), (2, second), (3, second), (4, first), (5, second)):
            place = builder.gep(shapes, [_LONG(0), _LONG(48 + tile)])
            builder.store(builder.trunc(count, _BYTE), place)
        _call(builder, "ldtilecfg", builder.bitcast(shapes, _POINTER))
        return context.get_dummy_value()

    return types.void(types.intp), generate


@in_llvm
def release(_: Any) -> Any:
    """Empties the unit, as whoever used it must: else its registers are saved and restored between threads."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _call(builder, "tilerelease")
        return context.get_dummy_value()

    return types.void(), generate


def _panel(blocks: int, product: str, *, adds: bool) -> Any:
    """Makes a product of `blocks` times 16 streams with a panel: sums[stream + s, 32 panel + r] = (or +=, if it `adds`)
    Σ_k packed[panel, k, r] · x[stream + s, k] for k from start to stop, where an index k stands for four bytes that lie
    together.

    packed is (P, K, 32, ·) and x (B, ·), of K times four bytes a row; sums are (B, 32 P) of 32 bits each. stop - start
    is a multiple of 16. The unit must be configured for the streams.
    """

    @in_llvm
    def panel_of(_: Any, packed: Any, panel: Any, start: Any, stop: Any, x: Any, stream: Any, sums: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, inputs, results = arrays(context, builder, signature, arguments, (0, 4, 6))
            panel, start, stop, stream = (arguments[n] for n in (1, 2, 3, 5))
            quarters = cgutils.unpack_tuple(builder, weights.shape)[1]
            width = cgutils.unpack_tuple(builder, inputs.strides)[0]
            apart = cgutils.unpack_tuple(builder, results.strides)[0]

            def whole(n: int) -> Any:
                return ir.Constant(panel.type, n)

            def on(pointer: Any, bytes_on: Any) -> Any:
                return builder.gep(builder.bitcast(pointer, _POINTER), [bytes_on])

            pair = whole(2 * WIDTH)  # bytes from one k of a panel to the next, and of one stream's sums
            of_panel = on(weights.data, builder.mul(builder.mul(panel, quarters), pair))
            sources = [
                on(inputs.data, builder.mul(builder.add(stream, whole(ROWS * block)), width)) for block in range(blocks)
            ]
            of_sums = on(results.data, builder.mul(panel, pair))
            rows = [
                on(of_sums, builder.mul(builder.add(stream, whole(ROWS * block)), apart)) for block in range(blocks)
            ]
            every = list(itertools.product(range(blocks), range(2)))
            for block, half in every:
                if adds:
                    place = on(rows[block], whole(WIDTH * half))
                    _call(builder, "tileloadd64", _number(_SUMS[block] + half), place, apart)
                else:
                    _call(builder, "tilezero", _number(_SUMS[block] + half))
            with cgutils.for_range_slice(builder, start, stop, whole(ROWS), inc=True) as (k, _):
                here = on(of_panel, builder.mul(k, pair))
                for half in range(2):
                    _call(builder, "tileloadd64", _number(_WEIGHTS[half]), on(here, whole(WIDTH * half)), pair)
                for block in range(blocks):
                    there = on(sources[block], builder.mul(k, whole(4)))
                    _call(builder, "tileloadd64", _number(_STREAMS[block]), there, width)
                    for half in range(2):
                        tiles = (_SUMS[block] + half, _STREAMS[block], _WEIGHTS[half])
                        _call(builder, product, *map(_number, tiles))
            for block, half in every:
                place = on(rows[block], whole(WIDTH * half))
                _call(builder, "tilestored64", _number(_SUMS[block] + half), place, apart)
            return context.get_dummy_value()

        number = types.intp
        return types.void(packed, number, number, number, x, number, sums), generate

    return panel_of


# Unsigned bytes of the streams by signed ones of the weights, in whole numbers.
bytes_of_16, bytes_of_32 = (_panel(blocks, "tdpbusd", adds=False) for blocks in (1, 2))
# Pairs of bfloat16 by others, in float32.
halves_of_16, halves_of_32 = (_panel(blocks, "tdpbf16ps", adds=True) for blocks in (1, 2))
