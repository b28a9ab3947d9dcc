"""What is said when something goes wrong: one line for the person, the details in a file for whoever mends it."""

import errno
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from corpora.errors import InputError
from corpora.home import home
from corpora.version import __version__

REMEDIES = {
    errno.ENOSPC: "Free some space and try again",
    errno.EDQUOT: "Free some space and try again",
    errno.EFBIG: "The system allows no larger file here: free some space or lift the limit",
    errno.EROFS: "Choose a folder that can be written, or set PANTOUM_HOME to one",
    errno.EACCES: "Change its permissions, or set PANTOUM_HOME to a folder of your own",
    errno.EPERM: "Change its permissions, or set PANTOUM_HOME to a folder of your own",
}


class ReaderGone(Exception):
    """Whoever read our output closed it, as ``| head`` does: nothing is wrong, and nothing is left to say."""


def explain(error: Exception) -> str:
    """One line for the person. For an error that is not theirs, also writes the details to a file and names it."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return _about_system(error)
    name = type(error).__name__
    first = next(iter(str(error).splitlines()), "")
    said = f"{name}: {first}" if first else name
    return f"Pantoum failed, and this is not your fault ({said}). {_keep_details(error)}"


def _about_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    remedy = REMEDIES.get(error.errno or 0)
    return f"{where}{error.strerror}.{f' {remedy}.' if remedy else ''}"


def _keep_details(error: Exception) -> str:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    command = " ".join(sys.argv[:3])
    details = f"{moment} pantoum {__version__}: {command}\n{''.join(traceback.format_exception(error))}\n"
    for folder in (home(), Path(tempfile.gettempdir())):
        path = folder / "errors.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(details)
        except OSError:
            continue
        return f"The details are in {path}."
    return "Set PANTOUM_DEBUG=1 to see the details."


def silence() -> None:
    """Points stdout and stderr nowhere, so that Python's own flush at exit can't complain about a closed pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            continue
