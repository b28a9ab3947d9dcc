"""How fast each unit encodes, and how much memory a large file takes from adding to ids."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from corpora.tokenizers import Tokenizer, train_tokenizer
from tests.bench._report import Figure, medians, parser, report
from tests.corpora.memory import invented_prose, peak_memory, write_large_text
from tests.corpora.texts import CHINESE, HINDI, JAPANESE, KOREAN, RUSSIAN, THAI

# MB of UTF-8 a second: so that a novel's encoding isn't noticed, and a gigabyte's is done within minutes.
GOALS = {
    "char, ASCII": 20.0,
    "char, Russian": 5.0,
    "char, East Asian": 5.0,
    "char, Hindi and Thai": 5.0,
    "word, English": 2.0,
    "word, East Asian": 2.0,
    "bpe, English": 2.0,
}
MOST_MEMORY = 500.0  # MB, for a file of any size
MEMORY_PROGRAM = """
from corpora.library import CorpusLibrary
from corpora.statistics import statistics
from corpora.tokenizers import train_tokenizer
from corpora.tokens import tokenize, training_chunks

corpus = CorpusLibrary(Path(sys.argv[1])).add([Path(sys.argv[2])]).corpus
statistics(corpus)
for unit in ("char", "word", "bpe"):
    tokenize(corpus, train_tokenizer(unit, training_chunks(corpus, 0.1)), validation=0.1)
"""


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--megabytes", type=int, default=60, help="size of the large file (default: 60)")
    chosen = options.parse_args()
    speeds = medians(cases(), chosen.rounds)
    figures = [Figure(name, speeds[name], "MB/s", at_least=goal) for name, goal in GOALS.items()]
    figures.append(Figure(f"memory, {chosen.megabytes} MB file", memory(chosen.megabytes), "MB", at_most=MOST_MEMORY))
    report(figures, as_json=chosen.json)


def cases() -> dict[str, Callable[[], float]]:
    """For each goal a run that returns its speed in MB/s."""
    english = invented_prose(2_000_000)
    asian = (CHINESE + JAPANESE + KOREAN) * 6_000
    indic = (HINDI + THAI) * 3_000
    russian = RUSSIAN * 8_000
    char = train_tokenizer("char", [english, asian, indic, russian])
    word = train_tokenizer("word", [english, asian])
    bpe = train_tokenizer("bpe", [english])
    return {
        "char, ASCII": lambda: speed(char, english),
        "char, Russian": lambda: speed(char, russian),
        "char, East Asian": lambda: speed(char, asian),
        "char, Hindi and Thai": lambda: speed(char, indic),
        "word, English": lambda: speed(word, english),
        "word, East Asian": lambda: speed(word, asian),
        "bpe, English": lambda: speed(bpe, english),
    }


def speed(tokenizer: Tokenizer, text: str) -> float:
    """MB of UTF-8 a second through `encode_chunks`."""
    chunks = [text[start : start + (1 << 20)] for start in range(0, len(text), 1 << 20)]
    begun = time.perf_counter()
    for _ in tokenizer.encode_chunks(chunks):
        pass
    return len(text.encode()) / 1e6 / (time.perf_counter() - begun)


def memory(megabytes: int) -> float:
    """The most memory, in MB, that a process holds which adds, counts and encodes a file of this size in all units."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.txt"
        write_large_text(path, megabytes)
        return peak_memory(MEMORY_PROGRAM, str(Path(folder) / "home"), str(path))


if __name__ == "__main__":
    main()
