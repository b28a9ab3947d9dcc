"""Memory that a training process keeps for its next step."""

import subprocess
import sys

import pytest

from engine.allocation import keep_freed

PROGRAM = """
import ctypes, resource, sys
from engine.allocation import keep_freed

keeps = sys.argv[1] == "keeps" and keep_freed()
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
library.free.argtypes = (ctypes.c_void_p,)
ctypes.memset.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
SIZE, TIMES = 8 << 20, 20

def step():
    block = library.malloc(SIZE)
    ctypes.memset(block, 1, SIZE)
    library.free(block)

if not keeps:  # as if the person, or another library, had given it a small threshold
    library.mallopt(-3, 1 << 20)
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(TIMES):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told")
def test_what_was_freed_is_used_again_without_asking_the_system() -> None:
    pages = 20 * (8 << 20) // 4096
    assert page_faults("gives back") > pages // 2  # the count counts
    assert page_faults("keeps") < pages // 100


def test_elsewhere_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed()
