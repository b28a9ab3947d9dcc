"""Makes a corpus in a hidden folder that is renamed into place when all of it is on disk.

A process that is killed, or a disk that fills up, leaves nothing half-made in the library.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from corpora.cleaning.cleaner import Cleaner
from corpora.corpus import RECORD, TEXT
from corpora.errors import InputError
from corpora.files import DAY, write_json
from corpora.home import numbered, slugify
from corpora.processes import has_process
from corpora.records import CorpusRecord, Source

SEPARATOR = "\n\n"  # what a file's text ends with before the next begins: at least one blank line
_PREFIX = ".adding-"


@dataclass(frozen=True)
class NamedText:
    """One text that goes into a corpus, before cleaning; `chunks` is read once."""

    name: str
    path: str
    chunks: Iterable[str]
    bytes: int
    encoding: str = "utf-8"
    guessed: bool = False
    confidence: float = 1.0


class CorpusBuilder:
    """Writes ``text.txt`` and ``corpus.json`` into a hidden folder of `room`. Every method may raise `OSError`."""

    def __init__(self, room: Path) -> None:
        name = f"{_PREFIX}{_host()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.folder = room / name
        self.folder.mkdir()
        self.sources: list[Source] = []
        self.characters = 0
        self._bytes = 0
        self._hash = hashlib.sha256()
        self._first: dict[str, str] = {}  # hash of a text: the name of the source that had it first
        self._cleaning: dict[str, None] = {}
        self._alphabet: set[str] = set()
        self._ending = SEPARATOR  # the last characters of text.txt; as if there were a blank line before its start
        self._file = (self.folder / TEXT).open("w+b")

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing but spaces and line ends so far."""
        return all(character.isspace() for character in self._alphabet)

    def add(self, text: NamedText, progress: Callable[[], None] = lambda: None) -> Source:
        """Cleans and appends one text, unless the corpus holds the same already. `progress` is called often.

        Raises what reading the text raises; the corpus is then as it was before.
        """
        before = (self.characters, self._bytes, self._hash.copy(), self._ending, self._alphabet.copy())
        cleaner = Cleaner()
        own = hashlib.sha256()
        length = 0
        start = self.characters
        try:
            for chunk in cleaner.clean(text.chunks):
                if length == 0:
                    self._separate()
                    start = self.characters
                own.update(self._write(chunk))
                length += len(chunk)
                progress()
        except InputError:
            self._go_back(*before)
            raise
        digest = own.hexdigest()
        duplicate_of = self._first.get(digest, "")
        if duplicate_of:
            self._go_back(*before)
            start = self.characters
        elif length:
            self._cleaning.update(dict.fromkeys(cleaner.changed))
            self._first[digest] = text.name
        source = Source(
            name=text.name,
            path=text.path,
            encoding=text.encoding,
            guessed=text.guessed,
            confidence=text.confidence,
            bytes=text.bytes,
            characters=length,
            start=start,
            sha256=digest,
            duplicate_of=duplicate_of,
        )
        if length:
            self.sources.append(source)
        return source

    def finish(self, name: str, created: str) -> CorpusRecord:
        """Puts everything on disk; the folder is then whole, but still hidden."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        record = CorpusRecord(
            name=name,
            created=created,
            sources=tuple(self.sources),
            characters=self.characters,
            bytes=self._bytes,
            sha256=self._hash.hexdigest(),
            alphabet=len(self._alphabet),
            cleaning=tuple(self._cleaning),
        )
        write_json(self.folder / RECORD, record)
        return record

    def publish(self, slug: str) -> Path:
        """Renames the folder to `slug`, or `slug` with the first free number; safe with two apps at once."""
        names = numbered(slug, "-")
        while True:
            path = self.folder.with_name(next(names))
            if path.exists():
                continue
            try:
                self.folder.rename(path)
            except OSError:
                if path.exists():  # somebody was quicker by a moment
                    continue
                raise
            return path

    def discard(self) -> None:
        """Leaves nothing behind. Harmless after `publish`."""
        with contextlib.suppress(OSError):
            self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _go_back(self, characters: int, size: int, digest: "hashlib._Hash", ending: str, alphabet: set[str]) -> None:
        """Forgets what was written after this point."""
        self.characters, self._bytes, self._hash, self._ending = characters, size, digest, ending
        self._alphabet = alphabet
        self._file.seek(size)
        self._file.truncate()

    def _separate(self) -> None:
        missing = next(count for count in range(3) if (self._ending + "\n" * count).endswith(SEPARATOR))
        self._write("\n" * missing)

    def _write(self, text: str) -> bytes:
        data = text.encode("utf-8")
        self._file.write(data)
        self._hash.update(data)
        self.characters += len(text)
        self._bytes += len(data)
        self._alphabet.update(text)
        self._ending = (self._ending + text[-2:])[-2:]
        return data


def sweep(room: Path) -> None:
    """Removes the unfinished folders of processes that are gone."""
    for folder in room.glob(f"{_PREFIX}*"):
        match = re.fullmatch(rf"{re.escape(_PREFIX)}(.*)-(\d+)-[0-9a-f]+", folder.name)
        with contextlib.suppress(OSError):
            here = match is not None and match[1] == _host()
            if match and here and has_process(int(match[2])):
                continue
            # One of another machine counts as abandoned after a day.
            if here or time.time() - folder.stat().st_mtime > DAY:
                shutil.rmtree(folder, ignore_errors=True)


def _host() -> str:
    return slugify(socket.gethostname()) or "host"
