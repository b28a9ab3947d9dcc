"""`pantoum corpus …`: files go in, are listed and shown, and come out again."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpora.library import CorpusLibrary
from tests.tui.cli_tools import VERSES, make_model
from tui.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def verses(tmp_path: Path) -> str:
    (tmp_path / "verses.txt").write_text(VERSES)
    return "verses.txt"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_file_is_added_and_listed(verses: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "add", verses, "--name", "Sea Verses"]) == 0
    assert capsys.readouterr().out == f"sea-verses: {len(VERSES):,} characters from 1 file.\n"
    assert main(["corpus", "list"]) == 0
    assert "Sea Verses" in capsys.readouterr().out


def test_the_list_as_json_names_slug_and_size(verses: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpus", "add", verses])
    (listed,) = answer(capsys, "corpus", "list")
    assert (listed["slug"], listed["characters"], listed["files"]) == ("verses", len(VERSES), 1)


def test_a_guessed_encoding_is_told_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "été.txt").write_bytes(
        ("L'été s'achève à la forêt, où la fée rêve près du château. " * 9).encode("cp1252")
    )
    assert main(["corpus", "add", "été.txt"]) == 0
    assert "not UTF-8" in capsys.readouterr().err


def test_a_wrong_guess_can_be_overruled(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_bytes("Žluťoučký kůň pěl ďábelské ódy. ".encode("cp1250") * 9)
    assert main(["corpus", "add", "short.txt", "--encoding", "cp1250"]) == 0
    assert "Žluťoučký" in CorpusLibrary().get("short").preview()


@pytest.mark.parametrize(
    ("contents", "word"),
    [(b"", "empty"), (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9, "JPEG"), (b"Too short.", "200")],
    ids=["an empty file", "a picture", "a line"],
)
def test_what_cannot_be_learned_from_is_refused_with_a_reason(
    contents: bytes, word: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.txt").write_bytes(contents)
    assert main(["corpus", "add", "odd.txt"]) == 1
    said = capsys.readouterr().err
    assert word in said
    assert said.count("\n") == 1
    assert CorpusLibrary().list() == []


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "add", "nowhere.txt"]) == 1
    assert "nowhere.txt" in capsys.readouterr().err


def test_the_same_text_twice_is_one_corpus(verses: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpus", "add", verses])
    assert main(["corpus", "add", verses, "--name", "Again"]) == 0
    assert "there already" in capsys.readouterr().out
    assert len(CorpusLibrary().list()) == 1


def test_a_corpus_is_shown_with_its_statistics_and_beginning(verses: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpus", "add", verses])
    capsys.readouterr()
    assert main(["corpus", "show", "verses"]) == 0
    said = capsys.readouterr().out
    assert f"{len(VERSES):,}" in said
    assert "The 0. wave goes out" in said


def test_a_corpus_shown_as_json_has_record_and_statistics(verses: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpus", "add", verses])
    shown = answer(capsys, "corpus", "show", "verses")
    assert shown["record"]["sources"][0]["name"] == "verses.txt"
    assert shown["statistics"]["lines"] == 40


def test_a_removed_corpus_is_in_the_trash_and_comes_back(
    verses: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["corpus", "add", verses])
    assert main(["corpus", "remove", "verses"]) == 0
    assert "pantoum corpus restore verses" in capsys.readouterr().err
    assert CorpusLibrary().list() == []
    assert len(list((home / "trash").iterdir())) == 1
    assert main(["corpus", "restore", "Verses"]) == 0
    assert CorpusLibrary().get("verses").preview(9999) == VERSES
    assert main(["corpus", "restore", "verses"]) == 1
    assert "no corpus named 'verses' in the trash" in capsys.readouterr().err


def test_of_corpora_with_one_name_the_one_that_was_removed_last_comes_back_first(verses: str, tmp_path: Path) -> None:
    main(["corpus", "add", verses])
    main(["corpus", "remove", "verses"])
    (tmp_path / verses).write_text(VERSES.upper())
    main(["corpus", "add", verses])
    main(["corpus", "remove", "verses"])
    make_model("verses")
    main(["remove", "verses"])  # a model of that name is another thing
    assert [main(["corpus", "restore", "verses"]) for _ in range(3)] == [0, 0, 1]
    assert CorpusLibrary().get("verses").preview(9999) == VERSES.upper()
    assert CorpusLibrary().get("verses-2").preview(9999) == VERSES


def test_a_damaged_corpus_is_listed_with_its_problem_and_can_be_removed(
    verses: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["corpus", "add", verses])
    (home / "corpora" / "verses" / "corpus.json").write_text("{")
    capsys.readouterr()
    assert main(["corpus", "list"]) == 0
    assert "can't be read" in capsys.readouterr().out
    assert main(["corpus", "show", "verses"]) == 1
    assert main(["corpus", "remove", "verses"]) == 0


def test_starters_are_listed_and_added_by_their_key(capsys: pytest.CaptureFixture[str]) -> None:
    keys = [starter["key"] for starter in answer(capsys, "corpus", "starter")]
    assert "manual" in keys
    assert main(["corpus", "starter", "manual"]) == 0
    (entry,) = CorpusLibrary().list()
    assert entry.corpus is not None
    assert entry.corpus.record.characters > 100_000


def test_an_unknown_starter_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "starter", "moby"]) == 1
    assert "manual" in capsys.readouterr().err


def test_the_home_of_a_user_that_is_not_there_is_said(verses: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["corpus", "add", "~nobody-at-all/x.txt"], ["train", "~nobody-at-all/x.txt", "--name", "bard"]):
        assert main(command) == 1
        assert capsys.readouterr().err.startswith("~nobody-at-all/x.txt can't be found: there is no user of that name.")
