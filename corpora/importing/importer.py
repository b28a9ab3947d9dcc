"""What every importer is: a way to turn one kind of file into a stream of text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from corpora.encoding import TextEncoding


@dataclass(frozen=True)
class ImportedText:
    """One file's text, not yet read: `chunks` streams it once."""

    encoding: TextEncoding
    chunks: Iterator[str]
    notices: tuple[str, ...] = ()  # sentences that the person should see


class Importer(Protocol):
    """Reads the files with one of `suffixes` (in lower case, with the dot; ``""`` for none)."""

    suffixes: frozenset[str]

    def open(self, path: Path, name: str, encoding: str | None, progress: Callable[[], None]) -> ImportedText:
        """Begins to read `path`, which notices call `name`. Raises `InputError` and `OSError`.

        `progress` is called often meanwhile, and may raise to give up.
        """
        ...
