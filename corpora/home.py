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

import msgspec
import platformdirs

from corpora.errors import InputError
from corpora.files import DAY, read_json, write_json
from corpora.paths import expanded, is_folder, there

KEPT = 30 * DAY  # that a deleted thing stays in the trash
LONGEST = 7 * DAY  # between two looks at the trash that count
LAIN = ".lain.json"


def home() -> Path:
    """The root folder: ``PANTOUM_HOME`` where set, otherwise the platform's user data folder. Not created here.

    Raises `InputError` where that names the home of a user who does not exist.
    """
    chosen = os.environ.get("PANTOUM_HOME")
    if chosen:
        return expanded(Path(chosen)).absolute()
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


def folders_in(room: Path) -> list[str]:
    """The names of the folders in a room, in order, but for hidden ones; none where the room can't be read.

    What can't be looked at, as a link to a disk that doesn't answer, is among them: who opens it learns why.
    """
    try:
        with os.scandir(room) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry))
    except OSError:
        return []


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir() or (entry.is_symlink() and not there(Path(entry.path)))
    except OSError:
        return True


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


class _Lain(msgspec.Struct, kw_only=True):
    """How long each thing has lain in the trash, as far as it was looked at."""

    format: int = 1
    looked: float  # Unix time of the last look
    seconds: dict[str, float]  # by name


def empty_trash(root: Path | None = None) -> int:
    """Deletes what has lain in the trash for 30 days; returns how many things went. To be called at every start.

    A clock may be wrong by years, and right the next time. So what counts is the time between looks, and of that a week
    at most each time.
    """
    trash = (root or home()) / "trash"
    try:
        entries = {entry.name: entry for entry in trash.iterdir() if not entry.name.startswith(".")}
    except OSError:
        return 0
    if not entries:
        return 0
    now = time.time()
    before = _looked(trash)
    passed = min(max(0.0, now - before.looked), LONGEST) if before else 0.0
    lain = {name: before.seconds[name] + passed if before and name in before.seconds else 0.0 for name in entries}
    old = [name for name, seconds in lain.items() if seconds > KEPT]
    for name in old:
        _delete(entries[name])
    kept = {name: seconds for name, seconds in lain.items() if name not in old}
    with contextlib.suppress(OSError):
        write_json(trash / LAIN, _Lain(looked=now, seconds=kept))
    return len(old)


def _looked(trash: Path) -> _Lain | None:
    try:
        return read_json(trash / LAIN, _Lain, newest=1)
    except InputError:  # nobody has looked yet: all has lain there from now on
        return None


def _delete(entry: Path) -> None:
    if is_folder(entry) and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            entry.unlink()
