"""What a refused write means, in a person's words: a full disk has many names, and one remedy."""

import errno
from pathlib import Path

FULL: dict[int, str] = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EFBIG: "the system lets files grow no larger here",
}
REMEDIES: dict[int, str] = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "free some space or lift the limit",
    errno.EROFS: "make the disk writable again",
    errno.EACCES: "change the folder's permissions",
    errno.EPERM: "change the folder's permissions",
}


def is_full(error: BaseException | None) -> bool:
    """Whether more room is all that is missing."""
    return isinstance(error, OSError) and error.errno in FULL


def refused(error: OSError, path: Path | None = None) -> str:
    """Why something could not be written, as a clause: ``the disk is full``, or what the system says, with the file."""
    if error.errno in FULL:
        return FULL[error.errno]
    where = path.name if path is not None else error.filename
    return f"{where or 'a file'} can't be written ({error.strerror or error})"


def remedy(error: OSError) -> str:
    """What a person can do about it: ``free some space``."""
    return REMEDIES.get(error.errno or 0, "put that right")


def sentence(error: OSError, path: Path | None = None) -> str:
    """Both: ``The disk is full: free some space.``"""
    return capital(f"{refused(error, path)}: {remedy(error)}.")


def capital(clause: str) -> str:
    """A clause as the beginning of a sentence."""
    return clause[:1].upper() + clause[1:]
