"""Functions of one number that LLVM makes vectors of, as parts of kernels."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from engine.compiled.jit import in_llvm, inlined

_FLOAT, _WORD, _HALF = ir.FloatType(), ir.IntType(32), ir.IntType(16)
_ONE, _TWO = np.float32(1.0), np.float32(2.0)
_LOWEST, _HIGHEST = np.float32(-87.0), np.float32(87.0)  # e to more than this is no float32 number
_PER_OCTAVE = np.float32(1.4426950408889634)  # 1 / ln 2
# ln 2 in two parts, the first with few digits, so that its multiples are exact (Cody & Waite 1980).
_LN2_MOST, _LN2_REST = np.float32(0.693359375), np.float32(-2.12194440e-4)


@in_llvm
def nearest_whole(_: Any, x: Any) -> Any:
    """x as a whole number, still a float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [ir.FloatType()]), arguments)

    return types.float32(types.float32), generate


@in_llvm
def power_of_two(_: Any, n: Any) -> Any:
    """2 to the n for a whole n from -126 to 127: its bits are those of n + 127 as an exponent."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        exponent = builder.add(builder.fptosi(arguments[0], whole), ir.Constant(whole, 127))
        return builder.bitcast(builder.shl(exponent, ir.Constant(whole, 23)), ir.FloatType())

    return types.float32(types.float32), generate


@inlined
def exp(x: np.float32) -> np.float32:
    """e to the x, to a relative 2e-7: the series of the rest after whole powers of two."""
    # By comparisons that are false of NaN, which so stays NaN.
    x = _LOWEST if x < _LOWEST else x
    x = _HIGHEST if x > _HIGHEST else x
    n = nearest_whole(x * _PER_OCTAVE)
    r = x - n * _LN2_MOST - n * _LN2_REST
    series = np.float32(1.0 / 5040.0)
    series = series * r + np.float32(1.0 / 720.0)
    series = series * r + np.float32(1.0 / 120.0)
    series = series * r + np.float32(1.0 / 24.0)
    series = series * r + np.float32(1.0 / 6.0)
    series = series * r + np.float32(0.5)
    power: np.float32 = (series * r * r + r + _ONE) * power_of_two(n)
    return power


@inlined
def sigmoid(x: np.float32) -> np.float32:
    return _ONE / (_ONE + exp(-x))


@inlined
def tanh_of(x: np.float32) -> np.float32:
    return _TWO / (_ONE + exp(-_TWO * x)) - _ONE


@in_llvm
def widened(_: Any, number: Any) -> Any:
    """A number that is held as float32, or as the whole number (uint16) that a bfloat16's bits are: the upper half of
    a float32's."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if number == types.float32:
            return arguments[0]
        return builder.bitcast(builder.shl(builder.zext(arguments[0], _WORD), ir.Constant(_WORD, 16)), _FLOAT)

    return types.float32(number), generate


@in_llvm
def held_as(_: Any, x: Any, number: Any) -> Any:
    """The float32 x as `number` is held: a bfloat16 rounded to the nearest, of two as near ones to the even one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if number == types.float32:
            return arguments[0]
        bits = builder.bitcast(arguments[0], _WORD)
        odd = builder.and_(builder.lshr(bits, ir.Constant(_WORD, 16)), ir.Constant(_WORD, 1))
        rounded = builder.add(builder.add(bits, ir.Constant(_WORD, 0x7FFF)), odd)
        return builder.trunc(builder.lshr(rounded, ir.Constant(_WORD, 16)), _HALF)

    return number(types.float32, number), generate


_NO_HALF = np.uint16(0)


@inlined
def halved(x: np.float32) -> np.uint16:
    """x as a bfloat16."""
    half: np.uint16 = held_as(x, _NO_HALF)
    return half
