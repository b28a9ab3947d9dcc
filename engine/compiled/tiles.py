"""Products of float32 matrices for a few streams at a time, at the speed of the processor's multiplications.

A tile of results, `MOST` streams by `ROWS` rows of weights, stays in registers while their common numbers go by:
each step loads weights, which lie packed in the order of reading, and multiplies them by one number of each stream. So
a product for 8 streams is as quick as one for 2,000; a BLAS for large matrices gives half of that to 32 streams.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils as untyped_cgutils

from engine.compiled.copying import put, put_rows
from engine.compiled.jit import FEATURES, for_training, in_llvm
from engine.compiled.vectors import arrays, everywhere

Array = npt.NDArray[np.float32]
cgutils: Any = untyped_cgutils

# Sums in registers, with some left for the rest: 16 of 32 with AVX-512; 12 of 16 with AVX, or 24 of 32 of half the
# size. With AVX 8 x 1 vectors would load 9 times for 8 multiplications, not 8 times for 12: 70 GFLOP/s, not 100.
_WIDE = "+avx512f" in FEATURES
LANES = 16 if _WIDE else 8
VECTORS = 2
ROWS = LANES * VECTORS
MOST = 8 if _WIDE else 6
STREAMS = 8  # of a strip
PART = 8  # steps of a layer whose inputs are multiplied together, so that the weights for them are read once
# On one machine with AVX-512 MKL made 150 GFLOP/s where these tiles made 205; on an Intel 190 and 140. That the first
# was an AMD is a guess from its caches (docs/decisions.md).
QUICKER_THAN_MKL = _WIDE and binding.get_host_cpu_name().startswith("znver")
COLUMNS = 16  # of a strip, as `add_outer` reads them: a line of the cache
CHUNK = 512  # steps and streams of which `add_outer` packs x at a time, so that they stay in the nearest caches

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)


def _tile(streams: int, apart: int = 1) -> Any:
    """Makes a product for some streams: out[to_t, to + s, row + r] += Σ_k packed[panel, k, r] x[t, stream + s, k].

    The numbers of x along k lie `apart` from each other; its other steps are any.
    """

    @in_llvm
    def tile(
        _: Any, packed: Any, panel: Any, x: Any, t: Any, stream: Any, out: Any, to_t: Any, to: Any, row: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            of_weights, of_x, of_out = arrays(context, builder, signature, arguments, (0, 2, 5))
            panel, t, stream, to_t, to, row = (arguments[n] for n in (1, 3, 4, 6, 7, 8))
            length = cgutils.unpack_tuple(builder, of_x.shape)[2]

            def whole(n: int) -> Any:
                return ir.Constant(panel.type, n)

            def place(array: Any, *at: Any) -> Any:
                """Where array[at] is."""
                strides = cgutils.unpack_tuple(builder, array.strides)
                offset = whole(0)
                for index, stride in zip(at, strides, strict=True):
                    offset = builder.add(offset, builder.mul(index, stride))
                start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
                return builder.bitcast(builder.gep(start, [offset]), _FLOAT.as_pointer())

            def vector(pointer: Any, number: int) -> Any:
                return builder.bitcast(builder.gep(pointer, [whole(number * LANES)]), _VECTOR.as_pointer())

            weights = place(of_weights, panel, whole(0), whole(0))
            sources = [place(of_x, t, builder.add(stream, whole(s)), whole(0)) for s in range(streams)]
            outs = [place(of_out, to_t, builder.add(to, whole(s)), row) for s in range(streams)]
            multiply_add = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{LANES}f32"
            )
            sums = [[cgutils.alloca_once(builder, _VECTOR) for _ in range(VECTORS)] for _ in range(streams)]
            for s in range(streams):
                for v in range(VECTORS):
                    builder.store(builder.load(vector(outs[s], v), align=4), sums[s][v])
            with cgutils.for_range_slice(builder, whole(0), length, whole(1), inc=True) as (k, _):
                here = builder.gep(weights, [builder.mul(k, whole(ROWS))])
                some = [builder.load(vector(here, v), align=4) for v in range(VECTORS)]
                at = builder.mul(k, whole(apart))
                for s in range(streams):
                    number = everywhere(builder, builder.load(builder.gep(sources[s], [at])), LANES)
                    for v in range(VECTORS):
                        total = builder.load(sums[s][v])
                        builder.store(builder.call(multiply_add, [number, some[v], total]), sums[s][v])
            for s in range(streams):
                for v in range(VECTORS):
                    builder.store(builder.load(sums[s][v]), vector(outs[s], v), align=4)
            return context.get_dummy_value()

        number = types.intp
        return types.void(packed, number, x, number, number, out, number, number, number), generate

    return tile


_tile_of_most = _tile(MOST)
_tile_of_4 = _tile(4)
_tile_of_2 = _tile(2)
_tile_of_1 = _tile(1)
_tile_of_strip = _tile(8, apart=COLUMNS)


@for_training
def multiply(packed: Array, x: Array, out: Array) -> None:
    """out (T, B, N) += x (T, B, K) Wᵀ, with W packed in panels (P, K, ROWS). Both may be parts of larger arrays."""
    length = packed.shape[1]
    steps, streams, rows = out.shape
    some = np.empty((1, MOST, length), dtype=np.float32)
    edge = np.empty((1, MOST, ROWS), dtype=np.float32)
    for panel in range(len(packed)):
        row = panel * ROWS
        width = min(ROWS, rows - row)
        for t in range(steps):
            stream = 0
            while stream < streams:
                left = streams - stream
                most = left >= MOST and (MOST == 8 or left != 8)  # 8 is twice 4, rather than 6 and 2
                count = MOST if most else 4 if left >= 4 else 2 if left >= 2 else 1
                if width < ROWS:
                    for s in range(count):
                        put(x[t, stream + s], some[0, s])
                        put(out[t, stream + s, row:], edge[0, s])
                    _tile_of_most(packed, panel, some, 0, 0, edge, 0, 0, 0)
                    for s in range(count):
                        put(edge[0, s, :width], out[t, stream + s, row:])
                elif count == MOST:
                    _tile_of_most(packed, panel, x, t, stream, out, t, stream, row)
                elif count == 4:
                    _tile_of_4(packed, panel, x, t, stream, out, t, stream, row)
                elif count == 2:
                    _tile_of_2(packed, panel, x, t, stream, out, t, stream, row)
                else:
                    _tile_of_1(packed, panel, x, t, stream, out, t, stream, row)
                stream += count


@for_training
def into_strips(rows: Array, strips: Array, start: int) -> None:
    """Rows (·, N), each cut into pieces: to strips (N / COLUMNS, K, COLUMNS), from `start` on, if there are any."""
    for strip in range(len(strips)):
        at = strip * COLUMNS
        for row in range(len(rows)):
            piece = strips[strip, start + row]
            for column in range(COLUMNS):
                piece[column] = rows[row, at + column]


@for_training
def add_outer(strips: Array, x: Array, out: Array, columns: Array, first: int, last: int) -> None:
    """out (N, M) += dᵀ x, summed over K steps and streams, for panels first to last of `ROWS` columns of out.

    d (K, ·) lies in `strips` (S, K, COLUMNS), and x is (K, M). Eight rows of out are for each of `columns` (N / 8,)
    int64: an eighth column of d.
    """
    length, width = x.shape
    packed = np.zeros((last - first, CHUNK, ROWS), dtype=np.float32)
    edge = np.empty((1, STREAMS, ROWS), dtype=np.float32)
    whole = out.reshape((1, len(out), width))
    for start in range(0, length, CHUNK):
        stop = min(start + CHUNK, length)
        for panel in range(first, last):
            row = panel * ROWS
            count = min(ROWS, width - row)
            for k in range(start, stop):
                put(x[k, row : row + count], packed[panel - first, k - start])
        some = strips[:, start:stop].transpose(0, 2, 1)
        for group in range(len(columns)):
            strip, column = divmod(columns[group] * STREAMS, COLUMNS)
            place = group * STREAMS
            for panel in range(first, last):
                row = panel * ROWS
                if row + ROWS <= width:
                    _tile_of_strip(packed, panel - first, some, strip, column, whole, 0, place, row)
                else:
                    put_rows(out[place : place + STREAMS, row:], edge[0])
                    _tile_of_strip(packed, panel - first, some, strip, column, edge, 0, 0, 0)
                    put_rows(edge[0, :, : width - row], out[place : place + STREAMS, row:])
