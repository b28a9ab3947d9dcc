"""What tells one model's weights from all others. Free of torch."""

import hashlib
from pathlib import Path

from corpora.errors import InputError


def hash_file(path: Path) -> str:
    """BLAKE2b of a file's bytes, in hexadecimal. Raises `InputError`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}).") from error
