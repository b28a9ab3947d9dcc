"""The likeliest words at a place, against adding up the probabilities of every text."""

import itertools
import math
from collections import defaultdict

import pytest
import torch

from corpora.tokenizers import Tokenizer, Unit, train_tokenizer
from engine.alternatives import Pieces, likeliest_words, probability_of, word_at
from engine.context import Context, read_context
from engine.decoder import Decoder
from engine.jobs import Job
from engine.model import LanguageModel
from engine.settings import ModelConfig
from engine.softmax import FullSoftmax

LONGEST = 4


def made(tokenizer: Tokenizer, seed: int = 0) -> tuple[Decoder, Context]:
    torch.manual_seed(seed)
    model = LanguageModel(ModelConfig(cell="gru", vocabulary=tokenizer.vocabulary, hidden=12, embedding=8))
    assert isinstance(model.decoder, FullSoftmax)
    torch.nn.init.normal_(model.decoder.weight, std=0.6)
    with torch.no_grad():
        spelled = torch.tensor([tokenizer.piece(token).startswith("<") for token in range(tokenizer.vocabulary)])
        model.decoder.bias[spelled] = -30.0
    decoder = Decoder(model.eval())
    context = read_context(decoder, tokenizer, "ab ", lambda ids: decoder.prefill(ids[:, None], decoder.zero_state()))
    return decoder, context


def by_enumeration(decoder: Decoder, tokenizer: Tokenizer, context: Context) -> dict[str, float]:
    """The probability of each word of up to `LONGEST` letters, from all texts a token longer."""
    letters, ends = "ab'", " .\n"
    words: dict[str, float] = defaultdict(float)
    for length in range(1, LONGEST + 1):
        for letters_of in itertools.product(letters, repeat=length):
            beginning = "".join(letters_of)
            word = beginning.rstrip("'")
            if not word or beginning.startswith("'"):
                continue
            for end in ends:
                ids = tokenizer.encode(beginning + end).tolist()
                logs, state = torch.log_softmax(context.logits[0], 0), context.state
                total = 0.0
                for token in ids:
                    total += float(logs[token])
                    logits, state = decoder.step(torch.tensor([token]), state)
                    logs = torch.log_softmax(logits[0], 0)
                words[word] += math.exp(total)
    return words


def test_the_words_found_are_the_likeliest_and_their_probabilities_right() -> None:
    tokenizer = train_tokenizer("char", ["ab' .\n" * 50])
    decoder, context = made(tokenizer)
    found = likeliest_words(decoder, Pieces(tokenizer), context, 5, Job())
    expected = by_enumeration(decoder, tokenizer, context)
    best = sorted(expected.items(), key=lambda each: -each[1])[:5]
    assert found.certain
    assert [word for word, _ in found.found] == [word for word, _ in best]
    for (_, got), (_, wanted) in zip(found.found, best, strict=True):
        # Words with apostrophes behind them go on beyond the letters that were added up.
        assert got == pytest.approx(wanted, rel=0.05)


def test_the_probability_of_a_given_word_is_the_one_that_it_is_listed_with() -> None:
    tokenizer = train_tokenizer("char", ["abc .\n" * 50])
    decoder, context = made(tokenizer, 1)
    pieces = Pieces(tokenizer)
    for word, probability in likeliest_words(decoder, pieces, context, 8, Job()).found:
        assert probability_of(decoder, tokenizer, pieces, context, word) == pytest.approx(probability, rel=1e-4)


@pytest.mark.parametrize("unit", ["word", "bpe"])
def test_words_of_other_units_come_without_the_space_before_them(unit: Unit) -> None:
    tokenizer = train_tokenizer(unit, ["the river and the stone and the garden. " * 40])
    decoder, context = made(tokenizer)
    found = likeliest_words(decoder, Pieces(tokenizer), context, 6, Job()).found
    assert len(found) == 6
    assert all(word == word.strip() and word for word, _ in found)
    assert sum(probability for _, probability in found) <= 1.0


def test_every_sign_of_a_script_without_spaces_is_a_word() -> None:
    tokenizer = train_tokenizer("char", ["行く人。" * 50])
    decoder, context = made(tokenizer)
    found = likeliest_words(decoder, Pieces(tokenizer), context, 3, Job())
    probabilities = torch.softmax(context.logits[0], 0)
    assert {word for word, _ in found.found} == set("行く人")
    for word, probability in found.found:
        assert probability == pytest.approx(float(probabilities[tokenizer.encode(word)[0]]), rel=1e-4)


@pytest.mark.parametrize(
    ("text", "offset", "word"),
    [
        ("the river runs", 6, "river"),
        ("the river runs", 4, "river"),
        ("the river runs", 9, "river"),
        ("I don't know", 4, "don't"),
        ("end. ", 5, ""),
        ("行く人", 1, "く"),
        ("", 0, ""),
    ],
)
def test_the_word_at_a_caret(text: str, offset: int, word: str) -> None:
    start, end = word_at(text, offset)
    assert text[start:end] == word
