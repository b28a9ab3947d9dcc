"""When a trainer counts as alive: by its pid here, by its heartbeat elsewhere, whatever the clocks say."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from engine.liveness import SILENCE, _ahead, alive
from engine.locks import held
from engine.machine import machine
from engine.records import Status


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A status file that was written just now."""
    path = tmp_path / "status.json"
    path.write_text("{}")
    return path


def test_one_that_slept_lives_though_its_machine_has_another_name_by_now(file: Path, lock: Path) -> None:
    status = elsewhere(time.time() - 8 * 3600)
    age(file, 8 * 3600)
    with held(lock):
        assert not alive(status, file, lock)
        assert alive(msgspec.structs.replace(status, machine=machine()), file, lock) is (machine() != "")


def elsewhere(heartbeat: float, started: float = 0.0) -> Status:
    return Status(state="training", pid=7, host="another-machine", started=started, heartbeat=heartbeat)


def here(pid: int, heartbeat: float) -> Status:
    return Status(state="training", pid=pid, host=socket.gethostname(), heartbeat=heartbeat)


def gone() -> int:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def age(file: Path, seconds: float) -> None:
    """Has the file's time lie so far back."""
    os.utime(file, (time.time() - seconds,) * 2)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "train.log"


@pytest.mark.parametrize(("silent", "lives"), [(0.0, True), (SILENCE - 5, True), (SILENCE + 5, False), (-5.0, True)])
def test_elsewhere_the_heartbeat_tells(file: Path, lock: Path, silent: float, lives: bool) -> None:
    age(file, silent)
    assert alive(elsewhere(time.time() - silent), file, lock) is lives


def test_a_start_counts_before_the_first_heartbeat(file: Path, lock: Path) -> None:
    age(file, SILENCE + 5)
    assert alive(elsewhere(0.0, started=time.time() - 2), file, lock)


@pytest.mark.parametrize("wrong", [86_400.0, SILENCE + 5, -SILENCE - 5, -86_400.0])
def test_a_heartbeat_of_a_wrong_clock_counts_from_when_it_was_written(file: Path, lock: Path, wrong: float) -> None:
    assert alive(elsewhere(time.time() + wrong), file, lock)
    age(file, 86_400.0 + SILENCE)
    assert not alive(elsewhere(time.time() + wrong), file, lock)


@pytest.mark.parametrize("wrong", [3600.0, -3600.0])
def test_where_our_clock_is_the_wrong_one_the_disks_tells(
    file: Path, lock: Path, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = elsewhere(time.time())
    clock = time.time
    monkeypatch.setattr("engine.liveness.time.time", lambda: clock() + wrong)
    _ahead.cache_clear()
    assert alive(status, file, lock)
    os.utime(file, (clock() - SILENCE - 5,) * 2)
    assert not alive(status, file, lock)
    _ahead.cache_clear()


@pytest.mark.parametrize("lost", ["file", "time"])
def test_a_heartbeat_from_the_future_without_a_time_that_can_be_believed_is_none(
    file: Path, lock: Path, lost: str
) -> None:
    if lost == "file":
        file.unlink()
    else:
        age(file, -86_400)
    assert not alive(elsewhere(time.time() + 86_400), file, lock)


def test_here_the_process_tells_as_long_as_it_beats_at_all(file: Path, lock: Path) -> None:
    now = time.time()
    age(file, 11 * SILENCE)
    assert alive(here(os.getpid(), now - 5 * SILENCE), file, lock)  # a machine that is busy
    assert not alive(here(os.getpid(), now - 11 * SILENCE), file, lock)  # the pid of something else by now
    assert not alive(here(gone(), now), file, lock)


def test_one_that_slept_with_its_machine_lives_by_the_lock_it_holds(file: Path, lock: Path) -> None:
    asleep = here(os.getpid(), time.time() - 8 * 3600)
    age(file, 8 * 3600)
    with held(lock):
        assert alive(asleep, file, lock)
        assert not alive(here(gone(), asleep.heartbeat), file, lock)
    assert not alive(asleep, file, lock)
