"""A real pseudo-terminal with a screen that can be read: what a person at a terminal types and sees."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "space": " ",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    "f10": "\x1b[21~",
}
READ = 0.05  # seconds to wait for output at a time


class Terminal:
    """One program in a pseudo-terminal. Leaving the block ends it, whatever state it is in."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        home: Path,
        columns: int = 80,
        rows: int = 24,
        program: Sequence[str] = ("-P", "-m", "tui.cli"),
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        environment = {
            **os.environ,
            "PANTOUM_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "PANTOUM_THREADS": "1",
        }
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self._process = pexpect.spawn(
            sys.executable,
            [*program, *arguments],
            env=environment,
            cwd=str(home.parent),
            dimensions=(rows, columns),
            timeout=30,
        )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close(force=True)

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def close_window(self) -> None:
        """Takes the terminal away; the program may hear of it by a signal, or only find it gone."""
        self._process.ptyproc.fileobj.close()

    def press(self, *keys: str) -> None:
        """Keys by their names: ``f2``, ``enter``, ``ctrl+g``, or a single character."""
        for key in keys:
            self.type(_code(key))

    def type(self, text: str) -> None:
        """Characters, as if typed one after another."""
        self.send(text.encode())

    def send(self, data: bytes) -> None:
        """Bytes as they are, of whatever encoding."""
        self._process.send(data)
        self._read()

    def kill(self) -> None:
        """Ends the program as a crash would."""
        self._process.kill(signal.SIGKILL)
        self._process.wait()

    def screen(self) -> str:
        """What the screen shows now."""
        self._read()
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, wanted: str | Callable[[str], object], timeout: float = 60.0) -> str:
        """Waits until the screen shows a text, or satisfies a condition, and returns it.

        Raises `AssertionError` with the screen where that does not happen in so many seconds or the program ends.
        """
        deadline = time.monotonic() + timeout
        while True:
            shown = self.screen()
            if wanted in shown if isinstance(wanted, str) else wanted(shown):
                return shown
            alive = self._process.isalive()
            if not alive or time.monotonic() > deadline:
                what = "it is not there in time" if alive else f"the program ended ({self._process.exitstatus})"
                raise AssertionError(f"waiting for {wanted!r}: {what}. The screen:\n{self.screen()}")

    def wait_for_exit(self, timeout: float = 60.0) -> int:
        """Waits until the program has ended and returns its exit code."""
        deadline = time.monotonic() + timeout
        while self._process.isalive():
            self._read()
            assert time.monotonic() < deadline, f"it does not end. The screen:\n{self.screen()}"
        self._read()
        status = self._process.exitstatus
        return -1 if status is None else int(status)

    def _read(self) -> None:
        """Feeds the screen with what has arrived, waiting a moment for it."""
        try:
            while True:
                self._stream.feed(self._process.read_nonblocking(65536, timeout=READ))
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass


def _code(key: str) -> str:
    if key in KEYS:
        return KEYS[key]
    if key.startswith("alt+") and len(key) == 5:
        return "\x1b" + key[-1]
    if key.startswith("ctrl+") and len(key) == 6:
        return chr(ord(key[-1].upper()) - 64)
    assert len(key) == 1, f"no such key: {key}"
    return key
