"""What the engine service's process is started with. Free of torch."""

import os
from collections.abc import Mapping

THREADS = 2  # for a product of a matrix and a vector: more only wait for each other
# A logarithm of clock ticks, some 0.4 ms: numpy's second thread waits so long for the next product before it sleeps.
# Left alone it waits for 20 ms, and at a slow pace would keep a core busy with nothing.
WAIT = 20


def service_environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`base` with the settings of numpy's BLAS that suit stepping, where the person has set none."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = {"OPENBLAS_NUM_THREADS": str(min(THREADS, available)), "OPENBLAS_THREAD_TIMEOUT": str(WAIT)}
    return {**wanted, **base}
