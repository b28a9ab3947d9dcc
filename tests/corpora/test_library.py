"""Adding, listing, removing: what a writer has is never lost, and what failed leaves nothing behind."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpora import building
from corpora.adding import FEWEST
from corpora.errors import InputError
from corpora.library import Added, CorpusLibrary
from tests.corpora.texts import CHINESE, EMOJI, ENGLISH, RUSSIAN

LONG = ENGLISH * 3


@pytest.fixture
def library(tmp_path: Path) -> CorpusLibrary:
    return CorpusLibrary(tmp_path / "home")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    return folder


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def rooms(library: CorpusLibrary) -> list[str]:
    """Everything in the library's folder, hidden or not."""
    folder = library.root / "corpora"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("text", [LONG, CHINESE * 8, RUSSIAN * 3, EMOJI * 9])
def test_a_text_of_any_script_is_kept_as_it_is(text: str, library: CorpusLibrary, texts: Path) -> None:
    added = library.add([written(texts, "my poem.txt", text)])
    assert "".join(added.corpus.chunks()) == added.corpus.text_path.read_text() == text
    assert (added.corpus.slug, added.notices, added.existing) == ("my-poem", (), False)


def test_the_record_says_what_was_read(library: CorpusLibrary, texts: Path) -> None:
    path = written(texts, "a.md", ("\ufeff" + LONG).replace("\n", "\r\n"))
    record = library.get(library.add([path], name="Harbour").corpus.slug).record
    (source,) = record.sources
    assert record.name == "Harbour"
    assert (record.characters, record.bytes) == (len(LONG), len(LONG.encode()))
    assert record.cleaning == ("line ends",)
    assert (source.name, source.path, source.encoding, source.guessed) == ("a.md", str(path), "utf-8-sig", False)
    assert (source.start, source.characters, source.bytes) == (0, len(LONG), path.stat().st_size)


@pytest.mark.parametrize("ends", ["", "\n", "\n\n", "\n\n\n", "\r\n"])
def test_files_are_parted_by_a_blank_line_and_keep_their_place(ends: str, library: CorpusLibrary, texts: Path) -> None:
    first, second = "One tide" + ends, RUSSIAN * 3
    corpus = library.add([written(texts, "1.txt", first), written(texts, "2.txt", second)]).corpus
    text = corpus.text_path.read_text()
    for source, own in zip(corpus.record.sources, (first.replace("\r", ""), second), strict=True):
        assert text[source.start : source.start + source.characters] == own
    before = text[: corpus.record.sources[1].start]
    assert before.endswith("\n\n") and before.rstrip("\n") == "One tide"


def test_a_folder_is_read_in_the_order_people_count(library: CorpusLibrary, texts: Path) -> None:
    for name in ("chapter 10.txt", "chapter 2.txt", "b/notes.md", "README", ".hidden.txt", ".git/config"):
        written(texts, name, f"{name}\n{LONG}")
    names = [source.name for source in library.add([texts]).corpus.record.sources]
    assert names == ["b/notes.md", "chapter 2.txt", "chapter 10.txt", "README"]


def test_links_in_a_circle_end(library: CorpusLibrary, texts: Path) -> None:
    written(texts, "in/a.txt", LONG)
    (texts / "in" / "up").symlink_to(texts)
    (texts / "gone.txt").symlink_to(texts / "nowhere.txt")
    added = library.add([texts])
    assert [source.name for source in added.corpus.record.sources] == ["in/a.txt"]
    assert added.notices == ("gone.txt was left out: it can't be read (No such file or directory).",)


def test_a_folder_that_may_be_listed_and_not_entered_is_named_and_the_rest_is_read(
    library: CorpusLibrary, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(texts, "a.txt", LONG)
    written(texts, "private/b.txt", LONG)
    stat = Path.stat

    def refused(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.parent.name == "private":
            raise PermissionError(errno.EACCES, "Permission denied")
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    added = library.add([texts])
    assert [source.name for source in added.corpus.record.sources] == ["a.txt"]
    assert added.notices == ("private/b.txt was left out: it can't be read (Permission denied).",)


def test_a_thousand_folders_in_each_other_are_walked(library: CorpusLibrary, texts: Path) -> None:
    for _ in range(1100):  # by links, as no path is that long
        (texts / "next").mkdir()
        texts = texts / "next"
        if len(str(texts)) > 3000:
            break
    written(texts, "a.txt", LONG)
    top = next(path for path in texts.parents if path.name == "texts")
    assert len(library.add([top]).corpus.record.sources) == 1


def test_what_cannot_be_read_in_a_folder_is_named_and_the_rest_is_read(library: CorpusLibrary, texts: Path) -> None:
    written(texts, "a.txt", LONG)
    written(texts, "b.docx", b"PK\x03\x04")
    written(texts, "c.txt", b"\xff\xd8\xff\xe0 JFIF")
    written(texts, "d.txt", b"")
    written(texts, "e.txt", FRENCH.encode("latin-1"))
    added = library.add([texts])
    assert [source.name for source in added.corpus.record.sources] == ["a.txt", "e.txt"]
    assert added.notices[:3] == (
        "b.docx was left out: Pantoum reads .txt and .md.",
        "c.txt is a JPEG picture, not text. Save its text as a .txt file and add that.",
        "d.txt is empty.",
    )
    assert added.notices[3].startswith("e.txt is not UTF-8; it was read as Windows-1252")
    assert added.corpus.text_path.read_text().endswith(FRENCH)


FRENCH = "La forêt était là, derrière la maison ; où étiez-vous, demanda-t-elle, et qu'avez-vous fait de l'été ?\n"


def test_thousands_of_pictures_are_counted_and_not_named(library: CorpusLibrary, texts: Path) -> None:
    written(texts, "a.txt", LONG)
    for number in range(1200):
        (texts / f"{number}.jpg").touch()
    assert library.add([texts]).notices == ("1,200 files of texts were left out (.jpg): Pantoum reads .txt and .md.",)


def test_a_duplicate_is_left_out_and_named(library: CorpusLibrary, texts: Path) -> None:
    paths = [
        written(texts, "a.txt", LONG),
        written(texts, "copy.txt", LONG.replace("\n", "\r\n")),
        written(texts, "b.txt", RUSSIAN),
    ]
    added = library.add(paths)
    assert added.notices == ("copy.txt was left out: it has the same text as a.txt.",)
    assert [source.duplicate_of for source in added.corpus.record.sources] == ["", "a.txt", ""]
    assert added.corpus.text_path.read_text() == LONG + "\n" + RUSSIAN
    assert added.corpus.record.cleaning == ()


def test_the_same_text_again_is_the_corpus_that_is_there(library: CorpusLibrary, texts: Path) -> None:
    first = library.add([written(texts, "a.txt", LONG)])
    again = library.add([written(texts, "b.txt", LONG)], name="Other")
    assert again.existing and again.corpus.slug == first.corpus.slug
    assert rooms(library) == ["a"]


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.txt", b"", "empty.txt is empty."),
        ("blank.txt", b"\f", "only 1 character of text"),
        ("lines.txt", b" \t\n" * 100, "only spaces and line ends"),
        ("photo.txt", b"\xff\xd8\xff\xe0\0\x10JFIF", "photo.txt is a JPEG picture, not text"),
        ("program", b"\x7fELF\x02\x01", "program is a program, not text"),
        ("thesis.docx", b"PK", "thesis.docx was left out: Pantoum reads .txt and .md."),
        ("short.txt", b"Too short.", f"only 10 characters of text; a model needs at least {FEWEST}"),
    ],
)
def test_a_single_file_that_cannot_be_used_is_refused(
    name: str, data: bytes, sentence: str, library: CorpusLibrary, texts: Path
) -> None:
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        library.add([written(texts, name, data)])
    assert rooms(library) == []


def test_paths_that_lead_nowhere_are_refused(library: CorpusLibrary, texts: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.txt can't be read"):
        library.add([texts / "nowhere.txt"])
    with pytest.raises(InputError, match="holds no text files"):
        library.add([texts])
    with pytest.raises(InputError, match="at least one file"):
        library.add([])


def test_a_pipe_is_not_waited_for(library: CorpusLibrary, texts: Path) -> None:
    os.mkfifo(texts / "pipe.txt")
    with pytest.raises(InputError, match="not an ordinary file"):
        library.add([texts / "pipe.txt"])


def test_a_file_that_forbids_reading_is_named(
    library: CorpusLibrary, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = written(texts, "a.txt", LONG), written(texts, "locked.txt", RUSSIAN)
    opened = Path.open

    def guarded(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "locked.txt":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", guarded)
    assert library.add([good, bad]).notices == ("locked.txt can't be read (Permission denied).",)
    with pytest.raises(InputError, match=r"locked\.txt can't be read"):
        library.add([bad])


def test_an_encoding_that_fails_midway_leaves_that_file_out_whole(library: CorpusLibrary, texts: Path) -> None:
    broken = written(texts, "b.txt", RUSSIAN.encode() * 30_000 + b"\xff")
    added = library.add([written(texts, "a.txt", LONG), broken, written(texts, "c.txt", CHINESE)], encoding="utf-8")
    assert added.corpus.text_path.read_text() == LONG + "\n" + CHINESE
    assert added.corpus.record.characters == len(LONG + "\n" + CHINESE)
    assert added.notices[0].startswith("b.txt is not UTF-8")


def test_a_file_name_that_is_no_unicode_is_kept_readable(library: CorpusLibrary, texts: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(texts) + b"/caf\xe9.txt"))
    path.write_text(LONG)
    assert library.add([path]).corpus.record.sources[0].name == "caf\N{REPLACEMENT CHARACTER}.txt"


def test_progress_rises_to_one_and_names_the_file(library: CorpusLibrary, texts: Path) -> None:
    seen: list[tuple[float, str]] = []
    paths = [written(texts, f"{number}.txt", f"{number} {LONG}") for number in range(4)]
    library.add(paths, progress=lambda share, message: seen.append((share, message)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert ("Reading 2.txt") in {message for _, message in seen}


def test_looking_through_a_folder_and_for_an_encoding_is_told_and_may_be_given_up(
    library: CorpusLibrary, texts: Path
) -> None:
    for number in range(3):
        written(texts, f"{number}.txt", f"{number} {LONG}".encode("utf-16"))
    written(texts, "9.txt", (FRENCH * 40).encode("latin-1"))
    said: list[str] = []
    library.add([texts], progress=lambda share, message: said.append(message))
    assert said[:4] == [f"Looking through texts: {number} files" for number in (1, 2, 3, 4)]
    assert "Finding the encoding of 9.txt" in said

    class Cancelled(Exception):
        pass

    def cancel(share: float, message: str) -> None:
        if message.startswith("Finding the encoding"):
            raise Cancelled

    with pytest.raises(Cancelled):
        library.add([texts], name="other", progress=cancel)
    assert len(rooms(library)) == 1


def test_cancelling_leaves_nothing_behind(library: CorpusLibrary, texts: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(share: float, _: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        library.add([written(texts, "a.txt", LONG * 20_000)], progress=cancel)
    assert rooms(library) == []


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_full_disk_leaves_nothing_behind(
    call: str, library: CorpusLibrary, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = written(texts, "a.txt", LONG)
    monkeypatch.setattr(os if call == "fsync" else Path, call, full)
    with pytest.raises(InputError, match=r"No space left on device.*Free some space"):
        library.add([path])
    assert rooms(library) == []


def test_a_library_that_cannot_be_written_is_said(library: CorpusLibrary, texts: Path) -> None:
    library.root.parent.mkdir(exist_ok=True)
    library.root.write_text("a file in the way")
    with pytest.raises(InputError, match="can't create its folder"):
        library.add([written(texts, "a.txt", LONG)])
    assert library.list() == []


def test_a_read_only_library_is_said(library: CorpusLibrary, texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    path = written(texts, "a.txt", LONG)
    (library.root / "corpora").mkdir(parents=True)
    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(InputError, match="Read-only file system"):
        library.add([path])


KILLED = """
import os, sys
from pathlib import Path
from corpora.library import CorpusLibrary
die = lambda share, message: os._exit(9) if share > 0.3 else None
CorpusLibrary(Path(sys.argv[1])).add([Path(sys.argv[2])], progress=die)
"""


def test_what_a_killed_process_left_is_hidden_and_swept(library: CorpusLibrary, texts: Path) -> None:
    path = written(texts, "a.txt", LONG * 20_000)
    result = subprocess.run([sys.executable, "-c", KILLED, str(library.root), str(path)], check=False)
    assert result.returncode == 9
    assert len(rooms(library)) == 1 and library.list() == []
    library.add([written(texts, "b.txt", RUSSIAN * 3)])
    assert rooms(library) == ["b"]


def test_a_folder_of_a_living_process_is_not_swept(library: CorpusLibrary) -> None:
    room = library.root / "corpora"
    room.mkdir(parents=True)
    builder = building.CorpusBuilder(room)
    building.sweep(room)
    assert builder.folder.exists()
    builder.discard()


def test_two_apps_adding_at_once_both_succeed(library: CorpusLibrary, texts: Path) -> None:
    start = threading.Barrier(8)
    results: list[Added | Exception] = []

    def add(number: int) -> None:
        path = written(texts, f"{number}/novel.txt", f"{number}\n{LONG}")
        start.wait()
        try:
            results.append(CorpusLibrary(library.root).add([path], name="Novel"))
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rooms(library) == ["novel", *(f"novel-{number}" for number in range(2, 9))]
    assert all(isinstance(result, Added) for result in results)


def test_a_slug_taken_at_the_last_moment_gives_way(
    library: CorpusLibrary, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = library.root / "corpora"
    rename = Path.rename

    def beaten(self: Path, target: Path) -> Path:
        if target.name == "a":
            (target / "in").mkdir(parents=True)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", beaten)
    assert library.add([written(texts, "a.txt", LONG)]).corpus.folder == room / "a-2"


def test_a_corpus_is_found_by_slug_and_by_name(library: CorpusLibrary, texts: Path) -> None:
    slug = library.add([written(texts, "a.txt", LONG)], name="Пять писем!").corpus.slug
    for name in (slug, "Пять писем!", "ПЯТЬ ПИСЕМ"):
        assert library.get(name).slug == slug
    with pytest.raises(InputError, match=f"no corpus named 'b'.*{slug}"):
        library.get("b")


@pytest.mark.parametrize("name", ["../home", "..", ".", "", "/", ".adding-x"])
def test_no_name_leads_out_of_the_library(name: str, library: CorpusLibrary, texts: Path) -> None:
    library.add([written(texts, "a.txt", LONG)])
    with pytest.raises(InputError, match="no corpus named"):
        library.get(name)


@pytest.mark.parametrize("damage", ["record", "no record", "numbers", "text", "no text", "newer"])
def test_a_damaged_corpus_is_listed_with_its_problem(damage: str, library: CorpusLibrary, texts: Path) -> None:
    good = library.add([written(texts, "good.txt", RUSSIAN * 3)]).corpus
    bad = library.add([written(texts, "bad.txt", LONG)]).corpus
    match damage:
        case "record":
            (bad.folder / "corpus.json").write_text("{")
        case "no record":
            (bad.folder / "corpus.json").unlink()
        case "numbers":
            record = (bad.folder / "corpus.json").read_text()
            (bad.folder / "corpus.json").write_text(record.replace('"characters": ', '"characters": ' + "9" * 400))
        case "text":
            bad.text_path.write_text("changed")
        case "no text":
            bad.text_path.unlink()
        case "newer":
            (bad.folder / "corpus.json").write_text('{"format": 99}')
    entries = {entry.slug: entry for entry in library.list()}
    assert entries["good"].corpus == good and not entries["good"].problem
    assert entries["bad"].corpus is None and str(bad.folder) in entries["bad"].problem
    with pytest.raises(InputError):
        library.get("bad")
    assert library.remove("bad").exists()
    assert [entry.slug for entry in library.list()] == ["good"]


def test_a_removed_corpus_comes_back(library: CorpusLibrary, texts: Path) -> None:
    corpus = library.add([written(texts, "a.txt", LONG)]).corpus
    trashed = library.remove(corpus.slug)
    assert library.list() == [] and trashed.parent == library.root / "trash"
    assert library.restore(trashed) == corpus


def test_parts_of_a_text_are_read_by_character(library: CorpusLibrary, texts: Path) -> None:
    text = (CHINESE + EMOJI) * 20_000  # longer than what is read at once
    corpus = library.add([written(texts, "a.txt", text)]).corpus
    middle = len(text) // 2
    assert "".join(corpus.chunks(middle - 5, middle + 5)) == text[middle - 5 : middle + 5]
    assert "".join(corpus.chunks(0, middle)) + "".join(corpus.chunks(middle)) == text
    assert corpus.preview(7) == text[:7]


def test_a_text_that_lost_its_encoding_is_said(library: CorpusLibrary, texts: Path) -> None:
    corpus = library.add([written(texts, "a.txt", LONG)]).corpus
    corpus.text_path.write_bytes(b"\xff" * corpus.record.bytes)
    with pytest.raises(InputError, match="damaged"):
        corpus.preview()


@pytest.fixture(autouse=True)
def nothing_hidden_is_left(library: CorpusLibrary) -> Iterator[None]:
    yield
    assert not [name for name in rooms(library) if name.startswith(".")] if library.root.is_dir() else True


def test_a_corpus_knows_how_many_characters_its_text_is_made_of(tmp_path: Path) -> None:
    one, same, damaged = tmp_path / "one.txt", tmp_path / "same.txt", tmp_path / "damaged.txt"
    one.write_text("abba 文 abba\n" * 30, encoding="utf-8")
    same.write_text("abba 文 abba\n" * 30, encoding="utf-8")
    damaged.write_bytes(b"xyz" * 50 + bytes(range(256)) * 8)
    corpus = CorpusLibrary(tmp_path).add([one, same, damaged], name="letters").corpus
    assert corpus.record.alphabet == len(set(corpus.text_path.read_text("utf-8"))) == len("ab文 \n")
