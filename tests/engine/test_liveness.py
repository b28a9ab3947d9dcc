"""When a trainer counts as alive: by its pid here, by its heartbeat elsewhere, whatever the clocks say."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.liveness import SILENCE, alive
from engine.records import Status


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A status file that was written just now."""
    path = tmp_path / "status.json"
    path.write_text("{}")
    return path


def elsewhere(heartbeat: float, started: float = 0.0) -> Status:
    return Status(state="training", pid=7, host="another-machine", started=started, heartbeat=heartbeat)


def here(pid: int, heartbeat: float) -> Status:
    return Status(state="training", pid=pid, host=socket.gethostname(), heartbeat=heartbeat)


def gone() -> int:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


@pytest.mark.parametrize(("age", "lives"), [(0.0, True), (SILENCE - 5, True), (SILENCE + 5, False), (-5.0, True)])
def test_elsewhere_the_heartbeat_tells(file: Path, age: float, lives: bool) -> None:
    assert alive(elsewhere(time.time() - age), file) is lives


def test_a_start_counts_before_the_first_heartbeat(file: Path) -> None:
    assert alive(elsewhere(0.0, started=time.time() - 2), file)


def test_a_heartbeat_from_the_future_counts_from_when_it_was_written(file: Path) -> None:
    ahead = time.time() + 86_400
    assert alive(elsewhere(ahead), file)
    os.utime(file, (time.time() - SILENCE - 5,) * 2)
    assert not alive(elsewhere(ahead), file)


@pytest.mark.parametrize("lost", ["file", "time"])
def test_a_heartbeat_from_the_future_without_a_time_that_can_be_believed_is_none(file: Path, lost: str) -> None:
    if lost == "file":
        file.unlink()
    else:
        os.utime(file, (time.time() + 86_400,) * 2)
    assert not alive(elsewhere(time.time() + 86_400), file)


def test_here_the_process_tells_as_long_as_it_beats_at_all(file: Path) -> None:
    now = time.time()
    assert alive(here(os.getpid(), now - 5 * SILENCE), file)  # a machine that is busy
    assert not alive(here(os.getpid(), now - 11 * SILENCE), file)  # the pid of something else by now
    assert not alive(here(gone(), now), file)
