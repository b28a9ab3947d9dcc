"""Plain text and Markdown, which is kept as it was typed."""

from collections.abc import Callable
from pathlib import Path

from corpora.encoding import decode_file, find_encoding
from corpora.importing.importer import ImportedText


class PlainText:
    """Text files in any encoding; a file without a suffix is read where it turns out to be text."""

    suffixes = frozenset({".txt", ".text", ".md", ".markdown", ""})

    def open(self, path: Path, name: str, encoding: str | None, progress: Callable[[], None]) -> ImportedText:
        found = find_encoding(path, encoding, progress)
        notice = found.notice(name)
        return ImportedText(found, decode_file(path, found), (notice,) if notice else ())
