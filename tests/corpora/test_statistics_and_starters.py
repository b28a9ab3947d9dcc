"""Counting a corpus, and the texts that come with Python."""

import sys
import sysconfig
import types
from pathlib import Path

import msgspec
import pytest

from corpora import corpus as corpus_module
from corpora import starters
from corpora.corpus import Corpus
from corpora.errors import InputError
from corpora.library import CorpusLibrary
from corpora.starters import STARTERS, Starter, add_starter
from corpora.statistics import Statistics, statistics
from tests.corpora.texts import CHINESE, HINDI, RUSSIAN


def corpus_of(folder: Path, *texts: str) -> Corpus:
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.txt"
        path.write_text(text)
        paths.append(path)
    return CorpusLibrary(folder / "home").add(paths).corpus


PROSE = "The sea, the SEA's well-worn edge.\nNo 42 here, now.\n" * 6


def test_a_text_is_counted_as_a_person_would_count_it(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, PROSE, "last line", PROSE)
    assert statistics(corpus) == Statistics(
        sha256=corpus.record.sha256,
        characters=len(PROSE) + len("\nlast line"),
        bytes=len(PROSE) + len("\nlast line"),
        words=6 * 9 - 6 + 6 + 2,
        lines=6 * 2 + 2,
        distinct_characters=len(set(PROSE + "last line")),
        files=3,
        duplicates=("2.txt",),
        frequent=(
            ("the", 12),
            *((word, 6) for word in ("edge", "here", "no", "now", "sea", "sea's", "well-worn")),
            ("last", 1),
            ("line", 1),
        ),
    )


@pytest.mark.parametrize(("text", "words"), [(CHINESE * 8, 28 * 8), (HINDI * 8, 16 * 8), (RUSSIAN * 3, 17 * 3)])
def test_words_of_other_scripts_are_counted(text: str, words: int, tmp_path: Path) -> None:
    assert statistics(corpus_of(tmp_path, text)).words == words


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_counts_are_the_same_however_the_text_is_read(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = corpus_of(tmp_path, PROSE + RUSSIAN + CHINESE + HINDI + "don't 'quote' re- ")
    whole = statistics(corpus)
    (corpus.folder / "statistics.json").unlink()
    monkeypatch.setattr(corpus_module, "CHUNK", size)
    assert statistics(corpus) == whole


def test_what_was_counted_is_kept_and_damage_is_counted_again(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, PROSE)
    calls: list[float] = []
    first = statistics(corpus, lambda share, _: calls.append(share))
    assert calls[-1] == 1
    calls.clear()
    assert statistics(corpus, lambda share, _: calls.append(share)) == first and not calls
    (corpus.folder / "statistics.json").write_text("{")
    assert statistics(corpus, lambda share, _: calls.append(share)) == first and calls


def test_counts_of_another_text_are_not_believed(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, PROSE)
    stale = msgspec.structs.replace(statistics(corpus), sha256="0" * 64, words=1)
    (corpus.folder / "statistics.json").write_bytes(msgspec.json.encode(stale))
    assert statistics(corpus).words > 1


def test_a_disk_that_cannot_be_written_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = corpus_of(tmp_path, PROSE)

    def read_only(*_: object) -> None:
        raise OSError("Read-only file system")

    monkeypatch.setattr("corpora.statistics.write_json", read_only)
    assert statistics(corpus).words > 0


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.key)
def test_a_starter_is_a_corpus_of_some_size_and_always_the_same(starter: Starter, tmp_path: Path) -> None:
    first = add_starter(CorpusLibrary(tmp_path / "one"), starter.key)
    second = add_starter(CorpusLibrary(tmp_path / "two"), starter.key)
    assert first.corpus.record.name == starter.name
    assert first.corpus.record.characters > 100_000
    assert first.corpus.record.bytes < starters.MOST_SOURCE * 1.01
    assert first.corpus.record.sha256 == second.corpus.record.sha256
    assert first.notices == ()


def test_a_starter_added_twice_is_there_once(tmp_path: Path) -> None:
    library = CorpusLibrary(tmp_path)
    add_starter(library, "manual")
    assert add_starter(library, "manual").existing
    assert len(library.list()) == 1


def test_an_unknown_starter_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="manual, stdlib"):
        add_starter(CorpusLibrary(tmp_path), "novel")


@pytest.mark.parametrize("missing", [None, types.ModuleType("pydoc_data.topics")])
def test_a_python_without_its_manual_is_said(
    missing: types.ModuleType | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", missing)
    with pytest.raises(InputError, match="without its manual"):
        add_starter(CorpusLibrary(tmp_path), "manual")


def test_a_python_without_its_source_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="without Python's standard library"):
        add_starter(CorpusLibrary(tmp_path), "stdlib")
