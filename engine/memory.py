"""How much memory a training needs, from its settings alone, and how much there is. Free of torch.

What must be held between forwards and backwards, in float32 numbers a token: the embedded token, each layer's gates,
states and outputs, and the logits with their gradient. Going backwards, one layer at a time adds the gradients of its
gates and of its outputs. `docs/performance.md` has the derivation, `tests.bench.training` compares it with what the
operating system counts.
"""

import os
import sys
from pathlib import Path

from corpora.errors import InputError
from engine.parameters import parameters
from engine.settings import Cell, ModelConfig, TrainingConfig

NUMBER = 4  # bytes
# What going backwards through a cell needs of each unit and token: gates, states, and products that can't be undone.
KEPT: dict[Cell, int] = {"rnn-tanh": 1, "rnn-relu": 1, "gru": 5, "lstm": 6, "lstm-peephole": 7}
# Gradients of a cell's sums, likewise: a GRU's recurrent candidate has one of its own.
SUMS: dict[Cell, int] = {"rnn-tanh": 1, "rnn-relu": 1, "gru": 4, "lstm": 4, "lstm-peephole": 4}
COPIES = 6  # of the weights: themselves, gradient, two moments, average, the last good ones
PROCESS = 400 << 20  # bytes that Python and torch take themselves
GROUP = Path("/sys/fs/cgroup")  # a container's own limits
SPARE = 1.3  # what a measured step may need over the least


def activation_bytes(model: ModelConfig, batch: int, length: int) -> int:
    """The least that one training step of so many streams and tokens holds besides weights, in bytes."""
    H = model.hidden
    width = model.embedding + model.layers * KEPT[model.cell] * H + 2 * model.vocabulary
    backwards = (SUMS[model.cell] + 1) * H
    directions = 3 if model.bidirectional else 1  # the two-sided loss reads back once more
    return NUMBER * batch * length * (directions * width + backwards)


def training_bytes(model: ModelConfig, training: TrainingConfig) -> int:
    """What a training process will need at its largest, in bytes."""
    part = -(-training.batch // training.accumulate)
    return int(PROCESS + NUMBER * COPIES * parameters(model) + SPARE * activation_bytes(model, part, training.length))


def check_memory(model: ModelConfig, training: TrainingConfig, free: int | None) -> None:
    """Raises `InputError` where a training on the CPU can't fit into so many free bytes; None: nobody knows."""
    needed = training_bytes(model, training)
    if free is not None and needed > free:
        raise InputError(
            f"This training needs about {_gigabytes(needed)} of memory, and {_gigabytes(free)} are free: "
            f"{training.batch} streams of {training.length} tokens through {model.layers} x {model.hidden} units and "
            f"{model.vocabulary:,} tokens of vocabulary. Use a smaller --batch, --length or --hidden, or --accumulate."
        )


def free_bytes() -> int | None:
    """Memory that a process may still take here; None where the system doesn't say."""
    limits = [_available(), _left_in_group()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def may_have_gpu() -> bool:
    """Whether a training whose device is ``auto`` may take a GPU, whose memory is another."""
    return sys.platform == "darwin" or Path("/proc/driver/nvidia/version").exists()


def _available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        return None


def _left_in_group() -> int | None:
    """What a container's limit leaves (cgroup 2). What files are kept in memory for speed counts as free."""
    try:
        most = int((GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((GROUP / "memory.current").read_text(encoding="ascii"))
        kinds = dict(line.split() for line in (GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        files = int(kinds.get("inactive_file", 0)) + int(kinds.get("active_file", 0))
        return max(0, most - max(0, used - files))
    except (OSError, ValueError):  # no limit reads "max"
        return None


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size < 1e10 else f"{size / 1e9:.0f} GB"
