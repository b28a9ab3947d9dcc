"""From the paths that a person names to the files that will be read, in an order that never varies."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpora.errors import InputError
from corpora.importing.importer import Importer
from corpora.importing.registry import READABLE, importer_for
from corpora.paths import expanded, is_folder

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


def find_files(paths: Sequence[Path], told: Callable[[str], None] = lambda _: None) -> Found:
    """Walks files and folders. Hidden entries of folders are skipped; a file that is reached twice is read once.

    `told` hears of every entry how far it has come, and may raise to give up. Raises `InputError` where a path doesn't
    exist, or where it is a single file that Pantoum can't read.
    """
    found = Found()
    seen: set[tuple[int, int]] = set()
    for given in paths:
        path = expanded(given)
        try:
            if path.is_dir():
                _add_folder(found, path, seen, told)
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


def _add_folder(found: Found, folder: Path, seen: set[tuple[int, int]], told: Callable[[str], None]) -> None:
    part = Found()
    for number, path in enumerate(_walk(folder, part.notices), 1):
        told(f"Looking through {printable(folder.name)}: {number:,} files")
        name = printable(path.relative_to(folder))
        try:
            _add_file(part, path, name, seen)
        except OSError as error:
            part.notices.append(f"{name} was left out: it can't be read ({error.strerror or error}).")
    found.files += part.files
    found.notices += _shortened(part.notices, printable(folder.name or folder))
    if not part.files and not part.notices:
        found.notices.append(f"{printable(folder)} holds no text files: {READABLE}.")


def _walk(top: Path, notices: list[str]) -> Iterator[Path]:
    """Files below `top`, sorted as people count (2 before 10). Links are followed, but never in a circle.

    What can't be looked at is among them: whoever opens it learns why.
    """
    waiting: list[tuple[Path, frozenset[tuple[int, int]]]] = [(top, frozenset())]  # with the folders above each
    while waiting:
        path, above = waiting.pop()
        if not is_folder(path):
            yield path
            continue
        try:
            status = path.stat()
            entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        except OSError as error:
            notices.append(f"{printable(path)} was left out: it can't be read ({error.strerror or error}).")
            continue
        here = (status.st_dev, status.st_ino)
        if here not in above:
            waiting += [(entry, above | {here}) for entry in sorted(entries, key=_natural, reverse=True)]


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
