"""`pantoum models` and `show`: what they say of folders that trainers left, whole and damaged."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.records import Results, Status
from tests.tui.cli_tools import FakeTrainer, make_model, until
from tui.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_without_models_it_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "pantoum train FILE --name NAME" in capsys.readouterr().out
    assert answer(capsys, "models") == []


def test_models_are_listed_in_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("bard")
    make_model("漢詩の本")
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["model", "unit", "cell", "size", "bits/char", "state", "made", "from"]
    assert {line.split()[0] for line in lines[1:]} == {"bard", "漢詩の本"}
    starts = {line.split()[0]: line.index("char") for line in lines[1:]}
    assert starts["bard"] == starts["漢詩の本"] + 4  # each of the four is as wide as two letters


def test_the_list_as_json_has_a_models_figures(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    best = Results(step=90, tokens=9, elapsed=1.0, validation_loss=1.2, bits_per_character=1.73, perplexity=3.3)
    folder.write_record(msgspec.structs.replace(folder.record(), results=best, parameters=12345))
    (listed,) = answer(capsys, "models")
    assert listed["slug"] == "bard"
    assert listed["path"] == str(folder.path)
    assert (listed["parameters"], listed["bits_per_character"], listed["state"]) == (12345, 1.73, "finished")


def test_a_damaged_model_is_listed_with_its_problem(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("whole")
    make_model("torn").record_path.write_text('{"format": 1, "name": "to')
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    assert "whole" in listed
    assert "can't be read" in next(line for line in listed.splitlines() if line.startswith("torn"))


@pytest.mark.parametrize(
    "contents", ["", "{", "[]", "null", '{"format": 99}', '{"format": 1}', '{"format": 1, "name": 3}', "\x00\xff" * 9]
)
def test_showing_a_damaged_model_is_one_sentence(contents: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("torn")
    folder.record_path.write_text(contents, encoding="latin-1")
    assert main(["show", "torn"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert str(folder.record_path) in said.err
    assert said.err.count("\n") == 1


def test_a_model_is_shown_with_its_newest_sample(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    FakeTrainer()(folder)
    until(lambda: folder.status().state == "finished")
    assert main(["show", "bard"]) == 0
    said = capsys.readouterr().out
    assert "Sample at step 3:\n  The wave number 3\n" in said
    assert "1.587 bits per character" in said
    assert "gru, 1 layer of 256" in said


def test_settings_that_are_out_of_the_ordinary_are_shown_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    assert main(["show", "bard"]) == 0
    plain = capsys.readouterr().out
    assert "\nalso " not in plain
    assert "\ntraining " not in plain
    record = folder.record()
    model = msgspec.structs.replace(record.model, layer_norm=True, weight_dropout=0.5, softmax="adaptive")
    training = msgspec.structs.replace(record.training, clip=0.25, activation_regularisation=2.0, sample_prompt="Oh ")
    folder.write_record(msgspec.structs.replace(record, model=model, training=training))
    assert main(["show", "bard"]) == 0
    shown = capsys.readouterr().out
    assert "\nalso      layer norm, softmax adaptive, weight dropout 0.5\n" in shown
    assert "\ntraining  AR 2, clip 0.25, sample prompt 'Oh '\n" in shown


def test_a_model_shown_as_json_carries_its_files_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    FakeTrainer()(folder)
    until(lambda: folder.status().state == "finished")
    shown = answer(capsys, "show", "bard")
    assert shown["record"] == json.loads(folder.record_path.read_bytes())
    assert shown["metrics"]["step"] == 3
    assert shown["sample"]["text"] == "wave number 3"


def test_a_trainer_that_is_gone_is_shown_as_failed_with_the_way_on(capsys: pytest.CaptureFixture[str]) -> None:
    gone = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(gone, 0)
    make_model("bard").write_status(Status(state="training", pid=gone, host=socket.gethostname(), step=12))
    assert main(["show", "bard"]) == 0
    said = capsys.readouterr().out
    assert "failed" in said
    assert "Resume to go on from its last checkpoint" in said


def test_a_model_can_be_named_by_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    assert answer(capsys, "show", str(folder.path))["slug"] == "bard"


def test_a_record_with_numbers_of_no_model_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_model("bard")
    record = folder.record_path.read_text()
    folder.record_path.write_text(record.replace('"format"', f'"parameters": {"9" * 400}, "format"'))
    assert main(["models"]) == 0
    assert "bard" in capsys.readouterr().out
