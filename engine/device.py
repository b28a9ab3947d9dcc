"""Which device computes, how many threads, and in which precision."""

import contextlib
import os
from collections.abc import Iterator

import torch

from corpora.errors import InputError
from engine.settings import Device


def choose_device(asked: Device) -> torch.device:
    """The torch device for a setting; ``auto`` prefers CUDA, then the CPU.

    MPS is never chosen by itself: small recurrent layers are slower there than on the CPU's cores.
    Raises `InputError` where the device asked for is not there.
    """
    if asked == "cuda" and not torch.cuda.is_available():
        raise InputError("This machine (or this build of torch) has no CUDA device. Use --device cpu or auto.")
    if asked == "mps" and not torch.backends.mps.is_available():
        raise InputError("This machine (or this build of torch) has no MPS device. Use --device cpu or auto.")
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(asked)


def cores() -> int:
    """CPU cores that this process may use; ``PANTOUM_THREADS`` overrides."""
    chosen = os.environ.get("PANTOUM_THREADS", "")
    if chosen.isdigit() and int(chosen) > 0:
        return int(chosen)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Runs a block with so many torch threads. Small steps want 1: handing work over costs more than it saves."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def autocast(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """bfloat16 for matrix products on a CUDA device that has it; elsewhere float32 throughout."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()
