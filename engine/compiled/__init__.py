"""Kernels that numba compiles, for where it is installed (the extra ``fast``). All works without, slower.

Nothing outside asks for a kernel before `usable` (or, of those that train, `usable_for_training`) has said yes.
"""

import functools

from engine.environment import kernels_wanted


@functools.cache
def usable() -> bool:
    """Whether kernels can be compiled here and do what they should: tried once, on small rows."""
    if not kernels_wanted():
        return False
    try:
        from engine.compiled.trial import works

        return works()
    except Exception:  # numba is missing or too old, LLVM doesn't know this processor, …: none of it is an error here
        return False


@functools.cache
def usable_for_training() -> bool:
    """The same of the kernels that train."""
    if not usable():
        return False
    try:
        from engine.compiled.trial import multiplies

        return multiplies()
    except Exception:  # as above
        return False
