"""A home folder of its own for every test that asks for one."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder that Pantoum uses for the length of a test."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("PANTOUM_HOME", str(folder))
    return folder
