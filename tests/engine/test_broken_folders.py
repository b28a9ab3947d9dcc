"""Model folders that came from elsewhere, or lie on a disk that has gone: each harms nothing but itself."""

import errno
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from corpora.errors import InputError
from engine.changes import checkpoint_step
from engine.control import Control
from engine.folder import ModelFolder, ModelLibrary
from engine.glimpse import glimpse
from engine.locks import held, is_held
from engine.queueing import enqueue, queue
from engine.recording import trim
from engine.records import ControlLine, MetricsLine
from tests.engine.conftest import Home

DEEP = '{"x":' + "[" * 100_000 + "\n"
FAULTS = (errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOTCONN)


def line(step: int, **figures: object) -> str:
    return json.dumps({"step": step, "tokens": 1, "time": 1.0, "elapsed": 1.0, "remaining": 1.0, **figures}) + "\n"


def soon(call: Callable[[], object]) -> object:
    """What it returns, or raises; a call that waits for a pipe would wait for ever."""
    found: list[object] = []

    def work() -> None:
        try:
            found.append(call())
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    assert found, "it waits"
    return found[0]


def test_a_pipe_in_a_files_place_is_waited_for_by_nobody(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    for path in (folder.metrics_path, folder.control_path, folder.log_path):
        os.mkfifo(path)
    assert soon(lambda: folder.metrics().read_all()) == []
    assert soon(lambda: glimpse(folder.metrics_path, 8)) == []
    assert soon(lambda: Control(folder).requests(now=True)) == []
    assert soon(lambda: is_held(folder.log_path)) is False

    def take() -> bool:
        with held(folder.log_path) as mine:
            return mine

    assert isinstance(soon(take), OSError)


def test_a_line_too_deep_to_be_read_is_passed_over(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    folder.metrics_path.write_text(line(1, loss=2.0) + DEEP + line(2, loss=1.0))
    assert [each.step for each in folder.metrics().read_all()] == [1, 2]
    short = tmp_path / "short.jsonl"
    short.write_text(line(1, loss=2.0) + DEEP[:3000] + "\n" + line(2, loss=1.0))
    assert glimpse(short, 2) == [2.0, 1.0]
    folder.control_path.write_text(DEEP + '{"request": "stop", "time": 1.0}\n')
    assert Control(folder).requests() == ["stop"]


@pytest.mark.parametrize(
    "figures",
    [
        {"loss": 1e308},
        {"loss": -1e308},
        {"gradient_norm": 1e300},
        {"gradient_norms": {"embedding": 1e300}},
        {"gradient_flow": {"layer 1": [1e300]}},
        {"tokens": 10**400},
        {"tokens": -1},
        {"elapsed": 1e308},
    ],
)
def test_a_line_with_a_number_that_no_run_has_is_passed_over(figures: dict[str, object], tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    folder.metrics_path.write_text(line(1) + line(2, **figures) + line(10**400) + line(3))
    assert [each.step for each in folder.metrics().read_all()] == [1, 3]


def test_a_record_with_a_number_that_no_model_has_is_damaged(trained: Home) -> None:
    folder = ModelLibrary(trained.root).get("char")
    record = json.loads(folder.record_path.read_text())
    for number in (10**400, -1):
        folder.record_path.write_text(json.dumps({**record, "parameters": number}))
        with pytest.raises(InputError, match="damaged"):
            folder.record()


@pytest.mark.parametrize("damage", [b"x" * (3 << 20) + b"\n", (b"{" * 99 + b"\n") * 30_000])
def test_what_comes_after_much_damage_is_read_and_kept(damage: bytes, tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    folder.metrics_path.write_bytes(line(1).encode() + damage + b"".join(line(n).encode() for n in range(2, 6)))
    assert [each.step for each in folder.metrics().read_all()] == [1, 2, 3, 4, 5]
    trim(folder, 3)
    assert [each.step for each in folder.metrics().read_all()] == [1, 2, 3]


def gone_disk(place: Path, number: int, patch: pytest.MonkeyPatch) -> None:
    """Nothing at this place or below can be looked at any more."""
    for name in ("stat", "lstat"):
        look = getattr(os, name)

        def refuse(path: object, *args: object, look: Callable[..., os.stat_result] = look, **more: object) -> object:
            if isinstance(path, str | Path) and (Path(path) == place or place in Path(path).parents):
                raise OSError(number, os.strerror(number), str(path))
            return look(path, *args, **more)

        patch.setattr(os, name, refuse)


@pytest.mark.parametrize("number", FAULTS)
def test_a_model_on_a_disk_that_has_gone_hides_no_other(
    number: int, trained: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = ModelLibrary(trained.root)
    enqueue(trained.run_folder("waiting", steps=3))
    gone_disk(trained.root / "models" / "word", number, monkeypatch)
    problems = {entry.folder.slug: entry.problem for entry in library.list()}
    assert set(problems) == {"bpe", "char", "waiting", "word"}
    assert [slug for slug, problem in problems.items() if problem] == ["word"]
    assert "can't be looked into" in problems["word"]
    assert [folder.slug for folder in queue(trained.root)] == ["waiting"]
    assert library.get("char").slug == "char"
    with pytest.raises(InputError, match="can't be looked into"):
        library.get("word").record()


def test_a_link_that_leads_nowhere_is_listed_as_damaged(trained: Home) -> None:
    (trained.root / "models" / "far").symlink_to(trained.root / "unplugged" / "far")
    problems = {entry.folder.slug: entry.problem for entry in ModelLibrary(trained.root).list()}
    assert len(problems) == 4
    assert "missing" in problems["far"]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "~nobody-of-this-name/x"])
def test_a_name_that_no_path_can_have_is_no_models(name: str, trained: Home) -> None:
    with pytest.raises(InputError, match="There is no model named"):
        ModelLibrary(trained.root).get(name)


def test_a_checkpoint_at_a_step_that_no_run_has_is_none(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    folder.resume_record_path.write_text(json.dumps({"step": 10**400}))
    assert checkpoint_step(folder) == 0


def test_what_a_run_writes_is_within_what_is_read() -> None:
    huge = 3.4e38  # the largest float32
    written = MetricsLine(
        step=1, tokens=2, time=2e9, elapsed=1e9, remaining=1e9, loss=huge, gradient_flow={"a": [huge]}
    )
    assert msgspec.json.decode(msgspec.json.encode(written), type=MetricsLine) == written
    assert msgspec.json.decode(b'{"request": "change", "time": 2e9, "value": 1e9}', type=ControlLine).value == 1e9
