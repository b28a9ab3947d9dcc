"""Files are replaced whole or appended by lines; folders are made, trashed and brought back."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import corpora
from corpora import home
from corpora.errors import InputError
from corpora.files import DAY, Tail, append_line, read_json, remove_leftovers, replacing, write_bytes, write_json
from corpora.home import empty_trash, ensure_room, folders_in, fresh_folder, move_to_trash, restore_from_trash, slugify


class Note(msgspec.Struct):
    """A small file with a format."""

    format: int = 1
    text: str = ""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_json(path, Note(text="old"))
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert read_json(path, Note, newest=1).text == "old"
    assert names(tmp_path) == ["note.json"]


def test_what_a_killed_process_left_behind_goes_after_a_day_or_at_once(tmp_path: Path) -> None:
    path = tmp_path / "resume[1].safetensors"
    old, new, another = (tmp_path / f".{name}.tmp" for name in (f"{path.name}.a", f"{path.name}.b", "weights.c"))
    for file in (old, new, another):
        file.write_bytes(b"half of it")
    os.utime(old, (0, 0))
    os.utime(another, (0, 0))
    write_bytes(path, b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, new, another])  # the new one may still be written
    remove_leftovers(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, another])


@pytest.mark.parametrize("mask", [0o077, 0o022])
def test_files_have_the_permissions_that_the_person_gives_new_ones(mask: int, tmp_path: Path) -> None:
    command = "from pathlib import Path; from corpora.files import write_bytes; write_bytes(Path('file'), b'')"
    folder = Path(corpora.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-c", command], check=True, umask=mask, cwd=tmp_path, env=environment)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_disk_that_fills_up_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "note.json"
    write_json(path, Note(text="old"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(path, Note(text="new"))
    assert read_json(path, Note, newest=1).text == "old"
    assert names(tmp_path) == ["note.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1]",
        b'{"text": "no format"}',
        b'{"format": true}',
        b'{"format": 1, "text": 5}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_a_damaged_file_is_refused_with_its_path(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"note\.json"):
        read_json(path, Note, newest=1)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "note.json")
    with pytest.raises(InputError, match=r"note\.json is not a file"):
        read_json(tmp_path / "note.json", Note, newest=1)


def test_a_newer_file_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_json(path, Note(format=7))
    with pytest.raises(InputError, match="newer Pantoum"):
        read_json(path, Note, newest=1)


def test_an_older_file_is_lifted_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text('{"format": 1, "words": "hello"}')
    upgrades = {1: lambda raw: {"format": 2, "text": raw["words"]}, 2: lambda raw: {**raw, "format": 3}}
    assert read_json(path, Note, newest=3, upgrades=upgrades).text == "hello"


def test_a_line_after_one_that_was_cut_short_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}\n{"b"')
    append_line(path, {"c": 3})
    assert path.read_bytes().splitlines() == [b'{"a":1}', b'{"b"', b'{"c":3}']


def test_a_tail_gives_whole_lines_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    tail = Tail(path)
    assert tail.read() == []
    path.write_bytes(b"one\ntw")
    assert tail.read() == [b"one"]
    path.write_bytes(b"one\ntwo\n")
    assert tail.read() == [b"two"]
    assert tail.read() == []


def test_a_tail_begins_again_at_a_file_that_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"a long first line\n")
    tail = Tail(path)
    tail.read()
    path.write_bytes(b"new\n")
    assert tail.read() == [b"new"]


def test_a_tail_gets_past_a_line_longer_than_its_chunk(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"x" * 100 + b"\nnext\n")
    tail = Tail(path, chunk=16)
    lines = [line for _ in range(20) for line in tail.read()]
    assert lines[-1] == b"next"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Novel", "my-novel"),
        ("../../etc/passwd", "etc-passwd"),
        ("Ёлка & снег", "ёлка-снег"),
        ("夜雨", "夜雨"),
        ("...", ""),
        ("a\0b\n", "a-b"),
        ("x" * 200, "x" * 64),
    ],
)
def test_a_name_becomes_a_folder_name_that_can_do_no_harm(name: str, slug: str) -> None:
    assert slugify(name) == slug


def test_a_taken_folder_name_gets_a_number(tmp_path: Path) -> None:
    assert [fresh_folder(tmp_path, "novel").name for _ in range(3)] == ["novel", "novel-2", "novel-3"]


@pytest.mark.parametrize("slug", ["x" * 64, "x" * 63, f"{'x' * 61}-yz", "ab"])
def test_a_number_is_part_of_the_slug_however_long_the_name_is(tmp_path: Path, slug: str) -> None:
    names = [fresh_folder(tmp_path, slug).name for _ in range(12)]
    assert len(set(names)) == 12 and names[11].endswith("-12")
    assert [slugify(name) for name in names] == names  # by which the folder is found again


def test_a_file_in_the_way_of_a_room_is_said(tmp_path: Path) -> None:
    (tmp_path / "corpora").write_text("in the way")
    with pytest.raises(InputError, match="can't create its folder"):
        ensure_room("corpora", tmp_path)


def test_the_home_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path))
    assert home.home() == tmp_path


def test_what_is_trashed_comes_back_under_its_name_or_the_next(tmp_path: Path) -> None:
    room, trash = ensure_room("models", tmp_path), ensure_room("trash", tmp_path)
    folder = fresh_folder(room, "novel")
    (folder / "a.txt").write_text("text")
    trashed = move_to_trash(folder, trash)
    assert not folder.exists()
    fresh_folder(room, "novel")
    back = restore_from_trash(trashed, room)
    assert back.name == "novel-2" and (back / "a.txt").read_text() == "text"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the trash goes by, in days; its only number may be changed."""
    days = [20_000.0]
    monkeypatch.setattr(time, "time", lambda: days[0] * DAY)
    monkeypatch.setattr(time, "time_ns", lambda: int(days[0] * DAY * 1e9))
    return days


def trashed(root: Path, name: str) -> Path:
    return move_to_trash(fresh_folder(root, name), ensure_room("trash", root))


def seen(root: Path) -> list[str]:
    """The names of what is in the trash."""
    return sorted(name.partition("-")[2] for name in names(root / "trash") if not name.startswith("."))


def test_what_lay_in_the_trash_for_a_month_goes(tmp_path: Path, clock: list[float]) -> None:
    trashed(tmp_path, "old")
    (tmp_path / "trash" / "1001-draft.json").write_text("{}")
    for _ in range(5):  # at first it lies there for no time
        assert empty_trash(tmp_path) == 0
        clock[0] += 6.5
    trashed(tmp_path, "new")
    assert empty_trash(tmp_path) == 2
    assert seen(tmp_path) == ["new"]


def test_a_clock_that_was_behind_or_runs_ahead_empties_no_trash(tmp_path: Path, clock: list[float]) -> None:
    clock[0] = 1.0  # a board without a clock, before it has asked the network
    trashed(tmp_path, "novel")
    for day in (1.0, 20_000.0, 2.0, 20_001.0, 40_000.0):
        clock[0] = day
        assert empty_trash(tmp_path) == 0
    assert seen(tmp_path) == ["novel"]


def test_a_damaged_account_of_the_trash_deletes_nothing(tmp_path: Path, clock: list[float]) -> None:
    trashed(tmp_path, "novel")
    assert empty_trash(tmp_path) == 0
    (tmp_path / "trash" / home.LAIN).write_text("{")
    clock[0] += 6.0
    assert empty_trash(tmp_path) == 0
    assert seen(tmp_path) == ["novel"]


def test_a_folder_that_cannot_be_looked_at_is_in_its_room(tmp_path: Path) -> None:
    for name in ("here", "2", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "linked").symlink_to(tmp_path / "here")
    (tmp_path / "to a file").symlink_to(tmp_path / "file")
    (tmp_path / "circle").symlink_to("circle")
    assert folders_in(tmp_path) == ["2", "circle", "here", "linked", "nowhere"]
    assert folders_in(tmp_path / "none") == []


def test_a_private_file_is_never_anybody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("old")
    path.chmod(0o600)
    with replacing(path, like=path.stat()) as file:
        assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}
        file.write(b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    write_bytes(tmp_path / "journal", b"", private=True)
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


def test_a_file_keeps_its_group_or_else_that_groups_rights_are_not_another_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    path = tmp_path / "shared.txt"
    path.touch()
    path.chmod(0o664)
    like = path.stat()
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))
    with replacing(path, like=like):
        pass
    assert given == [(like.st_uid, like.st_gid)]
    assert path.stat().st_mode & 0o777 == 0o664

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with replacing(path, like=like):
        pass
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_system_without_permissions_takes_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    for name in ("chmod", "fchmod", "fchown"):
        monkeypatch.setattr(os, name, refuse)
    path = tmp_path / "note.txt"
    write_bytes(path, b"one")
    with replacing(path, like=path.stat()) as file:
        file.write(b"two")
    assert path.read_bytes() == b"two"


def test_the_longest_name_can_be_replaced_and_what_a_killed_process_left_of_it_goes(tmp_path: Path) -> None:
    path = tmp_path / ("字" * 85)
    with pytest.raises(RuntimeError), replacing(path):
        (left,) = tmp_path.iterdir()
        (tmp_path / "killed").write_bytes(b"half of it")
        raise RuntimeError
    (tmp_path / "killed").rename(left)
    remove_leftovers(path)
    write_bytes(path, b"whole")
    assert list(tmp_path.iterdir()) == [path]
