"""What kernels have in common that are written in LLVM's own instructions: arrays, and vectors of equal numbers."""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir


def arrays(context: Any, builder: Any, signature: Any, arguments: Any, places: Sequence[int]) -> list[Any]:
    """The arguments at these places as arrays, with their data, shape and strides."""
    return [context.make_array(signature.args[place])(context, builder, arguments[place]) for place in places]


def everywhere(builder: Any, number: Any, lanes: int) -> Any:
    """A vector with this number in all of its lanes."""
    nothing = ir.Constant(ir.VectorType(number.type, lanes), ir.Undefined)
    one = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))
