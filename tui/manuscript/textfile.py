"""The writer's file: plain text that is read whole, written whole, and never overwritten unseen.

The text in memory has ``\\n`` line ends only; the file keeps the line ends and the encoding it came with.
"""

import codecs
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError
from corpora.files import replacing
from corpora.paths import is_folder, resolved

Progress = Callable[[float], None]  # a share from 0 to 1
CHUNK = 1 << 20
ELSEWHERE = "Your text is still here; save it elsewhere with {ctrl+p|app.palette}, Save as."  # for `with_keys`
LARGEST = 64 << 20  # bytes; a long novel has one or two million


@dataclass(frozen=True)
class Stamp:
    """What a file held when we last saw it."""

    modified: int  # ns
    size: int  # bytes; negative where only the hash is known
    sha256: str


@dataclass(frozen=True)
class TextFile:
    """A file's text and how the file spells it."""

    path: Path
    text: str
    newline: str  # "\n", "\r\n" or "\r": the commonest in the file
    encoding: str  # Python's name: "utf-8", "utf-8-sig" (with a byte order mark), or what a detector found
    stamp: Stamp
    notices: tuple[str, ...] = ()  # sentences: a guessed encoding, mixed line ends
    lossy: bool = False  # some bytes could not be read: saving over the file would lose them

    @classmethod
    def known(cls, path: Path, newline: str, encoding: str, sha256: str) -> "TextFile":
        """A file of which only that is known, from a journal."""
        return cls(path, "", newline, encoding, Stamp(0, -1, sha256))


def read_text(path: Path, progress: Progress | None = None) -> TextFile:
    """Reads a text file. Raises `InputError` where it is missing, unreadable, too large, or not UTF-8 text."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder. Choose a file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a file that can be edited.")
        if status.st_size > LARGEST:
            raise InputError(
                f"{path.name} has {status.st_size / 1e6:,.0f} MB; the editor takes up to {LARGEST / 1e6:,.0f} MB. "
                "Add it in the Library to train on it instead."
            )
        data = _read(path, status.st_size, progress)
    except (OSError, ValueError) as error:  # a ValueError: a name with a null character
        raise InputError(f"{path} can't be read ({_reason(error)}).") from error
    notices = []
    try:
        encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
        raw, lossy = data.decode(encoding), False
    except UnicodeDecodeError:
        raw, encoding, lossy, notice = _decode_otherwise(path, data)
        notices.append(notice)
    if "\0" in raw:
        raise InputError(f"{path.name} holds zero bytes, so it is not a text. It was left as it is.")
    newline, mixed = _newline(raw)
    stamp = Stamp(status.st_mtime_ns, len(data), hashlib.sha256(data).hexdigest())
    if mixed:
        notices.append(_mixed_notice(path, newline))
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    return TextFile(path, text, newline, encoding, stamp, tuple(notices), lossy)


def write_text(
    path: Path, text: str, *, newline: str = "\n", encoding: str = "utf-8", progress: Progress | None = None
) -> Stamp:
    """Replaces the file whole, through symbolic links, keeping its permissions and its group.

    Raises `InputError` where it can't be written or `encoding` can't spell the text; the old file then stays.
    """
    target = resolved(path)
    digest = hashlib.sha256()
    size = 0
    try:
        data = text.replace("\n", newline).encode(encoding)
        before = _status(target)
        if before is not None and stat.S_ISDIR(before.st_mode):
            raise InputError(f"{path} is a folder. Give a file name.")
        if before is not None and not stat.S_ISREG(before.st_mode):
            raise InputError(f"{path} is not a file that can be replaced. Give another name.")
        if before is None and not is_folder(target.parent):
            raise InputError(f"{path} can't be written: its folder is not there any more. {ELSEWHERE}")
        if before is not None and not (before.st_mode & 0o222 and os.access(target, os.W_OK)):
            raise InputError(f"{path.name} can't be written: it is write-protected. {ELSEWHERE}")
        with replacing(target, like=before) as file:
            for start in range(0, len(data), CHUNK):
                chunk = data[start : start + CHUNK]
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if progress is not None:
                    progress(size / len(data))
        return Stamp(target.stat().st_mtime_ns, size, digest.hexdigest())
    except UnicodeEncodeError as error:
        raise InputError(
            f"{path.name} is in the encoding {encoding}, which has no {error.object[error.start]!r}. "
            "Save the text as another file; that will be UTF-8."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be written ({_reason(error)}). {ELSEWHERE}") from error


def changed_outside(path: Path, stamp: Stamp) -> bool:
    """Whether somebody else wrote the file since `stamp`. A file that is gone, or only touched, was not changed.

    Raises `InputError` where that can't be told, as on a disk that is not there any more.
    """
    try:
        status = _status(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read ({_reason(error)}). {ELSEWHERE}") from error
    if status is None:
        return False
    try:
        if (status.st_mtime_ns, status.st_size) == (stamp.modified, stamp.size):
            return False
        if stamp.size >= 0 and status.st_size != stamp.size:
            return True
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != stamp.sha256
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _status(path: Path) -> os.stat_result | None:
    """None where surely nothing is there. Raises `OSError`, or `ValueError` for what is no path."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _read(path: Path, size: int, progress: Progress | None) -> bytes:
    parts = []
    done = 0
    with path.open("rb") as file:
        while (chunk := file.read(CHUNK)) and done <= LARGEST:
            parts.append(chunk)
            done += len(chunk)
            if progress is not None:
                progress(min(1.0, done / max(size, 1)))
    return b"".join(parts)


def _decode_otherwise(path: Path, data: bytes) -> tuple[str, str, bool, str]:
    """What a detector makes of bytes that are not UTF-8: text, encoding, whether some were lost, and a sentence."""
    from corpora.encoding import display_name, find_encoding  # the detector is slow to import and seldom needed

    try:
        found = find_encoding(path)
        raw = data.decode(found.name, found.errors)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path.name} changed while it was read. Open it again.") from error
    if found.errors != "strict":
        notice = f"{path.name} has damaged bytes, shown as \N{REPLACEMENT CHARACTER}; save it under another name."
        return raw, "utf-8", True, notice
    guess = f" ({found.confidence * 100:.0f} % sure)" if found.guessed else ""
    return raw, found.name, False, f"{path.name} was read as {display_name(found.name)}{guess} and is saved so."


def _newline(raw: str) -> tuple[str, bool]:
    """The commonest line end, and whether there are others."""
    windows = raw.count("\r\n")
    counts = {"\n": raw.count("\n") - windows, "\r\n": windows, "\r": raw.count("\r") - windows}
    best = max(counts, key=lambda end: counts[end])
    return best, sum(1 for count in counts.values() if count) > 1


def _mixed_notice(path: Path, newline: str) -> str:
    name = {"\n": "Unix", "\r\n": "Windows", "\r": "old Macintosh"}[newline]
    return f"{path.name} mixes several kinds of line ends; saving will make them all {name} ones."
