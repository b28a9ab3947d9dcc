"""A machine's speed: measured by another process, here a small script in its place, and remembered."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import InputError
from engine.settings import Device
from engine.speed import FILE, Speed, known_speed, measure_speed

Measuring = Callable[[str], None]


@pytest.fixture
def measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Measuring:
    """Puts a shell script in the place of the process that measures."""

    def put(script: str) -> None:
        path = tmp_path / "measure"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


def test_what_is_measured_is_remembered_for_its_device(measuring: Measuring, tmp_path: Path) -> None:
    measuring("echo 3.5e10 5e10 1 0.0 0.8")
    assert known_speed("cpu", tmp_path) is None
    assert measure_speed("cpu", tmp_path) == Speed(3.5e10, 5e10, True)
    measuring("echo 9e12 0.0 0 2e-5 1.0")
    measure_speed("cuda", tmp_path)
    assert [known_speed(device, tmp_path) for device in ("cpu", "cuda", "auto")] == [
        Speed(3.5e10, 5e10, True),
        Speed(9e12, latency=2e-5),
        None,
    ]


def test_what_was_measured_beside_other_programs_is_good_for_once(measuring: Measuring, tmp_path: Path) -> None:
    measuring("echo 1e10 2e10 0 0.0 0.45")
    assert measure_speed("cpu", tmp_path) == Speed(1e10, 2e10)
    assert known_speed("cpu", tmp_path) is None


@pytest.mark.parametrize(("format", "cuda"), [(1, None), (2, None), (3, Speed(9e12, latency=2e-5))])
def test_of_an_older_file_only_what_counted_everything_is_believed(
    format: int, cuda: Speed | None, measuring: Measuring, tmp_path: Path
) -> None:
    devices: tuple[Device, ...] = ("cpu", "auto", "cuda")
    for device, said in zip(devices, ["3.5e10 5e10 1 0.0", "3.5e10 5e10 1 0.0", "9e12 0.0 0 2e-5"], strict=True):
        measuring(f"echo {said} 1.0")
        measure_speed(device, tmp_path)
    path = tmp_path / FILE
    path.write_text(path.read_text().replace('"format": 4', f'"format": {format}'))
    assert [known_speed(device, tmp_path) for device in devices] == [None, None, cuda]


def test_only_some_layers_have_the_speed_of_bfloat16_and_only_where_it_may_be_used() -> None:
    speed = Speed(1e11, 2e11)
    assert (speed.layers("lstm", "auto"), speed.layers("lstm", "bf16")) == (2e11, 2e11)
    assert (speed.layers("lstm", "float32"), speed.layers("gru", "auto")) == (1e11, 1e11)
    assert Speed(1e11).layers("lstm", "auto") == 1e11
    on_unit = Speed(1e11, 2e11, on_unit=True)
    assert [on_unit.layers(cell, "auto") for cell in ("gru", "lstm-peephole", "rnn-tanh")] == [2e11, 2e11, 1e11]
    assert on_unit.layers("gru", "float32") == 1e11


def test_another_machines_file_is_not_believed(measuring: Measuring, tmp_path: Path) -> None:
    measuring("echo 3.5e10 5e10 1 0.0 0.8")
    measure_speed("cpu", tmp_path)
    path = tmp_path / FILE
    path.write_text(path.read_text().replace('"cores": ', '"cores": 9'))
    assert known_speed("cpu", tmp_path) is None


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo note >&2; echo 'This machine has no such device.' >&2; exit 1", "This machine has no such device."),
        ("exit 1", "This machine's speed can't be measured."),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    script: str, sentence: str, measuring: Measuring, tmp_path: Path
) -> None:
    measuring(script)
    with pytest.raises(InputError) as caught:
        measure_speed("cuda", tmp_path)
    assert str(caught.value) == sentence
    assert known_speed("cuda", tmp_path) is None


def test_who_gives_up_ends_the_measuring_process(measuring: Measuring, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    measuring(f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 60")

    def still_wanted() -> None:
        if started.exists():
            raise KeyError("not wanted")

    with pytest.raises(KeyError):
        measure_speed("cpu", tmp_path, still_wanted)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
