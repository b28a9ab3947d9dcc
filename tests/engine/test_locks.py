"""One trainer for a folder: who has the lock, and where there are none."""

import errno
from pathlib import Path

import pytest

from engine.locks import held, is_held


def test_what_one_holds_another_does_not_get_until_it_is_let_go(tmp_path: Path) -> None:
    with held(tmp_path / "lock") as first, held(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with held(tmp_path / "lock") as again:
        assert again


def test_whether_somebody_holds_a_lock_is_told_without_taking_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    with held(tmp_path / "lock") as mine:
        assert mine and is_held(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")


def test_without_locks_nobody_holds_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no")

    with held(tmp_path / "lock"):
        monkeypatch.setattr("fcntl.flock", refuse)
        assert not is_held(tmp_path / "lock")


@pytest.mark.parametrize(
    ("number", "mine"),
    [
        (errno.EWOULDBLOCK, False),
        (errno.EACCES, False),
        (errno.ENOLCK, True),
        (errno.ENOSYS, True),
        (errno.ENOTSUP, True),
    ],
)
def test_a_disk_without_locks_keeps_nobody_out(
    number: int, mine: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: object, operation: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr("fcntl.flock", refuse)
    with held(tmp_path / "lock") as here:
        assert here is mine
