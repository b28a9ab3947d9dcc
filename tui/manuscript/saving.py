"""Writing a text to its file again and again, from threads, and only over what was written or read before."""

import threading
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from corpora.errors import InputError
from corpora.paths import gone
from tui.manuscript.textfile import Progress, Stamp, TextFile, changed_outside, write_text


class Overtaken(InputError):
    """Another program wrote the file meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path.name} was changed by another program, so it is not saved by itself any more. "
            "Press {F9|write.save} to choose what stays."
        )


class Gone(InputError):
    """The file was deleted or moved meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path.name} was deleted or moved by another program. Its text is still here; "
            "{F9|write.save} writes it anew."
        )


class Saver:
    """Lets one write at a time to the disk. One that comes late never replaces what is newer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders = count(1)
        self._done = 0
        self._last: tuple[Path, Stamp] | None = None  # what was written last

    def order(self) -> int:
        """A number for a write, to be had when its text is taken."""
        return next(self._orders)

    def write(
        self,
        order: int,
        path: Path,
        lines: Sequence[str],
        *,
        newline: str = "\n",
        encoding: str = "utf-8",
        known: TextFile | None = None,
        progress: Progress | None = None,
    ) -> Stamp:
        """Writes the lines, unless a later order was written already; returns what the file holds.

        With `known`, only over a file that is as it was then: raises `Overtaken` or `Gone`. Raises `InputError` where
        the file can't be written.
        """
        with self._lock:
            last = self._last[1] if self._last is not None and self._last[0] == path else None
            if order < self._done and last is not None:
                return last
            if known is not None:
                self._check(path, known.stamp, last)
            stamp = write_text(path, "\n".join(lines), newline=newline, encoding=encoding, progress=progress)
            self._done, self._last = order, (path, stamp)
            return stamp

    def _check(self, path: Path, known: Stamp, last: Stamp | None) -> None:
        if gone(path):
            raise Gone(path)
        if changed_outside(path, known) and (last is None or changed_outside(path, last)):
            raise Overtaken(path)
