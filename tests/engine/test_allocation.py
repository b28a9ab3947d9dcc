"""Memory that a training process keeps for its next step."""

import subprocess
import sys

import pytest

from engine.allocation import give_back, keep_freed

PROGRAM = """
import ctypes, resource, sys
from engine.allocation import give_back, keep_freed

how = sys.argv[1]
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
library.free.argtypes = (ctypes.c_void_p,)
ctypes.memset.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)
SIZE, TIMES = 8 << 20, 20
if how == "as it is":
    library.mallopt(-3, 1 << 20)
elif not keep_freed():
    raise SystemExit("not told")

def step():
    block = library.malloc(SIZE)
    ctypes.memset(block, 1, SIZE)
    library.free(block)
    if how == "gives back":
        give_back()

step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(TIMES):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES = 20 * (8 << 20) // 4096  # that these steps touch


def page_faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told")
def test_what_was_freed_is_used_again_without_asking_the_system_until_it_is_given_back() -> None:
    assert page_faults("as it is") > PAGES // 2
    assert page_faults("keeps") < PAGES // 100
    assert page_faults("gives back") > PAGES // 2


def test_elsewhere_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed()
    give_back()
