"""From the paths that a person names to the files that will be read, in an order that never varies."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpora.errors import InputError
from corpora.importing.importer import Importer
from corpora.importing.registry import READABLE, importer_for

_NAMED = 5  # files left out that are named one by one; more are counted by suffix


@dataclass(frozen=True)
class FoundFile:
    """A file to read. `name` is what people know it by: its path below the folder that was given."""

    path: Path
    name: str
    importer: Importer
    size: int  # bytes


@dataclass
class Found:
    """Everything that was found, and a sentence for each thing that was left out."""

    files: list[FoundFile] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def find_files(paths: Sequence[Path]) -> Found:
    """Walks files and folders. Hidden entries of folders are skipped; a file that is reached twice is read once.

    Raises `InputError` where a path doesn't exist, or where it is a single file that Pantoum can't read.
    """
    found = Found()
    seen: set[tuple[int, int]] = set()
    for given in paths:
        path = given.expanduser()
        try:
            if path.is_dir():
                _add_folder(found, path, seen)
            else:
                _add_file(found, path, printable(path.name), seen)
        except OSError as error:
            raise InputError(
                f"{printable(path)} can't be read ({error.strerror or error}). Check the path and its permissions."
            ) from error
    if not found.files and len(paths) == 1 and found.notices:
        raise InputError(found.notices[0])
    return found


def printable(path: Path | str) -> str:
    """A path as text that can be shown and stored, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def _add_file(found: Found, path: Path, name: str, seen: set[tuple[int, int]]) -> None:
    status = path.stat()
    if not path.is_file():  # a pipe or device would block or never end
        found.notices.append(f"{name} was left out: it is not an ordinary file.")
        return
    importer = importer_for(path)
    if importer is None:
        found.notices.append(f"{name} was left out: {READABLE}.")
    elif (status.st_dev, status.st_ino) not in seen:
        seen.add((status.st_dev, status.st_ino))
        found.files.append(FoundFile(path.absolute(), name, importer, status.st_size))


def _add_folder(found: Found, folder: Path, seen: set[tuple[int, int]]) -> None:
    part = Found()
    for path in _walk(folder, part.notices, set()):
        name = printable(path.relative_to(folder))
        try:
            _add_file(part, path, name, seen)
        except OSError as error:
            part.notices.append(f"{name} was left out: it can't be read ({error.strerror or error}).")
    found.files += part.files
    found.notices += _shortened(part.notices, printable(folder.name or folder))
    if not part.files and not part.notices:
        found.notices.append(f"{printable(folder)} holds no text files: {READABLE}.")


def _walk(folder: Path, notices: list[str], above: set[tuple[int, int]]) -> Iterator[Path]:
    """Files below `folder`, sorted as people count (2 before 10). Links are followed, but never in a circle."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        notices.append(f"{printable(folder)} was left out: it can't be read ({error.strerror or error}).")
        return
    for entry in sorted(entries, key=_natural):
        if entry.is_dir():
            yield from _walk(entry, notices, above | {here})
        else:
            yield entry


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """A sorting key by which ``chapter 2`` comes before ``chapter 10``."""
    parts = re.split(r"([0-9]{1,18})", path.name.casefold())
    return [(1, int(part), "") if index % 2 else (0, 0, part) for index, part in enumerate(parts)], path.name


def _shortened(notices: list[str], folder: str) -> list[str]:
    """A folder may hold thousands of pictures: beyond a few, they are counted and not named."""
    if len(notices) <= _NAMED:
        return notices
    suffixes = Counter(Path(notice.partition(" was left out")[0]).suffix.lower() for notice in notices)
    kinds = ", ".join(suffix for suffix, _ in suffixes.most_common(6) if suffix)
    return [f"{len(notices):,} files of {folder} were left out ({kinds or 'no suffix'}): {READABLE}."]
