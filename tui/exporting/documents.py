"""What a manuscript can be exported as, and reading one for it without opening it."""

from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError
from corpora.paths import gone, shown, there
from tui.manuscript.journal import journal_file
from tui.manuscript.journal_replay import replay
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.opening import take_over
from tui.manuscript.textfile import read_text


@dataclass(frozen=True)
class Format:
    """One kind of export."""

    name: str  # as the command line has it
    key: str  # one letter of the label
    label: str
    suffix: str


FORMATS = (
    Format("txt", "t", "Text", ".txt"),
    Format("md", "m", "Markdown", ".md"),
    Format("html", "h", "HTML", ".html"),
    Format("tree", "b", "Branches", ".tree.json"),
    Format("replay", "r", "Replay", ".replay.jsonl"),
    Format("player", "p", "Player", ".replay.html"),
)


def export(manuscript: Manuscript, kind: str, name: str) -> bytes:
    """The file. `name` is the document's. Raises `InputError` for a format that isn't known."""
    name = shown(name)
    match kind:
        case "txt":
            return manuscript.text.encode()
        case "md":
            from tui.exporting.markdown import markdown

            plain = Path(name).suffix.lower() not in (".md", ".markdown")
            return (markdown(manuscript.text) if plain else manuscript.text).encode()
        case "html":
            from tui.exporting.page import page

            return page(manuscript, Path(name).stem or "A text").encode()
        case "tree":
            from tui.exporting.tree import tree

            return tree(manuscript, name)
        case "replay":
            from tui.exporting.replay import replay as played

            return played(manuscript, name)
        case "player":
            from tui.exporting.player import player

            return player(manuscript, Path(name).stem or "A text").encode()
    known = ", ".join(each.name for each in FORMATS)
    raise InputError(f"{kind} is no format to export as. There are: {known}.")


def read_document(path: Path, root: Path | None = None) -> Manuscript:
    """A text with what its journal knows, or a journal. Nothing is changed, and other windows may have it open.

    Raises `InputError` where there is none.
    """
    if path.suffix == ".jsonl" and there(path):
        return _journal(path)
    place = journal_file(path, root)
    if not there(place):
        return Manuscript(read_text(path).text)
    manuscript = _journal(place)
    if not gone(path):
        text = read_text(path).text
        if text != manuscript.text:
            take_over(manuscript, text)  # the file is what its name stands for; what differs is among the branches
    return manuscript


def _journal(path: Path) -> Manuscript:
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # behind the last line end is what a crash cut short
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}).") from error
    try:
        return replay(lines).manuscript
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
