"""The trainer process from outside: what it writes, what it obeys, what it survives."""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import msgspec
import pytest

from corpora.errors import InputError
from corpora.library import Corpus, CorpusLibrary
from engine.control import POLL, Control
from engine.folder import ModelFolder, ModelLibrary
from engine.launch import start_trainer
from engine.locks import is_held
from engine.records import Request, State, Status
from engine.rollback import Vitals
from engine.settings import CELLS, Cell
from engine.training import Step, Trainer
from tests.engine.conftest import Home, make_home


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.02)


def wait_for_state(folder: ModelFolder, *states: State) -> Status:
    wait_until(lambda: folder.status().state in states, f"{states}, is {folder.status()}")
    return folder.status()


def same_weights(one: ModelFolder, other: ModelFolder) -> bool:
    """To the byte: the file holds nothing but what was learned."""
    return one.weights_path.read_bytes() == other.weights_path.read_bytes()


def test_a_run_writes_the_whole_model_folder(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("whole", steps=40)
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    names = {path.name for path in folder.path.iterdir()}
    assert names == {
        "model.json",
        "tokenizer.json",
        "weights.safetensors",
        "resume.safetensors",
        "resume.json",
        "metrics.jsonl",
        "samples.jsonl",
        "status.json",
        "train.log",
        "control.jsonl",
    }
    for name in names:
        if name.endswith(".json"):
            assert json.loads((folder.path / name).read_text())["format"] in (1, 2)
    status, record = folder.status(), folder.record()
    assert (status.state, status.step, status.progress) == ("finished", 40, 1.0)
    assert record.model.vocabulary > 10
    assert record.results is not None
    assert 0.5 < record.results.bits_per_character < 5.0


def test_every_step_of_a_short_run_is_logged_with_its_figures(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("figures", steps=40)
    fresh_home.train(folder)
    lines = folder.metrics().read_all()
    assert [line.step for line in lines] == list(range(1, 41))
    assert lines[-1].loss is not None and lines[0].loss is not None
    assert lines[-1].loss < lines[0].loss
    for line in lines:
        assert line.learning_rate > 0
        assert line.gradient_norm is not None and line.gradient_norm > 0
        assert set(line.gradient_norms) == {"embedding", "layer 1", "decoder"}
        assert line.tokens_per_second > 0
        assert line.tokens == line.step * lines[0].tokens
        assert set(line.gradient_flow) == ({"layer 1"} if line.validation_loss is not None else set())
    flow = next(line.gradient_flow["layer 1"] for line in lines if line.gradient_flow)
    assert len(flow) == 65 and all(norm > 0 for norm in flow[:8])
    evaluated = [line for line in lines if line.validation_loss is not None]
    assert [line.step for line in evaluated] == list(range(2, 41, 2))
    assert lines[-1].remaining == 0.0
    samples = folder.samples().read_all()
    assert [sample.step for sample in samples] == [line.step for line in evaluated]
    assert len({(sample.prompt, sample.seed) for sample in samples}) == 1
    assert len(samples[-1].text) >= folder.record().training.sample_length


@pytest.mark.parametrize("cell", CELLS)
def test_stopped_and_resumed_equals_uninterrupted_to_the_bit(fresh_home: Home, cell: Cell) -> None:
    whole = fresh_home.run_folder("whole", steps=30, cell=cell)
    assert fresh_home.train(whole) == 0
    halves = fresh_home.run_folder("halves", steps=30, cell=cell)
    assert fresh_home.train(halves, stop_after=13) == 0
    assert (halves.status().state, halves.status().step) == ("stopped", 13)
    assert fresh_home.train(halves) == 0
    assert halves.status().state == "finished"
    assert same_weights(whole, halves)
    first, second = ([(x.step, x.loss, x.validation_loss) for x in f.metrics().read_all()] for f in (whole, halves))
    assert first == second


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(fresh_home: Home) -> None:
    folders = [fresh_home.run_folder(f"seed {seed}", steps=8, seed=seed) for seed in (1, 1, 2)]
    for folder in folders:
        assert fresh_home.train(folder) == 0
    assert same_weights(folders[0], folders[1])
    assert not same_weights(folders[0], folders[2])


def test_a_detached_run_pauses_resumes_checkpoints_and_stops_through_its_folder(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("asked", steps=1_000_000)
    pid = start_trainer(folder)
    wait_for_state(folder, "training")
    wait_until(lambda: folder.status().step > 0, "a first step")
    assert folder.status().pid == pid
    with pytest.raises(InputError, match="already being trained"):
        start_trainer(folder)

    folder.request("pause")
    wait_for_state(folder, "paused")
    step = folder.status().step
    assert folder.resume_path.exists()  # a pause is a checkpoint too
    folder.request("resume")
    wait_for_state(folder, "training")
    wait_until(lambda: folder.status().step > step, "steps after the pause")

    before = folder.resume_path.stat().st_mtime_ns
    folder.request("checkpoint")
    wait_until(lambda: folder.resume_path.stat().st_mtime_ns > before, "a checkpoint")
    folder.request("stop")
    assert wait_for_state(folder, "stopped").error == ""
    wait_until(lambda: not alive(pid), "the process to end")
    assert folder.record().results is not None


def test_a_pause_is_no_slowness(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(past=0.0, time=time.time)
    clock.monotonic = lambda: time.monotonic() + clock.past
    clock.sleep = lambda seconds: setattr(clock, "past", clock.past + seconds)
    for module in ("run", "lines", "stopwatch"):
        monkeypatch.setattr(f"engine.{module}.time", clock)

    def requests(control: Control, *, now: bool = False) -> list[Request]:
        if not now:
            return ["pause"] if clock.past == 0.0 else []
        return ["resume"] if clock.past > 3600 else []

    monkeypatch.setattr(Control, "requests", requests)
    folder = fresh_home.run_folder("paused", steps=20)
    assert fresh_home.train(folder) == 0
    speeds = [line.tokens_per_second for line in folder.metrics().read_all()]
    assert clock.past > 3600 and len(speeds) == 20
    assert min(speeds[1:]) > max(speeds) / 1000  # the first step also compiles
    assert folder.status().elapsed < 3600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_run_with_everything_saved(fresh_home: Home, number: signal.Signals) -> None:
    folder = fresh_home.run_folder("signalled", steps=1_000_000)
    pid = start_trainer(folder)
    wait_until(lambda: folder.status().state == "training" and folder.status().step > 0, "a first step")
    os.kill(pid, number)
    wait_for_state(folder, "stopped")
    assert folder.resume_path.exists() and folder.weights_path.exists()


def test_a_killed_trainer_is_noticed_and_its_run_resumes_from_the_last_checkpoint(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("killed", steps=1_000_000)
    pid = start_trainer(folder)
    wait_until(lambda: folder.status().step > 0, "a first step")
    folder.request("checkpoint")
    wait_until(folder.resume_path.exists, "a checkpoint")
    step = json.loads(folder.resume_record_path.read_text())["step"] if folder.resume_record_path.exists() else 0
    os.kill(pid, signal.SIGKILL)
    status = wait_for_state(folder, "failed")
    assert "Resume" in status.error

    start_trainer(folder)
    wait_for_state(folder, "training")
    wait_until(lambda: folder.status().step > step, "steps after the resume")
    folder.request("stop")
    wait_for_state(folder, "stopped")
    steps = [line.step for line in folder.metrics().read_all()]
    assert steps == sorted(set(steps))  # what the killed run had written beyond its checkpoint is not there twice


def test_a_second_trainer_on_the_same_folder_leaves_without_touching_it(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("twice", steps=1_000_000)
    pid = start_trainer(folder)
    wait_for_state(folder, "training")
    second = subprocess.run(
        [sys.executable, "-P", "-m", "engine.trainer", str(folder.path)], capture_output=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert b"Another trainer" in second.stderr
    assert folder.status().pid == pid
    folder.request("stop")
    wait_for_state(folder, "stopped")


def test_a_request_from_before_the_start_is_history(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("history", steps=10)
    folder.request("stop")
    assert fresh_home.train(folder) == 0
    assert folder.status().state == "finished"


def test_a_stop_during_the_preparation_ends_it(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fresh_home.run_folder("early", steps=10)

    def asks_for_a_stop(*_: object, **__: object) -> Corpus:
        folder.request("stop")
        time.sleep(2 * POLL)  # the file is looked at every POLL seconds
        return CorpusLibrary(fresh_home.root).get("prose")

    monkeypatch.setattr("engine.preparation.find_corpus", asks_for_a_stop)
    assert fresh_home.train(folder) == 0
    assert folder.status().state == "stopped"
    assert not folder.metrics_path.exists()
    monkeypatch.undo()
    assert fresh_home.train(folder) == 0
    assert folder.status().state == "finished"


def test_steps_with_infinite_gradients_are_logged_and_do_not_end_the_run(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("infinite", steps=12)
    advance = Trainer.advance

    def sometimes_poisoned(self: Trainer, progress: float) -> Step:
        if self.step in (4, 5):
            self.carried = self.carried.map(lambda part: part * float("nan"))
        return advance(self, progress)

    monkeypatch.setattr(Trainer, "advance", sometimes_poisoned)
    assert fresh_home.train(folder) == 0
    lines = folder.metrics().read_all()
    assert {line.step: line.skipped for line in lines if line.skipped} == {5: 1, 6: 1}
    assert [line.loss is None for line in lines] == [line.step in (5, 6) for line in lines]
    assert folder.record().results is not None


def test_a_run_without_its_corpus_fails_with_a_sentence(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("orphan", steps=10)
    CorpusLibrary(fresh_home.root).remove("prose")
    assert fresh_home.train(folder) == 1
    assert folder.status().state == "failed"
    assert "corpus" in folder.status().error


def test_a_resume_that_fails_leaves_the_progress_that_was_made(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("orphan", steps=10)
    assert fresh_home.train(folder, stop_after=6) == 0
    before = folder.status()
    CorpusLibrary(fresh_home.root).remove("prose")
    assert fresh_home.train(folder) == 1
    status = folder.status()
    assert status.state == "failed"
    assert (status.step, status.progress, status.elapsed) == (6, 0.6, before.elapsed)


def test_damaged_checkpoints_fail_with_a_sentence_and_are_kept(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("damaged", steps=20)
    assert fresh_home.train(folder, stop_after=5) == 0
    folder.resume_path.write_bytes(b"not safetensors")
    assert fresh_home.train(folder) == 1
    assert "damaged" in folder.status().error
    assert folder.resume_path.read_bytes() == b"not safetensors"


def test_a_text_too_short_for_the_shape_is_read_in_a_smaller_one_and_it_says_so(fresh_home: Home) -> None:
    corpus = CorpusLibrary(fresh_home.root)
    short = fresh_home.root / "short.txt"
    short.write_text(("A line that is short and ends.\n" * 20)[:600], encoding="utf-8")
    made = corpus.add([short], name="short").corpus
    folder = fresh_home.run_folder("short", steps=10)
    record = folder.record()
    reference = msgspec.structs.replace(
        record.corpus, slug=made.slug, sha256=made.record.sha256, characters=made.record.characters
    )
    folder.write_record(msgspec.structs.replace(record, corpus=reference))
    assert fresh_home.train(folder) == 0, folder.status().error
    assert any("instead of" in notice for notice in folder.record().notices)


def test_a_notice_is_given_once_however_often_a_run_begins(fresh_home: Home) -> None:
    home = make_home(fresh_home.root.with_name("letters"), text="a" * 2000)
    folder = home.run_folder("word", unit="word", steps=2, sample_length=0)
    for _ in range(2):
        assert home.train(folder) == 0
        folder.resume_path.unlink()  # as where it was killed before its first checkpoint
    assert len(folder.record().notices) == 1


def test_a_run_goes_on_though_its_record_is_damaged_when_something_is_to_be_noted(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fresh_home.run_folder("damaged", steps=20, sample_length=0)
    whole: list[bytes] = []

    def explodes(vitals: Vitals) -> bool:
        if vitals.steps == 6:
            whole.append(folder.record_path.read_bytes())
            folder.record_path.write_bytes(b"{")
        elif vitals.steps == 8:
            folder.record_path.write_bytes(whole[0])
        return vitals.steps == 6 and len(whole) == 1

    monkeypatch.setattr("engine.run.exploded", explodes)
    assert fresh_home.train(folder) == 0, folder.status()
    assert folder.status().state == "finished"
    assert "The notice could not be kept" in capsys.readouterr().err


def test_a_trainer_that_is_still_loading_torch_has_its_folder_and_tells_that_it_lives(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("loading", steps=2, sample_length=0)
    folder.write_status(Status(state="starting", host=socket.gethostname(), started=time.time() - 3600.0))
    real = importlib.import_module("engine.trainer_process")
    seen: list[tuple[Status, bool]] = []

    class Loading(ModuleType):
        """In place of the module that imports torch."""

        @property
        def train(self) -> object:
            seen.append((folder.status(), is_held(folder.log_path)))
            return real.train

    monkeypatch.setitem(sys.modules, "engine.trainer_process", Loading("engine.trainer_process"))
    assert fresh_home.train(folder) == 0
    [(status, locked)] = seen
    assert (status.state, status.message, status.pid, locked) == ("starting", "Starting", os.getpid(), True)


def test_what_a_trainer_imports_before_it_tells_that_it_lives_is_free_of_torch() -> None:
    code = "import sys, engine.trainer; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_one_stream_is_called_one_stream(fresh_home: Home) -> None:
    home = make_home(fresh_home.root.with_name("letters"), text="a" * 2000)  # as words a few tokens
    folder = home.run_folder("word", unit="word", steps=2, sample_length=0)
    assert home.train(folder) == 0, folder.status().error
    assert "it is read as 1 stream of" in folder.record().notices[0]


def test_models_are_listed_with_damaged_ones_named(trained: Home) -> None:
    library = ModelLibrary(trained.root)
    (library.get("bpe").path / "model.json").write_text("{")
    problems = {entry.folder.slug: entry.problem for entry in library.list()}
    assert problems["char"] == ""
    assert "model.json" in problems["bpe"]


@pytest.mark.parametrize("pid", [-1, 10**18])
def test_a_process_number_that_can_not_be_is_a_damaged_status_and_nothing_else(trained: Home, pid: int) -> None:
    library = ModelLibrary(trained.root)
    folder, host = library.get("char"), socket.gethostname()
    folder.write_status(Status(state="training", pid=pid, host=host, heartbeat=time.time()))
    assert folder.status() == Status(state="prepared")
    assert len(library.list()) == 3


def test_a_folder_with_links_out_of_it_is_neither_read_nor_written(trained: Home, tmp_path: Path) -> None:
    folder, elsewhere = ModelLibrary(trained.root).get("char"), tmp_path / "elsewhere"
    elsewhere.write_text("mine\n")
    folder.control_path.unlink(missing_ok=True)
    folder.control_path.symlink_to(elsewhere)
    with pytest.raises(InputError, match=r"control\.jsonl is a link"):
        folder.record()
    with pytest.raises(InputError, match=r"control\.jsonl is a link"):
        folder.request("stop")
    assert elsewhere.read_text() == "mine\n"
    folder.control_path.unlink()
    folder.weights_path.unlink()
    os.mkfifo(folder.weights_path)  # reading it would wait for ever
    with pytest.raises(InputError, match=r"weights\.safetensors is a link, or no file"):
        folder.record()


def test_settings_that_can_not_work_are_refused_with_the_file_they_stand_in(trained: Home) -> None:
    folder = ModelLibrary(trained.root).get("char")
    record = folder.record()
    folder.write_record(
        msgspec.structs.replace(record, model=msgspec.structs.replace(record.model, hidden=1_000_000_000))
    )
    with pytest.raises(InputError, match=r"model\.json can't be used: hidden is 1,000,000,000"):
        folder.record()


def test_a_removed_model_can_be_brought_back(trained: Home) -> None:
    library = ModelLibrary(trained.root)
    trashed = library.remove(library.get("word"))
    with pytest.raises(InputError, match="no model named"):
        library.get("word")
    assert library.restore(trashed).record().name == "word"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
