"""What the engine's processes are started with. Free of torch."""

import os
from collections.abc import Mapping

# OpenMP's threads spin while they wait for each other, by default for milliseconds. Beside any other busy program that
# makes them slower by a hundred times, as they spin away the time that the one they wait for could have had. Less than
# this costs a sixth of the speed of a machine with nothing else to do.
SPINS = {"GOMP_SPINCOUNT": "2000"}

# One thread for numpy's BLAS. Two read a matrix twice as fast while nothing else runs (145 µs a step at 2 x 512, not
# 240); beside a training, where each waits for the other's turn, they take ten times as long (4,400 µs, not 380).
SETTINGS = {"OPENBLAS_NUM_THREADS": "1", **SPINS}

# How far the service steps back before the app. Its threads can want more cores than there are, and a key press then
# waited for up to 0.4 s for the app's turn. That holds within one session only (Linux's autogroups): both are in one.
NICE = 9

# And a trainer before both: writing goes on as before beside it, and with nothing else to do it has the machine.
TRAINER_NICE = 14


def service_environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`base` with the settings that suit stepping, where the person has made none."""
    return {**SETTINGS, **base}


def trainer_environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The same for training."""
    return {**SPINS, **base}


def kernels_wanted() -> bool:
    """Whether kernels may be compiled (`engine.compiled`): ``PANTOUM_COMPILED=0`` does without."""
    return os.environ.get("PANTOUM_COMPILED") != "0"
