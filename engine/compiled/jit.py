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
from llvmlite import binding
from numba.core import codegen as untyped_codegen
from numba.core.options import DefaultOptions
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


codegen: Any = untyped_codegen
config: Any = numba.config
forget_stale(Path(__file__).parent)

# LLVM ends the process over an option that it doesn't know (any more).
_KNOWN = binding.llvm_version_info[0] <= 22

if _KNOWN and config.CPU_FEATURES is None and "+avx512f" in codegen.get_host_cpu_features():
    # LLVM fills half of these processors' registers, as older ones got slower by using all; these kernels gain.
    config.CPU_FEATURES = f"{codegen.get_host_cpu_features()},-prefer-256-bit"

# What kernels may use, as "+avx512f". Asked of numba, which may have been told to do without: LLVM ends the process
# over an instruction that it may not use.
FEATURES = frozenset(
    (codegen.get_host_cpu_features() if config.CPU_FEATURES is None else str(config.CPU_FEATURES)).split(",")
)

# A loop becomes vectors where its arrays turn out not to overlap. LLVM compares the places of eight at most, and else
# leaves it as it is; a cell's step goes through twenty.
if _KNOWN:
    binding.set_option("pantoum", "-runtime-memory-check-threshold=500")

Function = TypeVar("Function", bound=Callable[..., object])

# Sums may be made in parts, and products be added without rounding in between. Infinities and NaN are not looked for:
# weights are finite (`LanguageModel.is_sound`).
_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}
_SOUND = _FAST - {"nnan", "ninf"}

# No public part of numba: where it is missing, kernels are only slower on several threads.
_UNCOUNTED: Any = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def compiled(function: Function) -> Function:
    """The function as machine code that lets other threads run meanwhile."""
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=_FAST)(function))


def for_training(function: Function) -> Function:
    """The same, but NaN stays NaN: a training that went astray must be seen to have done so."""
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=_SOUND)(function))


def among_threads(function: Function) -> Function:
    """The same for what several threads do with the same arrays: it doesn't count who holds them, as each count would
    fetch a line of the cache from the others. So it may make no arrays, and whoever calls it must hold all it is given.
    """
    return cast(
        Function, numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=_SOUND, **_UNCOUNTED)(function)
    )


def exactly(function: Function) -> Function:
    """The same without any freedom in its arithmetic, for code that handles infinities."""
    return cast(Function, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """A part of kernels in the same file."""
    return cast(Function, numba.njit(nogil=True, error_model="numpy", fastmath=_FAST, inline="always")(function))


def in_llvm(function: Callable[..., Any]) -> Any:
    """A part of kernels that is written in LLVM's own instructions: gives its types and what generates it."""
    return intrinsic(function)
