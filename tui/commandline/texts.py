"""What `pantoum corpus …` does."""

from collections.abc import Sequence
from pathlib import Path

from corpora.errors import InputError
from corpora.library import Added, Corpus, CorpusLibrary, Source
from tui.commandline import output
from tui.commandline.output import line, note
from tui.commandline.progress import working
from tui.readable import age, count, size

PREVIEW = 500  # characters


def add(paths: Sequence[Path], *, name: str | None, encoding: str | None) -> None:
    """Adds files and folders as one corpus. Raises `InputError` with what is wrong with them."""
    added = add_files(paths, name=name, encoding=encoding)
    _announce(added)


def add_files(
    paths: Sequence[Path], *, name: str | None = None, encoding: str | None = None, library: CorpusLibrary | None = None
) -> Added:
    """The same for other commands: shows progress and notices, and leaves the last word to the caller."""
    with working("Adding") as progress:
        added = (library or CorpusLibrary()).add(paths, name=name, encoding=encoding, progress=progress)
    for notice in added.notices:
        note(notice)
    return added


def _announce(added: Added) -> None:
    corpus = added.corpus
    what = f"{count(corpus.record.characters)} characters"
    if added.existing:
        line(f"{corpus.slug}: this text is there already ({what}).")
    else:
        line(f"{corpus.slug}: {what} from {_files(corpus.record.sources)}.")
    note(f"Train a model on it: pantoum train {corpus.slug} --name NAME")


def _files(sources: Sequence[Source]) -> str:
    return "1 file" if len(sources) == 1 else f"{len(sources)} files"


def list_corpora(*, json: bool) -> None:
    """Lists every corpus, the damaged ones with what is wrong with them."""
    entries = CorpusLibrary().list()
    if json:
        output.as_json([_summary(entry.slug, entry.folder, entry.corpus, entry.problem) for entry in entries])
        return
    if not entries:
        line("No corpora yet. Add one: pantoum corpus add FILE    or:  pantoum corpus starter manual")
        return
    rows = []
    for entry in entries:
        if entry.corpus is None:
            rows.append((entry.slug, "", "", "", entry.problem))
            continue
        record = entry.corpus.record
        rows.append((entry.slug, count(record.characters), str(len(record.sources)), age(record.created), record.name))
    output.table(("corpus", "characters", "files", "added", "name"), rows, right=(1, 2))


def _summary(slug: str, folder: Path, corpus: Corpus | None, problem: str) -> dict[str, object]:
    summary: dict[str, object] = {"slug": slug, "path": str(folder), "problem": problem}
    if corpus is not None:
        record = corpus.record
        summary |= {
            "name": record.name,
            "created": record.created,
            "characters": record.characters,
            "bytes": record.bytes,
            "files": len(record.sources),
            "sha256": record.sha256,
        }
    return summary


def show(name: str, *, json: bool) -> None:
    """Shows one corpus. Raises `InputError` where there is none of that name or it is damaged."""
    from corpora.statistics import statistics

    corpus = CorpusLibrary().get(name)
    record = corpus.record
    with working("Counting") as progress:
        figures = statistics(corpus, progress)
    if json:
        output.as_json({"slug": corpus.slug, "path": str(corpus.folder), "record": record, "statistics": figures})
        return
    output.pairs(
        [
            ("corpus", corpus.slug),
            ("name", record.name),
            ("added", age(record.created)),
            ("characters", f"{count(figures.characters)} ({count(figures.distinct_characters)} different)"),
            ("words", count(figures.words)),
            ("lines", count(figures.lines)),
            ("size", size(record.bytes)),
            ("text", str(corpus.text_path)),
        ]
    )
    line()
    output.table(
        ("file", "characters", "encoding"),
        [(source.name, count(source.characters), _encoding(source)) for source in record.sources],
        right=(1,),
    )
    line()
    line(corpus.preview(PREVIEW).rstrip("\n"))


def _encoding(source: Source) -> str:
    if source.duplicate_of:
        return f"left out: the same text as {source.duplicate_of}"
    return f"{source.encoding}, guessed ({source.confidence:.0%} sure)" if source.guessed else source.encoding


def remove(name: str) -> None:
    """Moves a corpus to the trash. Raises `InputError` where there is none of that name."""
    library = CorpusLibrary()
    corpus = next((entry.slug for entry in library.list() if entry.slug == name), None)
    slug = corpus or library.get(name).slug
    trashed = library.remove(slug)
    line(f"{slug} is in the trash: {trashed}")
    note(f"Have it back with: pantoum corpus restore {slug}")


def restore(name: str) -> None:
    """Brings back what was removed last under this name. Raises `InputError` where nothing was."""
    library = CorpusLibrary()
    found = library.removed(name)
    if not found:
        raise InputError(f"There is no corpus named {name!r} in the trash.")
    line(f"{library.restore(found[0]).slug} is back.")


def starter(key: str | None, *, json: bool) -> None:
    """Lists the starter texts, or adds the one called `key`. Raises `InputError` for a key that is not there."""
    from corpora.starters import STARTERS, add_starter

    if key is None:
        if json:
            output.as_json([{"key": s.key, "name": s.name, "description": s.description} for s in STARTERS])
            return
        output.table(("starter", "name", "what it is"), [(s.key, s.name, s.description) for s in STARTERS])
        return
    if key not in {each.key for each in STARTERS}:
        known = " and ".join(each.key for each in STARTERS)
        raise InputError(f"There is no starter named {key!r}. There are: {known}.")
    with working("Adding") as progress:
        added = add_starter(CorpusLibrary(), key, progress)
    for notice in added.notices:
        note(notice)
    if json:
        output.as_json(_summary(added.corpus.slug, added.corpus.folder, added.corpus, ""))
        return
    _announce(added)
