"""What a trainer says of itself in its status, and for how long."""

from pathlib import Path

import pytest

from engine.folder import ModelFolder
from engine.recording import Recorder


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, ""), (60.0, "Checkpoint saved at step 7")])
def test_what_has_just_happened_is_shown_for_a_moment(
    seconds: float, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.recording.PASSING", seconds)
    folder = ModelFolder(tmp_path)
    with Recorder(folder, started=0.0) as recorder:
        recorder.tell("Checkpoint saved at step 7")
    assert folder.status().message == shown


def test_what_is_being_done_is_shown_as_long_as_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.recording.PASSING", 0.0)
    folder = ModelFolder(tmp_path)
    with Recorder(folder, started=0.0) as recorder:
        recorder.tell("Checkpoint saved at step 7")
        recorder.say("Saving")
    assert folder.status().message == "Saving"
