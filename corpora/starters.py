"""Texts that come with Python itself, for a first try with no file at hand and nothing to download."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import InputError
from corpora.library import Added, CorpusLibrary

if TYPE_CHECKING:
    from corpora.building import NamedText

MOST_SOURCE = 5_000_000  # bytes of the standard library's source: more adds training time, not variety
# Third parties' code, tests, and modules that are mostly tables of data.
_SKIPPED = frozenset(
    {"site-packages", "dist-packages", "test", "tests", "idlelib", "idle_test", "pydoc_data", "encodings", "__phello__"}
)


@dataclass(frozen=True)
class Starter:
    """A text on offer: `key` names it on the command line."""

    key: str
    name: str
    description: str


STARTERS: tuple[Starter, ...] = (
    Starter(
        "manual", "Python's manual", "The reference manual that comes with Python: patient English prose, about 0.5 MB."
    ),
    Starter("stdlib", "Python's standard library", "Source code of the standard library, about 5 MB."),
)


def add_starter(library: CorpusLibrary, key: str, progress: Callable[[float, str], None] | None = None) -> Added:
    """Adds a starter to the library. Raises `InputError` for an unknown key or a Python that comes without the text."""
    starter = next((starter for starter in STARTERS if starter.key == key), None)
    if starter is None:
        known = ", ".join(starter.key for starter in STARTERS)
        raise InputError(f"There is no starter named {key!r}. Starters: {known}.")
    texts = _manual() if key == "manual" else _standard_library()
    if not texts:
        raise InputError(f"This Python was installed without {starter.name}. Choose another starter, or add a file.")
    added = library.add_texts(starter.name, texts, total=sum(text.bytes for text in texts), progress=progress)
    return replace(added, notices=())  # two modules of Python's being alike is nobody's concern


def _manual() -> "list[NamedText]":
    from corpora.building import NamedText

    try:
        topics: object = importlib.import_module("pydoc_data.topics").topics
    except (ImportError, AttributeError) as error:
        raise InputError(
            "This Python was installed without its manual (pydoc_data). Choose another starter, or add a file."
        ) from error
    if not isinstance(topics, dict):
        return []
    text = "\n\n".join(str(topics[key]).strip() for key in sorted(topics))
    return [NamedText("Python's manual", "pydoc_data.topics", [text + "\n"], len(text.encode()) + 1)] if text else []


def _standard_library() -> "list[NamedText]":
    import sysconfig

    from corpora.building import NamedText
    from corpora.encoding import decode_file, find_encoding

    root = Path(sysconfig.get_path("stdlib"))
    texts = []
    size = 0
    for path in _sources(root):
        try:
            length = path.stat().st_size
            encoding = find_encoding(path)
        except (OSError, InputError):
            continue
        if length == 0:
            continue
        if size + length > MOST_SOURCE:
            break
        size += length
        name = str(path.relative_to(root))
        texts.append(NamedText(name, f"standard library: {name}", decode_file(path, encoding), length, encoding.name))
    return texts


def _sources(root: Path) -> Iterator[Path]:
    """Every module below `root`, in an order that is the same everywhere."""
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).parts):
        if not _SKIPPED.intersection(path.relative_to(root).parts):
            yield path
