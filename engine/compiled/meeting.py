"""Threads that go through the same steps and wait for each other after each, without leaving their kernel.

A meeting is one whole number in memory that all of them share, (1,) int64, 0 at first: how often anyone has arrived.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils

from engine.compiled.jit import compiled, in_llvm
from engine.compiled.vectors import arrays
from engine.teamwork import Meeting

cgutils: Any = untyped_cgutils
PATIENCE = 2000  # looks, some 40 µs, before a core is left to whoever else wants it

_LONG = ir.IntType(64)


@in_llvm
def _arrive(_: Any, meeting: Any) -> Any:
    """One more has arrived: what it wrote before is there for those who see this."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (shared,) = arrays(context, builder, signature, arguments, (0,))
        builder.atomic_rmw("add", shared.data, ir.Constant(_LONG, 1), "acq_rel")
        return context.get_dummy_value()

    return types.void(meeting), generate


@in_llvm
def _arrived(_: Any, meeting: Any) -> Any:
    """How often anyone has."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (shared,) = arrays(context, builder, signature, arguments, (0,))
        return builder.load_atomic(shared.data, "acquire", 8)

    return types.int64(meeting), generate


@in_llvm
def _pause(_: Any) -> Any:
    """A short rest that tells the processor that somebody waits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), generate


@in_llvm
def _give_way(_: Any) -> Any:
    """Leaves the core to another thread, if one wants it (`sched_yield` of the C library)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), generate


@compiled
def meet(meeting: Meeting, members: int, number: int) -> None:
    """Waits until all `members` have come to their meeting of this number, from 1 on."""
    if members == 1:
        return
    _arrive(meeting)
    looks = 0
    while _arrived(meeting) < members * number:
        looks += 1
        if looks < PATIENCE:
            _pause()
        else:
            _give_way()
