"""Writes down what a run does, for whoever watches its folder. A full disk loses nothing, and never ends a run."""

import math
import os
import socket
import threading
import time

import msgspec

from corpora.files import append_line, write_bytes, write_over
from engine.folder import ModelFolder
from engine.log import log
from engine.machine import machine
from engine.records import MetricsLine, SampleLine, State, Status

HEARTBEAT = 2.0  # seconds
PASSING = 8.0  # seconds for which is shown what has just happened


class Recorder:
    """Owns ``status.json``, ``metrics.jsonl`` and ``samples.jsonl`` of one run.

    A thread of its own beats, so that a long evaluation or a slow disk neither looks like death nor costs training
    time. Lines that can't be written are kept until they can be: see `stuck`. A resume begins with the progress that
    was made before. Use it as a context manager.
    """

    def __init__(self, folder: ModelFolder, started: float) -> None:
        self._folder = folder
        before = folder.status()
        self._status = Status(
            state="starting",
            pid=os.getpid(),
            host=socket.gethostname(),
            machine=machine(),
            started=started,
            heartbeat=time.time(),
            step=before.step,
            progress=before.progress,
            elapsed=before.elapsed,
            message="Starting",
        )
        self.stuck: OSError | None = None  # what refused a write that has not been made good since
        self._unwritten: list[MetricsLine | SampleLine] = []
        self._passes = math.inf  # when the message is over, by the monotonic clock
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._changed = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Recorder":
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._changed.set()
        self._thread.join()
        self._write()

    def say(self, message: str) -> None:
        """What the trainer is doing, in words; also a line of ``train.log``."""
        if message != self._status.message:
            log(message)
        self._set(message=message)

    def tell(self, message: str) -> None:
        """What has just happened, in words: shown for a moment; also a line of ``train.log``."""
        self.say(message)
        self._passes = time.monotonic() + PASSING

    def state(self, state: State, *, error: str = "", message: str = "") -> None:
        """A change of state, written at once."""
        self._set(state=state, error=error, message=message)
        log(state if not (error or message) else f"{state}: {error or message}")
        self._changed.set()

    def flush(self) -> None:
        """Writes the status before it returns."""
        self._write()

    def place(self, *, step: int, progress: float, elapsed: float, remaining: float) -> None:
        """Where the run is; written with the next heartbeat."""
        self._set(step=step, progress=progress, elapsed=elapsed, remaining=remaining)

    def metrics(self, line: MetricsLine) -> None:
        self._append(line)

    def sample(self, line: SampleLine) -> None:
        self._append(line)

    def trouble(self, error: str) -> None:
        """Something failed that does not end the run: shown in the status until the next success clears it."""
        if error != self._status.error:
            if error:
                log(error)
            self._set(error=error)

    def catch_up(self) -> None:
        """Writes the lines that could not be written. Raises `OSError`, with the rest of them still kept."""
        while self._unwritten:
            line = self._unwritten[0]
            append_line(self._folder.metrics_path if isinstance(line, MetricsLine) else self._folder.samples_path, line)
            del self._unwritten[0]
        self.stuck = None

    def _append(self, line: MetricsLine | SampleLine) -> None:
        self._unwritten.append(line)
        try:
            self.catch_up()
        except OSError as error:
            self.stuck = error

    def _set(self, **fields: object) -> None:
        with self._lock:
            self._status = msgspec.structs.replace(self._status, **fields)
            if "message" in fields:
                self._passes = math.inf

    def _beat(self) -> None:
        while not self._closing:
            self._changed.wait(HEARTBEAT)
            self._changed.clear()
            self._write()

    def _write(self) -> None:
        with self._writing:  # or a heartbeat that was made before a change could replace it
            self._write_now()

    def _write_now(self) -> None:
        with self._lock:
            over = time.monotonic() >= self._passes
            self._status = status = msgspec.structs.replace(
                self._status, heartbeat=time.time(), message="" if over else self._status.message
            )
        try:
            self._folder.write_status(status)
        except OSError:
            # A full disk has no room for a new file, but the old one's bytes can be had: whoever watches must hear
            # that this process lives, and what it waits for.
            try:
                write_over(self._folder.status_path, status)
            except OSError as error:
                log(f"status.json can't be written ({error.strerror or error})")


def trim(folder: ModelFolder, step: int) -> None:
    """Removes metrics and samples of steps after `step`, which a killed run wrote and its resume will write again.

    Raises `OSError`.
    """
    for path, reader in ((folder.metrics_path, folder.metrics()), (folder.samples_path, folder.samples())):
        lines = reader.read_all()
        if any(line.step > step for line in lines):
            kept = [msgspec.json.encode(line) + b"\n" for line in lines if line.step <= step]
            write_bytes(path, b"".join(kept))
