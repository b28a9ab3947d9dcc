"""A text much larger than the memory it takes: adding, counting, training tokenizers and encoding all stream."""

from pathlib import Path

import pytest

from tests.corpora.memory import peak_memory, write_large_text

MEGABYTES = 110
# Python with numpy and the tokenizers library is about 50 MB; the text alone would be 110 more, several times over.
MOST = 200  # MB

ADDING = """
from corpora.library import CorpusLibrary

CorpusLibrary(Path(sys.argv[1])).add([Path(sys.argv[2])])
"""
WORKING = """
from corpora.library import CorpusLibrary
from corpora.statistics import statistics
from corpora.tokenizers import train_tokenizer
from corpora.tokens import tokenize, training_chunks

corpus = CorpusLibrary(Path(sys.argv[1])).get("large")
if "statistics" in sys.argv:
    statistics(corpus)
if "bpe" in sys.argv:
    train_tokenizer("bpe", training_chunks(corpus, 0.1))
if "char" in sys.argv:
    tokenize(corpus, train_tokenizer("char", training_chunks(corpus, 0.1)), validation=0.1)
if "word" in sys.argv:
    tokenize(corpus, train_tokenizer("word", corpus.chunks(0, 2_000_000)), validation=0.1)
"""


@pytest.mark.slow
def test_adding_a_large_file_needs_little_memory(added: tuple[Path, float]) -> None:
    assert added[1] < MOST


@pytest.mark.slow
@pytest.mark.parametrize("work", ["statistics", "char", "word", "bpe"])
def test_a_large_file_needs_little_memory(work: str, added: tuple[Path, float]) -> None:
    assert peak_memory(WORKING, str(added[0]), work) < MOST


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A home with the large text in its library, and what adding it took."""
    folder = tmp_path_factory.mktemp("large")
    write_large_text(folder / "large.txt", MEGABYTES)
    return folder / "home", peak_memory(ADDING, str(folder / "home"), str(folder / "large.txt"))
