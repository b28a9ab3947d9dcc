"""Files and texts on their way into a corpus: read one by one, counted, and refused where there is too little."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from corpora.building import CorpusBuilder, NamedText
from corpora.errors import InputError
from corpora.importing.finding import FoundFile, printable
from corpora.library import Progress

FEWEST = 200  # characters below which there is nothing to learn from


def fill(
    builder: CorpusBuilder, texts: Iterable[NamedText], notices: list[str], total: int, progress: Progress | None
) -> None:
    """Adds texts to a corpus; what is left out, and why, becomes a notice. `total` is their size in bytes."""
    done = 0
    for text in texts:
        characters = builder.characters

        def report(text: NamedText = text, before: int = done, characters: int = characters) -> None:
            if progress:
                # Bytes of a file aren't known one by one; a file's characters are close enough for a bar.
                share = before + min(text.bytes, builder.characters - characters)
                progress(min(1.0, share / max(1, total)), f"Reading {text.name}")

        report()
        count = len(notices)
        try:
            source = builder.add(text, report)
        except InputError as error:
            notices.append(str(error))
            continue
        done += text.bytes
        if source.duplicate_of:
            notices.append(f"{source.name} was left out: it has the same text as {source.duplicate_of}.")
        elif source.characters == 0 and len(notices) == count:
            notices.append(f"{source.name} is empty.")
    if progress:
        progress(1.0, "Saving")


def read_files(
    files: Sequence[FoundFile], encoding: str | None, notices: list[str], told: Callable[[str], None]
) -> Iterator[NamedText]:
    """Opens file after file; one that can't be read becomes a notice, unless it is the only one.

    `told` often hears what is done, and may raise to give up.
    """
    for file in files:

        def progress(name: str = file.name) -> None:
            told(f"Finding the encoding of {name}")

        try:
            imported = file.importer.open(file.path, file.name, encoding, progress)
        except (InputError, OSError) as error:
            reason = f"{file.name} can't be read ({error.strerror or error})." if isinstance(error, OSError) else error
            if len(files) == 1:
                raise InputError(str(reason)) from error
            notices.append(str(reason))
            continue
        notices += imported.notices
        found = imported.encoding
        yield NamedText(
            name=file.name,
            path=printable(file.path),
            chunks=imported.chunks,
            bytes=file.size,
            encoding=found.name,
            guessed=found.guessed,
            confidence=found.confidence,
        )


def refuse_poor(builder: CorpusBuilder, notices: list[str]) -> None:
    """Raises `InputError` where there is nothing to learn from."""
    if builder.characters == 0:
        raise InputError(" ".join(notices) or "There is no text in it.")
    if builder.characters < FEWEST:
        few = "character" if builder.characters == 1 else "characters"
        raise InputError(
            f"That is only {builder.characters} {few} of text; a model needs at least {FEWEST} to learn anything. "
            "Add a longer text, or several files at once."
        )
    if builder.is_blank:
        raise InputError("That is only spaces and line ends: there is nothing in it to learn. Add another text.")
