"""What people ask of a running trainer: lines of ``control.jsonl``, and signals."""

import signal
import time
from collections.abc import Callable

from engine.folder import ModelFolder
from engine.line_reader import LineReader
from engine.records import ControlLine, Request

POLL = 0.2  # seconds between looks at the file


class Control:
    """Tells the run what was asked since it last looked. What the file had before byte `start` is history."""

    def __init__(self, folder: ModelFolder, start: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = LineReader(folder.control_path, ControlLine, start=start)
        self._clock = clock
        self._next_look = 0.0
        self._signalled = False
        self._changes: list[ControlLine] = []
        self._kept: list[Request] = []

    def listen_to_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP ask for a stop: the run then saves everything before it goes."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def requests(self, *, now: bool = False) -> list[Request]:
        """What was asked, oldest first. Looks at the file every `POLL` seconds at most, unless `now`.

        Changes are put aside for `changes`.
        """
        asked, self._kept = self._kept, []
        if now or self._clock() >= self._next_look:
            self._next_look = self._clock() + POLL
            lines = self._reader.read_all()
            self._changes += [line for line in lines if line.request == "change"]
            asked += [line.request for line in lines if line.request != "change"]
        if self._signalled:
            self._signalled = False
            asked.append("stop")
        return asked

    def keep(self, requests: list[Request]) -> None:
        """Requests that are to come first when `requests` is asked again."""
        self._kept = [*requests, *self._kept]

    def stop_asked(self) -> bool:
        """Whether a stop was asked for; what else was stays for `requests`."""
        asked = self.requests()
        self.keep(asked)
        return "stop" in asked

    @property
    def has_changes(self) -> bool:
        """Whether any that `requests` has seen wait for `changes`."""
        return bool(self._changes)

    def changes(self) -> list[ControlLine]:
        """The changes that were asked for and not yet given to anybody, oldest first."""
        asked, self._changes = self._changes, []
        return asked

    def _on_signal(self, number: int, frame: object) -> None:
        self._signalled = True
