"""A processor's unit that multiplies small matrices at once (AMX), and whether this process may use it."""

import functools

import torch


@functools.cache
def has_matrix_unit() -> bool:
    """Whether there is one, and the system lets this process use it, which must be asked for: without leave, its
    instructions end the process. Asked by functions of torch that are no public part of it: where they are missing,
    the answer is no."""
    try:
        return bool(torch.cpu._is_amx_tile_supported() and torch.cpu._init_amx())
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
