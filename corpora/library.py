"""The corpora of one home folder: added, listed, opened, removed and brought back."""

import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.corpus import RECORD, Corpus, open_corpus
from corpora.errors import InputError
from corpora.home import ensure_room, folders_in, home, move_to_trash, restore_from_trash, slugify
from corpora.paths import expanded
from corpora.records import CorpusRecord, Source

if TYPE_CHECKING:
    from corpora.building import NamedText

__all__ = ["Added", "Corpus", "CorpusEntry", "CorpusLibrary", "CorpusRecord", "Source"]

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class CorpusEntry:
    """One row of the list of corpora: whole, or damaged with a sentence that says how."""

    slug: str
    folder: Path
    corpus: Corpus | None
    problem: str = ""


@dataclass(frozen=True)
class Added:
    """What adding came to. The notices are sentences for the person; `existing` says that the text was there before."""

    corpus: Corpus
    notices: tuple[str, ...] = ()
    existing: bool = False


class CorpusLibrary:
    """The corpora below `root`, Pantoum's home folder where None."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home()

    def list(self) -> list[CorpusEntry]:
        """Every corpus, newest first; a damaged one is listed with its problem, never hidden."""
        entries = []
        for folder in self._folders():
            try:
                entries.append(CorpusEntry(folder.name, folder, open_corpus(folder)))
            except InputError as error:
                entries.append(CorpusEntry(folder.name, folder, None, str(error)))
        return sorted(entries, key=lambda entry: entry.corpus.record.created if entry.corpus else "", reverse=True)

    def get(self, slug_or_name: str) -> Corpus:
        """The corpus with this slug or name. Raises `InputError` where there is none or it is damaged."""
        slug = slugify(slug_or_name)
        folders = self._folders()
        for folder in folders:
            if folder.name in (slug, slug_or_name):
                return open_corpus(folder)
        for entry in self.list():
            if entry.corpus and entry.corpus.record.name == slug_or_name:
                return entry.corpus
        known = ", ".join(folder.name for folder in folders[:8])
        hint = (
            f"Corpora here: {known}." if known else "There are no corpora yet: add one with `pantoum corpus add FILE`."
        )
        raise InputError(f"There is no corpus named {slug_or_name!r}. {hint}")

    def add(
        self,
        paths: Sequence[Path],
        *,
        name: str | None = None,
        encoding: str | None = None,
        progress: Progress | None = None,
    ) -> Added:
        """Makes one corpus from files and folders; each file keeps its place in ``corpus.json``.

        `progress` gets the share done and a message; what it raises cancels the work and leaves nothing behind.
        Raises `InputError` where nothing can be read, the text is too short, or the library can't be written.
        """
        from corpora.adding import read_files  # brings all that reads files: not while the app starts
        from corpora.importing.finding import find_files

        if not paths:
            raise InputError("Name at least one file or folder to add.")
        done = 0.0

        def reached(share: float, message: str) -> None:
            nonlocal done
            done = share
            told(message)

        def told(message: str) -> None:
            if progress:
                progress(done, message)

        found = find_files(paths, told)
        if not found.files:
            raise InputError(" ".join(found.notices) or "There is nothing to read there.")
        notices = builtins.list(found.notices)
        texts = read_files(found.files, encoding, notices, told)
        total = sum(file.size for file in found.files)
        return self.add_texts(name or _name(paths), texts, total=total, notices=notices, progress=reached)

    def add_texts(
        self,
        name: str,
        texts: "Iterable[NamedText]",
        *,
        total: int,
        notices: builtins.list[str] | None = None,
        progress: Progress | None = None,
    ) -> Added:
        """Makes one corpus from texts that need not be files. `total` is their size in bytes, for the progress.

        `notices` may grow while the texts are read. Raises as `add`.
        """
        from corpora.adding import fill, refuse_poor
        from corpora.building import CorpusBuilder, sweep

        notices = [] if notices is None else notices
        room = ensure_room("corpora", self.root)
        sweep(room)
        builder: CorpusBuilder | None = None
        try:
            builder = CorpusBuilder(room)
            fill(builder, texts, notices, total, progress)
            refuse_poor(builder, notices)
            record = builder.finish(name, datetime.now(UTC).isoformat(timespec="seconds"))
            for entry in self.list():
                if entry.corpus and entry.corpus.record.sha256 == record.sha256:
                    return Added(entry.corpus, tuple(notices), existing=True)
            folder = builder.publish(slugify(name) or "corpus")
            return Added(Corpus(folder, record), tuple(notices))
        except OSError as error:
            raise InputError(
                f"Pantoum can't write to {room} ({error.strerror or error}). Free some space or make it writable."
            ) from error
        finally:
            if builder:
                builder.discard()

    def remove(self, slug: str) -> Path:
        """Moves a corpus, damaged or not, to the trash and returns its place there, for `restore`."""
        for folder in self._folders():
            if folder.name == slug:
                return move_to_trash(folder, ensure_room("trash", self.root))
        return move_to_trash(self.get(slug).folder, ensure_room("trash", self.root))

    def removed(self, name: str) -> builtins.list[Path]:
        """Corpora of this name that lie in the trash, the one that was removed last first."""
        slug = slugify(name)
        try:
            found = [path for path in (self.root / "trash").iterdir() if path.name.partition("-")[2] == slug]
        except OSError:
            return []
        return sorted((path for path in found if (path / RECORD).exists()), reverse=True)

    def restore(self, trashed: Path) -> Corpus:
        """Brings a removed corpus back, under its old slug where that is still free."""
        return open_corpus(restore_from_trash(trashed, ensure_room("corpora", self.root)))

    def _folders(self) -> builtins.list[Path]:
        room = self.root / "corpora"
        return [room / name for name in folders_in(room)]


def _name(paths: Sequence[Path]) -> str:
    from corpora.importing.finding import printable

    first = printable(expanded(paths[0]).absolute().stem)
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
