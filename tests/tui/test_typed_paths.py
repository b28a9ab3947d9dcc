"""Paths as people type, paste and drop them."""

from pathlib import Path

import pytest

from corpora.errors import InputError
from tui.library.paths import completion, describe, typed_paths


def test_a_path_with_spaces_needs_no_quotes(tmp_path: Path) -> None:
    path = tmp_path / "an evening by the sea.txt"
    path.write_text("words")
    assert typed_paths(str(path)) == [path]


def test_several_quoted_paths_are_several(tmp_path: Path) -> None:
    assert typed_paths("'/a b/c.txt' /d.txt") == [Path("/a b/c.txt"), Path("/d.txt")]


def test_a_dropped_file_with_backslashes_is_understood() -> None:
    assert typed_paths(r"/a/my\ poem.txt") == [Path("/a/my poem.txt")]


def test_the_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/writer")
    assert typed_paths("~/novel.txt") == [Path("/home/writer/novel.txt")]


def test_an_open_quote_is_explained() -> None:
    with pytest.raises(InputError, match="put the other kind around it"):
        typed_paths("/it's.txt")


def test_a_name_with_an_apostrophe_that_exists_is_found(tmp_path: Path) -> None:
    path = tmp_path / "it's.txt"
    path.write_text("words")
    assert typed_paths(str(path)) == [path]


@pytest.mark.parametrize("text", ["/nowhere/at/all.txt", "x" * 5000, "a\0b", "~nobody-at-all/x"])
def test_what_is_not_there_is_said(text: str) -> None:
    said, there = describe(text)
    assert not there
    assert said.startswith("There is no")


def test_what_is_there_is_described(tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text("words")
    assert describe(str(tmp_path / "poem.txt")) == ("poem.txt (5 B)", True)


def test_a_path_is_completed_to_what_begins_so(tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("words")
    assert completion(f"{tmp_path}/no") == f"{tmp_path}/novel.txt"


def test_a_folder_is_completed_with_its_slash(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    assert completion(f"{tmp_path}/le") == f"{tmp_path}/letters/"


def test_hidden_files_are_offered_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / ".diary").write_text("words")
    assert completion(f"{tmp_path}/") is None
    assert completion(f"{tmp_path}/.d") == f"{tmp_path}/.diary"
