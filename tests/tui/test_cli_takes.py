"""`pantoum sample --takes`, `next` and `copied`, with a service that only pretends."""

import io
import json
import sys
from pathlib import Path

import msgspec
import pytest

from corpora.files import write_json
from corpora.library import CorpusLibrary
from engine.records import CorpusReference
from tests.texts import prose
from tests.tui.cli_tools import fake_service, make_model
from tui.cli import main
from tui.commandline import serving, surprising, taking


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(serving, "connect", fake_service)
    make_model("bard")
    return tmp_path


def test_takes_are_bare_with_a_blank_line_between_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "bard", "--takes", "3", "--until", "sentence", "--seed", "4"]) == 0
    takes = capsys.readouterr().out.rstrip("\n").split("\n\n")
    assert len(takes) == 3
    assert all(take.endswith("sentence") for take in takes)


def test_until_alone_means_one_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "bard", "--until", "line", "--seed", "4"]) == 0
    assert capsys.readouterr().out.endswith("line\n")


def test_takes_as_json_say_what_made_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "bard", "-k", "2", "--prompt", "Once", "--typical", "0.9", "--seed", "4", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["prompt"], said["seed"], said["until"], said["dials"]["typical"]) == ("Once", 4, None, 0.9)
    assert [take["seed"] for take in said["takes"]] == [4, 5]


def test_on_a_terminal_takes_stand_beside_the_text_with_their_seeds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "is_terminal", lambda: True)
    assert main(["sample", "bard", "-k", "2", "--prompt", "Once upon", "--seed", "4"]) == 0
    said = capsys.readouterr().out
    assert said.count("Once upon") == 2
    assert "seed 5, 1.50 bits a token, came 2 times" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [(["--stop", "x"], "leave out --stop"), (["--typical", "0"], "typical is 0"), (["--seed", "-1"], "seed")],
)
def test_takes_that_cannot_be_had_are_refused(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "bard", "--takes", "2", *options]) != 0
    assert sentence in capsys.readouterr().err


def test_the_next_words_come_with_their_probabilities(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next", "bard", "--prompt", "Once ", "-k", "2"]) == 0
    assert capsys.readouterr().out == " 50.00 %  word0\n 25.00 %  word1\n"
    assert main(["next", "bard", "-k", "2"]) == 0
    assert "likelier" in capsys.readouterr().err


def test_copied_passages_are_shown_with_their_places(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = prose(5000)
    (home / "verses.txt").write_text(whole, encoding="utf-8")
    corpus = CorpusLibrary().add([home / "verses.txt"], name="Verses").corpus
    folder = make_model("poet")
    record = msgspec.structs.replace(folder.record(), corpus=CorpusReference.of(corpus))
    write_json(folder.record_path, record)
    (home / "page.txt").write_text("QQ" + whole[1000:1100] + "QQ", encoding="utf-8")
    assert main(["copied", "poet", str(home / "page.txt")]) == 0
    shown = capsys.readouterr()
    assert "100 characters at         2, in verses at" in shown.out
    assert "1 passages, 96.2 % of the text." in shown.err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"nothing of it"), encoding="utf-8"))
    assert main(["copied", "poet", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spans"] == []


def test_a_corpus_that_is_another_text_now_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "verses.txt").write_text(prose(500), encoding="utf-8")
    CorpusLibrary().add([home / "verses.txt"], name="verses")
    assert main(["copied", "bard", str(home / "verses.txt")]) == 1
    assert "not the text that" in capsys.readouterr().err


def test_the_words_that_surprise_most_come_first_whatever_passage_they_are_in(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surprising, "PASSAGE", 12)
    (home / "page.txt").write_text("one two six ten one two six ten\n", encoding="utf-8")
    assert main(["score", "bard", str(home / "page.txt"), "--surprising", "2", "--json"]) == 0
    words = json.loads(capsys.readouterr().out)["surprising"]
    assert [word["bits"] for word in words] == sorted((word["bits"] for word in words), reverse=True)
    assert len(words) == 2
    assert main(["score", "bard", str(home / "page.txt"), "--surprising", "1"]) == 0
    assert "bits at" in capsys.readouterr().out
