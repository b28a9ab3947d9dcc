"""Words of 32 bits, each a pair of bfloat16, put into the order in which a matrix unit reads them: two rows woven into
one, and squares of 16 by 16 words turned over their diagonal in registers.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils

from engine.compiled.jit import in_llvm
from engine.compiled.vectors import arrays

cgutils: Any = untyped_cgutils
SIDE = 16
_WORD, _HALF = ir.IntType(32), ir.IntType(16)
_WORDS, _HALVES = ir.VectorType(_WORD, SIDE), ir.VectorType(_HALF, SIDE)


def _every(number: int) -> Any:
    return ir.Constant(_WORDS, [number] * SIDE)


def _below(builder: Any, row: Any, rows: int) -> Any:
    return builder.add(row, ir.Constant(row.type, rows))


def _place(builder: Any, array: Any, row: Any, column: Any, kind: Any) -> Any:
    """Where array[row, column] is."""
    strides = cgutils.unpack_tuple(builder, array.strides)
    offset = builder.add(builder.mul(row, strides[0]), builder.mul(column, strides[1]))
    start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(start, [offset]), kind.as_pointer())


def _words(builder: Any, array: Any, row: Any, column: Any, *, exact: bool) -> Any:
    """16 numbers of a row as bfloat16, each in a word's lower half."""
    if not exact:
        return builder.zext(builder.load(_place(builder, array, row, column, _HALVES), align=2), _WORDS)
    bits = builder.load(_place(builder, array, row, column, _WORDS), align=4)
    odd = builder.and_(builder.lshr(bits, _every(16)), _every(1))  # to the nearest: see `functions.held_as`
    return builder.lshr(builder.add(builder.add(bits, _every(0x7FFF)), odd), _every(16))


def _pair(builder: Any, array: Any, row: Any, column: Any, *, exact: bool) -> Any:
    """16 numbers of a row and those below them, in a word each."""
    one, other = (_words(builder, array, _below(builder, row, n), column, exact=exact) for n in range(2))
    return builder.or_(one, builder.shl(other, _every(16)))


def _turned(builder: Any, rows: list[Any]) -> list[Any]:
    """The columns of 16 vectors: four times, halves of them change places at half the distance."""
    distance = SIDE // 2
    while distance:
        low = [n if not n & distance else n - distance + SIDE for n in range(SIDE)]
        high = [n + distance if not n & distance else n + SIDE for n in range(SIDE)]
        after = list(rows)
        for row in range(SIDE):
            if not row & distance:
                one, other = rows[row], rows[row + distance]
                for place, lanes in ((row, low), (row + distance, high)):
                    mask = ir.Constant(ir.VectorType(_WORD, SIDE), lanes)
                    after[place] = builder.shuffle_vector(one, other, mask)
        rows, distance = after, distance // 2
    return rows


def _square(*, rows: bool) -> Any:
    """Makes what turns a square: out[to_row + n, to + k] = the pair of x[row + 2 k, column + n] and the number below
    it, with `rows`; otherwise of x[row + k, column + 2 n] and the number right of it.

    x has bfloat16 (as uint16), or float32, and then they are rounded; out has words.
    """

    @in_llvm
    def square(_: Any, x: Any, row: Any, column: Any, out: Any, to_row: Any, to: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            of_x, of_out = arrays(context, builder, signature, arguments, (0, 3))
            row, column, to_row, to = (arguments[n] for n in (1, 2, 4, 5))
            exact = x.dtype == types.float32

            def words(k: int) -> Any:
                if rows:
                    return _pair(builder, of_x, _below(builder, row, 2 * k), column, exact=exact)
                one, other = (
                    _words(builder, of_x, _below(builder, row, k), _below(builder, column, n), exact=exact)
                    for n in (0, SIDE)
                )
                even, odd = (
                    builder.shuffle_vector(one, other, ir.Constant(_WORDS, list(range(n, 2 * SIDE, 2)))) for n in (0, 1)
                )
                return builder.or_(even, builder.shl(odd, _every(16)))

            for n, turned in enumerate(_turned(builder, [words(k) for k in range(SIDE)])):
                builder.store(turned, _place(builder, of_out, _below(builder, to_row, n), to, _WORDS), align=4)
            return context.get_dummy_value()

        number = types.intp
        return types.void(x, number, number, out, number, number), generate

    return square


@in_llvm
def pair_of_rows(_: Any, x: Any, row: Any, column: Any, out: Any, to_row: Any, to: Any) -> Any:
    """out[to_row, to + n] = the pair of x[row, column + n] and x[row + 1, column + n], for n up to 16: words of two
    bfloat16, which x holds as such (uint16) or as float32, and then they are rounded."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        of_x, of_out = arrays(context, builder, signature, arguments, (0, 3))
        row, column, to_row, to = (arguments[n] for n in (1, 2, 4, 5))
        pair = _pair(builder, of_x, row, column, exact=x.dtype == types.float32)
        builder.store(pair, _place(builder, of_out, to_row, to, _WORDS), align=4)
        return context.get_dummy_value()

    number = types.intp
    return types.void(x, number, number, out, number, number), generate


square_of_columns, square_of_rows = _square(rows=False), _square(rows=True)
