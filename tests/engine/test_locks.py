"""One trainer for a folder: who has the lock, and where there are none."""

import errno
import fcntl
import threading
from pathlib import Path

import pytest

from engine.locks import held, in_turn, is_held


def test_what_one_holds_another_does_not_get_until_it_is_let_go(tmp_path: Path) -> None:
    with held(tmp_path / "lock") as first, held(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with held(tmp_path / "lock") as again:
        assert again


def test_whoever_only_asks_whether_a_lock_is_held_keeps_nobody_out_for_long(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        threading.Timer(0.1, lambda: fcntl.flock(asking, fcntl.LOCK_UN)).start()
        with held(path, patience=10.0) as mine:
            assert mine


def test_what_is_done_in_turn_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("0")

    def count() -> None:
        for _ in range(25):
            with in_turn(tmp_path / "turn"):
                file.write_text(str(int(file.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_text() == "100"


def test_a_turn_that_nobody_gives_up_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.locks.TURN", 0.02)
    done = []
    with in_turn(tmp_path / "turn"), in_turn(tmp_path / "turn"), in_turn(tmp_path / "missing" / "turn"):
        done.append(True)
    assert done


def test_whether_somebody_holds_a_lock_is_told_and_leaves_it_as_it_was(tmp_path: Path) -> None:
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
