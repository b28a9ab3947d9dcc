"""Files that are never half written: replaced whole, or appended by whole lines.

Every JSON file of Pantoum carries ``"format": N``. `read_json` refuses a newer N and lets `upgrades` lift an
older one, so that a file from any earlier Pantoum reads as if it had been written today.
"""

import contextlib
import errno
import glob
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from corpora.errors import InputError

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
DAY = 86_400.0  # seconds
LONG_NAME = 120  # bytes; with what a temporary name adds, all file systems take that
MAX_JSON_BYTES = 256 * 1024 * 1024  # a tokenizer of 100,000 pieces is a few MB; more is damage or malice


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


_UMASK = _umask()  # once: asking sets it for a moment, which threads that ask at the same time would make last


@contextlib.contextmanager
def replacing(path: Path, *, like: os.stat_result | None = None, private: bool = False) -> Iterator[IO[bytes]]:
    """Opens a temporary file beside `path`; on a clean exit it is fsync'd and renamed over `path`.

    It has the permissions, the owner and the group of `like`, as far as the system lets it; else those of a new file,
    or, where it is to be `private`, none for anybody else. Nobody else can read it before it has them.
    On any error the temporary file is removed and `path` stays as it was. Raises `OSError`.
    """
    remove_leftovers(path, older_than=DAY)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_temporary_prefix(path), suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            mode = 0o600 if private else 0o666 & ~_UMASK
            if like is not None:
                mode = _own_like(file.fileno(), like)
            with contextlib.suppress(OSError):  # some file systems have no permissions, and refuse to be given any
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _temporary_prefix(path: Path) -> str:
    """What the names of the temporary files for `path` begin with; the longest names have no room for more."""
    name = os.fsencode(path.name)
    return f".{path.name if len(name) <= LONG_NAME else hashlib.sha256(name).hexdigest()[:16]}."


def _own_like(descriptor: int, like: os.stat_result) -> int:
    """Gives a file the owner and the group of another one, and returns the permissions that it may have then."""
    mode = stat.S_IMODE(like.st_mode)
    for owner in (like.st_uid, -1):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, owner, like.st_gid)
            return mode
    return mode & ~0o070 | (mode & 0o007) << 3  # another group than it was meant for: that is everybody


def remove_leftovers(path: Path, *, older_than: float = 0.0) -> None:
    """Removes the temporary files of processes that were killed while they replaced `path`.

    `older_than` so many seconds, unless nobody else can be writing it.
    """
    for temporary in path.parent.glob(f"{glob.escape(_temporary_prefix(path))}*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - temporary.stat().st_mtime >= older_than:
                temporary.unlink()


def write_bytes(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replaces `path` by `data` as a whole; `private`: for nobody else to read. Raises `OSError`."""
    with replacing(path, private=private) as file:
        file.write(data)


def write_json(path: Path, value: object) -> None:
    """Replaces `path` by `value` as indented JSON; `value` must carry a ``format`` field. Raises `OSError`."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def write_over(path: Path, value: object) -> None:
    """Writes `value` as JSON over what `path` has, in place, where a full disk has no room for a new file.

    For small reports only, of which a reader may for a moment see half. Raises `OSError`.
    """
    data = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    with path.open("r+b", buffering=0) as file:
        file.write(data)
        file.truncate(len(data))


def append_line(path: Path, value: object) -> None:
    """Appends `value` as one line of JSON with a single write, so that a reader never sees half of it.

    A line that a crash cut short is closed first, so that it spoils no other. Raises `OSError`.
    """
    line = msgspec.json.encode(value) + b"\n"
    with path.open("ab+") as file:
        if file.seek(0, os.SEEK_END) > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def append_bytes(path: Path, data: bytes, *, sync: bool = False) -> int:
    """Appends all of `data`, or nothing of it where that fails, as on a full disk. Returns the file's new size.

    With `sync` it is on the disk then. Raises `OSError`.
    """
    with path.open("ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if sync:
                os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise
    return size + len(data)


def read_json(path: Path, kind: type[T], *, newest: int, upgrades: Mapping[int, Upgrade] | None = None) -> T:
    """Reads a JSON file into the typed `kind`.

    `newest` is the newest format this Pantoum knows; ``upgrades[n]`` turns a decoded file of format n into n + 1.
    Raises `InputError` for a file that is missing, damaged, of a newer format, or too large to be one of ours.
    """
    try:
        there = path.stat()
        if not stat.S_ISREG(there.st_mode):  # reading a device might never end
            raise InputError(f"{path} is not a file. Restore it from a backup, or remove its folder.")
        if there.st_size > MAX_JSON_BYTES:
            raise InputError(f"{path} is too large to be a file of Pantoum's. Remove it or restore it.")
        raw = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing. Restore it from a backup, or remove its folder.") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path} can't be read ({reason}). Restore it from a backup, or remove its folder.") from error
    found = raw.get("format") if isinstance(raw, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InputError(f'{path} has no valid "format" and is damaged. Restore it, or remove its folder.')
    if found > newest:
        raise InputError(
            f"{path} was written by a newer Pantoum (format {found}; this one reads up to {newest}). Update Pantoum."
        )
    for step in range(found, newest):
        raw = (upgrades or {})[step](raw)
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"{path} is damaged: {error}. Restore it from a backup, or remove its folder.") from error


def open_regular(path: Path) -> IO[bytes]:
    """Opens a file to be read, never waiting for it. Raises `OSError`, also where it is a pipe or a device.

    Those may be in a folder that came from elsewhere, and reading them might never end.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "It is not a file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


class Tail:
    """Reads the whole lines that were added to a growing file since the last call, a bounded chunk at a time."""

    def __init__(self, path: Path, *, start: int = 0, chunk: int = 1 << 20) -> None:
        self.path = path
        self.offset = start
        self.chunk = chunk

    def read(self) -> list[bytes]:
        """New whole lines without their line ends; ``[]`` where there are none or the file is missing.

        A file that has become shorter was replaced, and is read from its beginning. Call again while it returns
        lines: one call reads at most one chunk. A line longer than a chunk is skipped, as damage.
        """
        return [line for line in self.read_block().split(b"\n") if line]

    def read_block(self) -> bytes:
        """The same lines with their line ends, as one piece: splitting a long history takes its time."""
        try:
            with open_regular(self.path) as file:
                size = file.seek(0, os.SEEK_END)
                if size < self.offset:
                    self.offset = 0
                file.seek(self.offset)
                data = file.read(self.chunk)
        except OSError:
            return b""
        end = data.rfind(b"\n") + 1
        if end == 0:
            if len(data) == self.chunk:
                self.offset += len(data)
            return b""
        self.offset += end
        return data[:end]
