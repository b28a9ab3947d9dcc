"""A terminal for benchmarks: keys go to the app in a pseudo-terminal, and every frame is kept with the time it came.

Nothing is drawn while the app is measured: bytes are only collected, and shown on a screen of our own afterwards. The
terminal says that it knows synchronized output, so that frames can be told apart.
"""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pexpect
import pyte

KEYS = {"enter": "\r", "escape": "\x1b", "tab": "\t", "ctrl+end": "\x1b[1;5F", "ctrl+g": "\x07", "ctrl+o": "\x0f"}
FRAME_END = b"\x1b[?2026l"
ASKS = b"\x1b[?2026$p"  # whether the terminal knows synchronized output
ANSWER = b"\x1b[?2026;2$y"

ROOT = Path(__file__).parents[2]  # programs beside this one are found from there


class Terminal:
    """One program in a pseudo-terminal. Leaving the block ends it."""

    def __init__(
        self, command: Sequence[str], home: Path, columns: int = 160, rows: int = 45, cwd: Path | None = None
    ) -> None:
        environment = {
            **os.environ,
            "PANTOUM_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._came: list[tuple[float, bytes]] = []
        self._part = b""  # of a frame whose end hasn't come
        self._process = pexpect.spawn(
            sys.executable, ["-P", *command], env=environment, cwd=cwd, dimensions=(rows, columns), timeout=30
        )
        self._file = self._process.child_fd

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close(force=True)

    def press(self, key: str) -> float:
        """Sends a key, by its name or as its characters; returns when."""
        now = time.perf_counter()
        os.write(self._file, KEYS.get(key, key).encode())
        return now

    def collect(self, seconds: float) -> None:
        """Takes what comes for so long, without looking at it."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self._file], [], [], left)[0]:
                try:
                    data = os.read(self._file, 1 << 16)
                except OSError as error:
                    said = b"".join(data for _, data in self._came).decode("utf-8", "replace")
                    raise RuntimeError(f"the app ended: {said[-2000:]}") from error
                self._came.append((time.perf_counter(), data))
                if ASKS in data:
                    os.write(self._file, ANSWER)

    def collect_until(self, done: Callable[[bytes], object], seconds: float = 30.0) -> None:
        """Takes what comes until some bytes of the last frames satisfy `done`. Raises `TimeoutError`."""
        limit = time.perf_counter() + seconds
        while not done(b"".join(data for _, data in self._came[-8:])):
            self.collect(0.002)
            if time.perf_counter() > limit:
                for _ in self.frames():
                    pass
                raise TimeoutError("it didn't come. The screen:\n" + "\n".join(self.lines))

    def settle(self, wanted: Callable[["Terminal"], object], seconds: float = 60.0) -> None:
        """Waits, drawing meanwhile, until the screen is as wanted. Raises `TimeoutError`."""
        limit = time.perf_counter() + seconds
        while True:
            self.collect(0.1)
            for _ in self.frames():
                pass
            if wanted(self):
                return
            if time.perf_counter() > limit:
                raise TimeoutError("it didn't come. The screen:\n" + "\n".join(self.lines))

    def frames(self) -> Iterator[float]:
        """Draws the frames that came, one after the other; gives the time at which each was there whole."""
        came, self._came = self._came, []
        for at, data in came:
            *whole, self._part = (self._part + data).split(FRAME_END)
            for frame in whole:
                self._stream.feed(frame)
                yield at

    @property
    def lines(self) -> list[str]:
        """What the screen shows."""
        return list(self._screen.display)

    def shows(self, text: str) -> bool:
        """Whether some row of the screen has it."""
        return any(text in line for line in self._screen.display)

    @property
    def slanted(self) -> int:
        """Characters in italics: ghosts and pending text are, and nothing else."""
        rows = self._screen.buffer.values()
        return sum(cell.italics and not cell.data.isspace() for row in rows for cell in row.values())
