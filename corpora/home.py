"""Where Pantoum keeps things: one root folder with corpora, models, documents and a trash."""

import contextlib
import itertools
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from corpora.errors import InputError


def home() -> Path:
    """The root folder: ``PANTOUM_HOME`` where set, otherwise the platform's user data folder. Not created here."""
    chosen = os.environ.get("PANTOUM_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_data_path("pantoum", appauthor=False)


def ensure_room(name: str, root: Path | None = None) -> Path:
    """The folder ``name`` (``corpora``, ``models``, ``documents`` or ``trash``) under the root, created where needed.

    Raises `InputError` if it can't be created: a full disk, a read-only folder, a file in the way.
    """
    folder = (root or home()) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"Pantoum can't create its folder {folder} ({error.strerror or error}). "
            "Make it writable, free some space, or set PANTOUM_HOME to another folder."
        ) from error
    return folder


def slugify(name: str) -> str:
    """A folder name for `name`: lower case letters and digits of any script, joined by hyphens, at most 64 of them.

    Empty where the name has no letter or digit. Never holds a path separator, a dot or a control character.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "-", folded)[:64].strip("-")


def numbered(name: str, joint: str = " ") -> Iterator[str]:
    """`name`, then ``name 2``, ``name 3``, … without an end; cut so far that its slug keeps the number."""
    yield name
    for number in itertools.count(2):
        base = name
        while len(base) > 1 and not slugify(f"{base}{joint}{number}").endswith(f"-{number}"):
            base = base[:-1]
        yield f"{base.rstrip(' -')}{joint}{number}"


def fresh_folder(room: Path, slug: str) -> Path:
    """Creates ``room/slug``, or ``room/slug-2``, ``-3``, … where that is taken: safe with two apps at once.

    Raises `InputError` where the folder can't be written.
    """
    names = numbered(slug, "-")
    while True:
        path = room / next(names)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(
                f"Pantoum can't create {path} ({error.strerror or error}). Free some space or make {room} writable."
            ) from error
        return path


def move_to_trash(folder: Path, trash: Path) -> Path:
    """Moves a library folder, or a draft, into the trash and returns its place there. Raises `InputError`."""
    target = trash / f"{time.time_ns()}-{folder.name}"
    try:
        folder.rename(target)
    except OSError as error:
        raise InputError(f"{folder} can't be moved to the trash ({error.strerror or error}).") from error
    return target


def restore_from_trash(trashed: Path, room: Path) -> Path:
    """Moves a folder back out of the trash, under its old name or the next free one; returns its path."""
    slug = trashed.name.partition("-")[2]
    path = fresh_folder(room, slug)
    try:
        trashed.rename(path)  # replaces the empty folder in one step
    except OSError as error:
        with contextlib.suppress(OSError):
            path.rmdir()
        raise InputError(f"{trashed} can't be brought back ({error.strerror or error}).") from error
    return path


def empty_trash(root: Path | None = None, *, older_than_days: float = 30.0) -> int:
    """Deletes what has lain in the trash for longer than that; returns how many things went."""
    oldest = time.time_ns() - int(older_than_days * 86_400e9)
    gone = 0
    try:
        entries = list(((root or home()) / "trash").iterdir())
    except OSError:
        return 0
    for entry in entries:
        stamp = entry.name.partition("-")[0]
        if stamp.isdigit() and int(stamp) < oldest:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    entry.unlink()
            gone += 1
    return gone
