"""On how many threads work that somebody waits for is done."""

import io
import threading
import time
from pathlib import Path

import pytest
import torch

from engine import device
from engine.device import cores, idle_cores, threads
from engine.environment import service_environment, trainer_environment
from engine.serving import Service


@pytest.mark.parametrize(
    ("running", "cpus", "allowed", "wanted"),
    [
        (1, 2, 2, 2),  # nothing but this thread
        (0, 2, 2, 2),
        (2, 2, 2, 1),
        (3, 2, 2, 1),  # a training on both cores
        (40, 2, 2, 1),
        (3, 64, 2, 2),  # two cores of a large machine that has others to spare
        (64, 64, 2, 1),
        (5, 8, 8, 4),
    ],
)
def test_a_core_that_others_use_is_left_to_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, running: int, cpus: int, allowed: int, wanted: int
) -> None:
    load = tmp_path / "loadavg"
    load.write_text(f"0.50 0.40 0.30 {running}/181 4711\n")
    monkeypatch.setattr(device, "LOAD", load)
    monkeypatch.setattr("os.cpu_count", lambda: cpus)
    monkeypatch.setenv("PANTOUM_THREADS", str(allowed))
    assert idle_cores() == wanted


@pytest.mark.parametrize("content", [None, "", "0.5", "0.5 0.4 0.3 many/181 4711"])
def test_where_the_system_does_not_tell_all_cores_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    load = tmp_path / "loadavg"
    if content is not None:
        load.write_text(content)
    monkeypatch.setattr(device, "LOAD", load)
    assert idle_cores() == cores()


def test_a_thread_that_begins_beside_a_reading_on_all_cores_still_steps_on_one() -> None:
    counts: dict[str, int] = {}
    source, sink = io.BytesIO(), io.BytesIO()
    service = Service(source, sink)
    service._long["score"] = lambda raw, job: counts.update(job=torch.get_num_threads())
    service._slow["next"] = lambda raw: counts.update(worker=torch.get_num_threads())
    with threads(3):
        for method in ("score", "next"):
            assert service._receive(b'{"jsonrpc": "2.0", "id": "%s", "method": "%s"}' % ((method.encode(),) * 2))
        end = time.monotonic() + 20
        while len(counts) < 2:
            assert time.monotonic() < end
            time.sleep(0.005)
    assert counts == {"job": 1, "worker": 1}


def test_a_cancellation_is_heard_while_the_service_looks_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    looking, found = threading.Event(), threading.Event()

    def choose(asked: str) -> torch.device:
        looking.set()
        assert found.wait(60)
        return torch.device("cpu")

    monkeypatch.setattr("engine.serving.choose_device", choose)
    sink = io.BytesIO()
    service = Service(io.BytesIO(), sink)
    receive = threading.Thread(
        target=lambda: [
            service._receive(b'{"jsonrpc": "2.0", "id": 1, "method": "hello"}'),
            service._receive(b'{"jsonrpc": "2.0", "id": 2, "method": "cancel", "params": {"stream": 7}}'),
        ],
        daemon=True,
    )
    receive.start()
    assert looking.wait(20)
    receive.join(5)
    answered = sink.getvalue()
    found.set()
    assert b'"running":false' in answered


def test_threads_that_wait_hardly_spin_unless_a_person_wants_them_to() -> None:
    for environment in (service_environment, trainer_environment):
        assert int(environment({})["GOMP_SPINCOUNT"]) <= 2000
        assert (
            environment({"GOMP_SPINCOUNT": "7", "HOME": "/x"}).items() >= {"GOMP_SPINCOUNT": "7", "HOME": "/x"}.items()
        )
