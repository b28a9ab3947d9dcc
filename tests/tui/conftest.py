"""A home folder of its own for every test that asks for one, and a machine whose speed nobody really measures."""

from pathlib import Path

import pytest

from corpora.errors import InputError
from tui.commandline import runs
from tui.screens import machine_speed


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder that Pantoum uses for the length of a test."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("PANTOUM_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring fails at once, unless a test puts something else in its place."""

    def fail(device: str, **_: object) -> float:
        raise InputError("This machine's speed can't be measured.")

    for module in (runs, machine_speed):
        monkeypatch.setattr(module, "measure_speed", fail)


@pytest.fixture(autouse=True)
def all_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app takes its terminal for one of all colours, whichever the tests run in."""
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "truecolor")
