"""How kernels are compiled: by numba, for the processor at hand, once; later processes read what was compiled.

numba keeps the code beside its source, as Python keeps its own, and compiles again when that file changes. It doesn't
see changes of another file whose parts a kernel took in, as `products` those of `dots`: so when any file here is
another than when the code was compiled, all of that code goes (`forget_stale`).
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic

from engine.matrix_unit import has_matrix_unit

SOURCES = "sources.sha256"  # beside the code


def forget_stale(folder: Path) -> None:
    """Removes what was compiled from other sources than `folder` has now, or for a process that may use what this one
    may not. Where it can't be removed, it stays."""
    digest, cache = hashlib.sha256(bytes([has_matrix_unit()])), folder / "__pycache__"
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
        if not (cache / SOURCES).exists() or (cache / SOURCES).read_text() != digest.hexdigest():
            for path in cache.glob("*.nb[ci]"):
                path.unlink(missing_ok=True)
            cache.mkdir(exist_ok=True)
            (cache / SOURCES).write_text(digest.hexdigest())


forget_stale(Path(__file__).parent)

Function = TypeVar("Function", bound=Callable[..., object])

# Sums may be made in parts, and products be added without rounding in between. Infinities and NaN are not looked for:
# weights are finite (`LanguageModel.is_sound`).
_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}
_SOUND = _FAST - {"nnan", "ninf"}


def compiled(function: Function) -> Function:
    """The function as machine code that lets other threads run meanwhile."""
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=_FAST)(function))


def for_training(function: Function) -> Function:
    """The same, but NaN stays NaN: a training that went astray must be seen to have done so."""
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=_SOUND)(function))


def exactly(function: Function) -> Function:
    """The same without any freedom in its arithmetic, for code that handles infinities."""
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """A part of kernels in the same file."""
    return cast(Function, numba.njit(nogil=True, error_model="numpy", fastmath=_FAST, inline="always")(function))


def in_llvm(function: Callable[..., Any]) -> Any:
    """A part of kernels that is written in LLVM's own instructions: gives its types and what generates it."""
    return intrinsic(function)
