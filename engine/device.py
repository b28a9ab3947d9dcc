"""Which device computes, and on how many threads."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import torch

from corpora.errors import InputError
from engine.machine_memory import free_bytes
from engine.ranks import ALONE, Place
from engine.settings import Device

LOAD = Path("/proc/loadavg")
BACKGROUND = 17  # how nice a thread is that nobody waits for: a tenth of a core beside one that somebody does


def choose_device(asked: Device, place: Place = ALONE) -> torch.device:
    """The torch device for a setting; ``auto`` prefers CUDA, then the CPU.

    Several ranks on one machine have a CUDA device each. MPS is never chosen by itself: small recurrent layers are
    slower there than on the CPU's cores.
    Raises `InputError` where the device asked for is not there.
    """
    if asked == "cuda" and not torch.cuda.is_available():
        raise InputError("This machine (or this build of torch) has no CUDA device. Use --device cpu or auto.")
    if asked == "mps" and not torch.backends.mps.is_available():
        raise InputError("This machine (or this build of torch) has no MPS device. Use --device cpu or auto.")
    if asked == "auto":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if place.ranks == 1:
        return torch.device(asked)
    if asked == "mps":
        raise InputError("Several ranks can train on CPUs or on CUDA devices, not on mps. Use --device cpu.")
    if asked == "cuda":
        if torch.cuda.device_count() < place.local_ranks:
            raise InputError(
                f"{socket.gethostname()} has {torch.cuda.device_count()} CUDA devices for {place.local_ranks} ranks. "
                "Give torchrun a smaller --nproc-per-node."
            )
        torch.cuda.set_device(place.local_rank)
        return torch.device("cuda", place.local_rank)
    return torch.device(asked)


def free_memory(device: torch.device) -> tuple[int | None, str]:
    """Bytes that a training may still take there, None where nobody knows, and what that memory is called."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0], "GPU memory"
    return free_bytes() if device.type == "cpu" else None, "memory"


def refused_memory(error: BaseException) -> str:
    """What memory it was that an operation did not get; empty where it failed for another reason."""
    if isinstance(error, torch.OutOfMemoryError):
        return "GPU memory"
    # torch has no class of its own for the CPU's.
    return "memory" if isinstance(error, MemoryError) or "can't allocate memory" in str(error) else ""


def cores() -> int:
    """CPU cores that this process may use; ``PANTOUM_THREADS`` overrides."""
    chosen = os.environ.get("PANTOUM_THREADS", "")
    if chosen.isdigit() and int(chosen) > 0:
        return int(chosen)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def idle_cores() -> int:
    """How many of `cores` nothing else wants just now, this thread's own among them: at least 1.

    torch's threads wait for each other after each operation. Where one shares its core with a training, two of them
    read ten times slower than one. All cores where the system doesn't tell (Linux does).
    """
    try:
        running = int(LOAD.read_text("ascii").split()[3].split("/")[0])  # of all processes, this thread among them
    except (OSError, ValueError, IndexError):
        return cores()
    return max(1, min(cores(), (os.cpu_count() or 1) - max(0, running - 1)))


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Runs a block with so many torch threads. Small steps want 1: handing work over costs more than it saves."""
    before = torch.get_num_threads()
    if count == before:  # setting them takes longer than a small step
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def begin_thread() -> None:
    """What a thread does first that computes beside others: one torch thread, as small steps want.

    A new one would take as many as another thread has at the moment, within a block of `threads`, and keep them.
    """
    torch.set_num_threads(1)


def step_back() -> None:
    """From now on this thread computes when no other wants to, where the system can tell threads apart (Linux)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND)
