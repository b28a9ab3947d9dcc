"""Which importer reads which file."""

from pathlib import Path

from corpora.importing.importer import Importer
from corpora.importing.plain import PlainText

IMPORTERS: tuple[Importer, ...] = (PlainText(),)
READABLE = "Pantoum reads .txt and .md"


def importer_for(path: Path) -> Importer | None:
    """The importer for a file by its suffix; None where there is none."""
    suffix = path.suffix.lower()
    return next((importer for importer in IMPORTERS if suffix in importer.suffixes), None)
