"""The figures of a corpus: counted over the whole text, and for each unit how many tokens it would be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpora.library import Corpus
from engine.settings import UNITS, Unit

if TYPE_CHECKING:
    from corpora.statistics import Statistics

SAMPLE = 1_000_000  # characters from which tokens and vocabulary are estimated


@dataclass(frozen=True)
class UnitFigures:
    """Tokens and vocabulary of a text in one unit; `exact` where the whole text was tokenized."""

    unit: Unit
    tokens: int
    vocabulary: int
    exact: bool


@dataclass(frozen=True)
class Figures:
    statistics: "Statistics"
    units: tuple[UnitFigures, ...]


def figures(corpus: Corpus, still_wanted: Callable[[], None]) -> Figures:
    """Counts and estimates; slow for a long text, so call it in a thread.

    `still_wanted` is called often and may raise to give up. Raises `InputError` where the text is damaged.
    """
    from corpora.statistics import statistics  # not while the app starts

    counted = statistics(corpus, lambda _share, _message: still_wanted())
    text = "".join(corpus.chunks(0, SAMPLE))
    return Figures(counted, tuple(_estimates(text, counted.characters, still_wanted)))


def _estimates(text: str, characters: int, still_wanted: Callable[[], None]) -> Iterator[UnitFigures]:
    from corpora.tokenizers import train_tokenizer  # numpy and the tokenizers library: only when first needed

    if not text:
        return
    for unit in UNITS:
        still_wanted()
        tokenizer = train_tokenizer(unit, [text])
        tokens = len(tokenizer.encode(text))
        exact = len(text) == characters
        yield UnitFigures(
            unit, tokens if exact else round(tokens * characters / len(text)), tokenizer.vocabulary, exact
        )
