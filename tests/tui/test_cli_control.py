"""`pantoum watch`, `extend`, `change`, `queue`, `rename`, `notes`, `remove`, `restore` and `compare`."""

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import msgspec
import pytest

from engine.folder import ModelFolder, ModelLibrary
from engine.records import ControlLine, State, Status
from tests.tui.cli_tools import VERSES, make_model, remember_speed, until
from tests.tui.recorded import RecordedRun
from tui.cli import main
from tui.commandline import controlling


@pytest.fixture(autouse=True)
def in_folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """How often a runner of the queue was asked for."""
    asked: list[bool] = []

    def ensure(*_: object) -> bool:
        asked.append(True)
        return True

    monkeypatch.setattr("tui.training.actions.ensure_runner", ensure)
    monkeypatch.setattr(controlling, "ensure_runner", ensure)
    return asked


def alive(folder: ModelFolder, state: State = "training", *, step: int = 50) -> None:
    now = time.time()
    folder.write_status(
        Status(state=state, pid=os.getpid(), host=socket.gethostname(), started=now, heartbeat=now, step=step)
    )


def asked_of(folder: ModelFolder) -> list[tuple[str, str, float]]:
    lines = [msgspec.json.decode(line, type=ControlLine) for line in folder.control_path.read_bytes().splitlines()]
    return [(line.request, line.setting, line.value) for line in lines]


def test_a_run_without_a_terminal_is_told_line_by_line_from_its_beginning(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RecordedRun(home)
    run.train(300)
    run.finish()
    assert main(["watch", "bard"]) == 0
    said = capsys.readouterr()
    assert [line.split()[1] for line in said.out.splitlines()] == [str(step) for step in range(10, 301, 10)]
    assert "bard is finished, at step 300." in said.err
    assert "Still improving" in said.err


def test_a_run_that_goes_on_is_followed_to_its_end(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RecordedRun(home)
    run.status("training")
    handled = signal.getsignal(signal.SIGINT)

    def go_on() -> None:
        until(lambda: signal.getsignal(signal.SIGINT) != handled)
        run.train(100)
        run.finish()

    threading.Thread(target=go_on).start()
    assert main(["watch", "bard"]) == 0
    assert "step    100" in capsys.readouterr().out


def test_a_run_is_told_line_by_line_on_a_terminal_too_where_that_is_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controlling, "is_terminal", lambda stream: True)
    run = RecordedRun(home)
    run.train(100)
    run.finish()
    assert main(["watch", "bard", "--plain"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in said] == [str(step) for step in range(10, 101, 10)]


def test_leaving_does_not_stop_the_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RecordedRun.after(100, home)
    handled = signal.getsignal(signal.SIGINT)

    def leave() -> None:
        until(lambda: signal.getsignal(signal.SIGINT) != handled)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=leave).start()
    assert main(["watch", "bard", "--plain"]) == 0
    assert run.requests() == []
    assert "bard is training" in capsys.readouterr().err


def test_a_run_anywhere_on_the_disk_can_be_watched_and_a_failed_one_says_why(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RecordedRun(tmp_path / "cluster")
    run.train(100)
    run.status("failed", error="The disk is full.")
    assert main(["watch", str(run.folder.path), "--plain"]) == 1
    assert "The disk is full." in capsys.readouterr().err


def test_a_running_run_is_asked_for_the_change(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    alive(folder)
    assert main(["extend", "bard", "--steps", "50"]) == 0
    assert main(["change", "bard", "--learning-rate", "0.002", "--dropout", "0.3"]) == 0
    assert asked_of(folder) == [
        ("change", "steps", 50.0),
        ("change", "learning_rate", 0.002),
        ("change", "dropout", 0.3),
    ]
    assert folder.record().changes == ()  # the trainer writes them down, with its step
    assert "bard trains 50 steps longer." in capsys.readouterr().out


def test_a_run_at_rest_is_changed_in_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    assert main(["extend", "bard", "--steps", "100"]) == 0
    assert folder.record().training.steps == 200
    assert (folder.status().state, folder.status().progress) == ("stopped", 0.5)
    assert "pantoum resume bard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["extend", "bard", "--minutes", "5"], 1, "counted in steps"),
        (["extend", "bard"], 2, "--minutes or --steps"),
        (["change", "bard"], 2, "--learning-rate or --dropout"),
        (["change", "bard", "--dropout", "2"], 1, "dropout is 2"),
        (["queue", "bard"], 1, "pantoum extend bard"),
        (["queue", "--remove", "bard"], 1, "not in the queue"),
        (["rename", "bard", "…"], 1, "at least one letter"),
        (["restore", "bard"], 1, "in the trash"),
    ],
)
def test_what_can_not_be_done_is_said(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_model("bard")
    assert main(arguments) == code
    assert said in capsys.readouterr().err


def test_trainings_wait_in_the_queue_and_can_leave_it(
    home: Path, tmp_path: Path, runners: list[bool], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "verses.txt").write_text(VERSES)
    remember_speed(home, 1e11)
    for name in ("alder", "birch"):
        assert main(["train", "verses.txt", "--name", name, "--queue"]) == 0
    assert len(runners) == 2
    capsys.readouterr()
    assert main(["queue"]) == 0
    assert capsys.readouterr().out == "1  alder\n2  birch\n"
    assert len(runners) == 3  # a look also brings back a runner that was killed
    assert main(["queue", "--remove", "alder"]) == 0
    capsys.readouterr()
    assert main(["queue", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["birch"]
    assert ModelLibrary().get("alder").status().state == "prepared"


def test_a_model_is_renamed_folder_and_all_but_not_while_it_trains(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    make_model("poet")
    assert main(["rename", "bard", "Old Bard"]) == 0
    renamed = ModelLibrary().get("old bard")
    assert renamed.record().name == "Old Bard" and not folder.path.exists()
    assert main(["rename", "old-bard", "Poet"]) == 1
    alive(renamed)
    assert main(["rename", "old-bard", "bard"]) == 1
    assert "Stop it first" in capsys.readouterr().err


def test_notes_are_kept_in_a_plain_file(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    assert main(["notes", "bard", "The one with the good verbs."]) == 0
    assert (folder.path / "notes.txt").read_text() == "The one with the good verbs.\n"
    assert main(["notes", "bard"]) == 0
    assert capsys.readouterr().out == "The one with the good verbs.\n"


def test_a_removed_model_comes_back_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    assert main(["remove", "bard"]) == 0
    assert not folder.path.exists()
    assert main(["restore", "bard"]) == 0
    assert folder.record().name == "bard"


def test_two_models_are_compared_with_what_differs_first(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("bard")
    other = make_model("poet")
    record = other.record()
    other.write_record(msgspec.structs.replace(record, model=msgspec.structs.replace(record.model, hidden=77)))
    assert main(["compare", "bard", "poet"]) == 0
    different, same = capsys.readouterr().out.split("The same in both:")
    assert different.splitlines()[0].split() == ["bard", "poet"]
    assert [line.split() for line in different.splitlines()[1:] if line] == [["Hidden", "256", "77"]]
    assert "Layers 1" in same and "Hidden" not in same
    assert main(["compare", "bard", "poet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["Hidden"] == {"one": "256", "other": "77", "differs": True}
