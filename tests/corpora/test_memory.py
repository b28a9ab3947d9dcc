"""A text much larger than the memory it takes: adding, counting, training tokenizers and encoding all stream."""

from pathlib import Path

import pytest

from tests.corpora.memory import peak_memory, write_large_text

MEGABYTES = 110
# Python with numpy and the tokenizers library is about 50 MB; the text alone would be 110 more, several times over.
MOST = 200  # MB

PROGRAM = """
from corpora.library import CorpusLibrary
from corpora.statistics import statistics
from corpora.tokenizers import train_tokenizer
from corpora.tokens import tokenize, training_chunks

corpus = CorpusLibrary(Path(sys.argv[1])).add([Path(sys.argv[2])]).corpus
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
@pytest.mark.parametrize("work", ["statistics", "char", "word", "bpe"])
def test_a_large_file_needs_little_memory(work: str, large_file: Path, tmp_path: Path) -> None:
    assert peak_memory(PROGRAM, str(tmp_path / "home"), str(large_file), work) < MOST


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.txt"
    write_large_text(path, MEGABYTES)
    return path
