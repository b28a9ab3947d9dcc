"""One corpus of the library: its record, and its text as a stream."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError
from corpora.files import read_json
from corpora.records import CorpusRecord

FORMAT = 1
RECORD = "corpus.json"
TEXT = "text.txt"
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Corpus:
    """A folder with ``corpus.json`` and ``text.txt``. The text is never held in memory as a whole."""

    folder: Path
    record: CorpusRecord

    @property
    def slug(self) -> str:
        """Its short name, which is its folder's."""
        return self.folder.name

    @property
    def text_path(self) -> Path:
        """``text.txt``: UTF-8, NFC, one kind of line end."""
        return self.folder / TEXT

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[str]:
        """Streams the characters from `start` up to `end` (the text's end where None) in chunks of about 1 MiB.

        Raises `InputError` where ``text.txt`` can't be read or is no longer UTF-8.
        """
        end = self.record.characters if end is None else min(end, self.record.characters)
        position = 0
        for text in self._decoded():
            if position >= end:
                return
            piece = text[max(0, start - position) : end - position]
            position += len(text)
            if piece:
                yield piece
        if position < end:
            raise InputError(f"{self.text_path} is shorter than it was. Remove the corpus and add the text again.")

    def preview(self, characters: int = 2000) -> str:
        """The text's beginning."""
        return "".join(self.chunks(0, characters))

    def _decoded(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            with self.text_path.open("rb") as file:
                while data := file.read(CHUNK):
                    yield decoder.decode(data)
            yield decoder.decode(b"", final=True)
        except OSError as error:
            raise InputError(
                f"{self.text_path} can't be read ({error.strerror or error}). Remove the corpus and add the text again."
            ) from error
        except UnicodeDecodeError as error:
            raise InputError(f"{self.text_path} is damaged. Remove the corpus and add the text again.") from error


def open_corpus(folder: Path) -> Corpus:
    """Reads a corpus folder. Raises `InputError`, saying what is damaged, where it can't be used."""
    record = read_json(folder / RECORD, CorpusRecord, newest=FORMAT)
    corpus = Corpus(folder, record)
    try:
        size = corpus.text_path.stat().st_size
    except OSError as error:
        raise InputError(
            f"{corpus.text_path} can't be read ({error.strerror or error}). Remove the corpus and add the text again."
        ) from error
    if size != record.bytes:
        raise InputError(
            f"{corpus.text_path} has {size:,} bytes and not {record.bytes:,}: it was changed since it was added. "
            "Remove the corpus and add the text again."
        )
    return corpus
