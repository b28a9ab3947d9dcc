"""Runs commands in this process, with a trainer and a service that only pretend."""

import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec

from corpora.files import append_line, write_json
from engine.client import EngineClient, connect
from engine.folder import ModelFolder, ModelLibrary
from engine.records import CorpusReference, MetricsLine, Results, SampleLine, State, Status
from engine.settings import DEVICES, ModelConfig, TrainingConfig
from engine.speed import FILE, Machine, Speed

SERVICE = (sys.executable, str(Path(__file__).with_name("cli_service.py")))
VERSES = "".join(f"The {n}. wave goes out and the {n}. line comes home.\n" for n in range(40))


def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Waits for `condition`, not for longer than that."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


def fake_service(command: Sequence[str]) -> AbstractAsyncContextManager[EngineClient]:
    """Takes the place of `engine.client.connect`."""
    return connect(SERVICE)


def make_model(name: str = "bard", *, state: State = "finished", minutes: float | None = None) -> ModelFolder:
    """A model folder as a trainer leaves it, but for the weights."""
    folder = ModelLibrary().create(
        name,
        model=ModelConfig(vocabulary=40),
        training=TrainingConfig(minutes=minutes, steps=None if minutes else 100),
        corpus=CorpusReference(slug="verses", name="Verses", sha256="0" * 64, characters=2000),
    )
    folder.write_status(Status(state=state, step=100, progress=1.0, elapsed=30.0))
    return folder


def remember_speed(home: Path, speed: float) -> None:
    """This machine's speed, as if it had been measured before."""
    home.mkdir(parents=True, exist_ok=True)
    machine = Machine(host=platform.node(), cores=os.cpu_count() or 1, speeds=dict.fromkeys(DEVICES, Speed(speed)))
    write_json(home / FILE, machine)


class FakeTrainer:
    """Takes the place of `engine.launch.start_trainer`: writes what a trainer writes, from a thread.

    It ends in the state `ends` after `lines` logged steps; where `waits`, only once it was asked to stop.
    """

    def __init__(self, *, lines: int = 3, ends: State = "finished", error: str = "", waits: bool = False) -> None:
        self.lines = lines
        self.ends = ends
        self.error = error
        self.waits = waits
        self.stop_after: int | None = None
        self.started: list[ModelFolder] = []

    def __call__(self, folder: ModelFolder, *, stop_after: int | None = None) -> int:
        self.stop_after = stop_after
        self.started.append(folder)
        self._report(folder, "starting", 0, message="Encoding the corpus")
        threading.Thread(target=self._train, args=(folder,), daemon=True).start()
        return os.getpid()

    def _train(self, folder: ModelFolder) -> None:
        for step in range(1, self.lines + 1):
            append_line(folder.metrics_path, MetricsLine(
                step=step, tokens=step * 768, time=time.time(), elapsed=float(step), remaining=1.0,
                loss=3.0 / step, validation_loss=3.1 / step, bits_per_character=4.5 / step,
                learning_rate=0.008, gradient_norm=0.5, tokens_per_second=1000.0,
            ))  # fmt: skip
            append_line(folder.samples_path, SampleLine(
                step=step, elapsed=float(step), prompt="The ", seed=0, temperature=0.8, text=f"wave number {step}",
            ))  # fmt: skip
            self._report(folder, "training", step)
        if self.waits:
            until(lambda: folder.control_path.exists() and b"stop" in folder.control_path.read_bytes())
        if self.ends == "finished":
            best = Results(
                step=self.lines, tokens=2304, elapsed=3.0, validation_loss=1.1, bits_per_character=1.587, perplexity=3.0
            )
            folder.write_record(msgspec.structs.replace(folder.record(), results=best))
        self._report(folder, self.ends, self.lines, error=self.error)

    def _report(self, folder: ModelFolder, state: State, step: int, *, message: str = "", error: str = "") -> None:
        now = time.time()
        folder.write_status(Status(
            state=state, pid=os.getpid(), host=os.uname().nodename, started=now, heartbeat=now, step=step,
            progress=step / max(1, self.lines), elapsed=float(step), message=message, error=error,
        ))  # fmt: skip
