"""Paths that can't be asked about: the answer is still a yes or a no."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import InputError
from corpora.paths import expanded, gone, is_folder, resolved, shown, there


def test_what_is_there_is_there(tmp_path: Path) -> None:
    assert (there(tmp_path), is_folder(tmp_path), gone(tmp_path)) == (True, True, False)


@pytest.mark.parametrize("name", ["none", "a file/in a file"])
def test_what_is_not_there_is_gone(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").touch()
    path = tmp_path / name
    assert (there(path), is_folder(path), gone(path)) == (False, False, True)


def circle(folder: Path) -> Path:
    """A link to itself."""
    (folder / "circle").symlink_to("circle")
    return folder / "circle"


@pytest.mark.parametrize("make", [circle, lambda folder: folder / ("n" * 300), lambda folder: folder / "a\0b"])
def test_what_cannot_be_asked_about_is_neither_there_nor_gone(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    assert (there(path), is_folder(path), gone(path)) == (False, False, False)
    assert resolved(path).name == path.name


def test_a_disk_that_does_not_answer_has_lost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(path: Path, **_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(Path, "stat", stale)
    assert (there(tmp_path), is_folder(tmp_path), gone(tmp_path)) == (False, False, False)


def test_an_unknown_user_is_told() -> None:
    with pytest.raises(InputError, match="no user of that name"):
        expanded(Path("~nobody-of-that-name/x"))


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        (b"caf\xe9.txt", "caf\ufffd.txt"),
        (b"a\x1b]52;c;b\x07.txt", "a\ufffd]52;c;b\ufffd.txt"),
        ("字 é".encode(), "字 é"),
    ],
)
def test_a_name_of_any_bytes_can_be_shown(name: bytes, seen: str) -> None:
    assert shown(Path(os.fsdecode(name))) == seen
    assert shown(os.fsdecode(name)) == seen
