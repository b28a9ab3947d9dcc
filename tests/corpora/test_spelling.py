"""Which tokens of a word tokenizer only spell."""

import pytest

from corpora.errors import InputError
from corpora.tokenizers import tokenizer_from_json, train_tokenizer

TEXT = "I saw a fox. I saw a hen. I saw a zyzzyva and an okapi. " + "A fox saw a hen, and I saw a fox. " * 5


def test_letters_that_stand_only_in_rare_words_spell_and_words_of_one_letter_do_not() -> None:
    tokenizer = train_tokenizer("word", [TEXT])
    spelling = {tokenizer.piece(token) for token in tokenizer.spelling}
    assert {"z", "y", "v", "k", "p"} <= spelling
    assert not {"A", "I", ".", ","} & spelling


def test_what_spells_survives_saving() -> None:
    tokenizer = train_tokenizer("word", [TEXT])
    assert tokenizer_from_json(tokenizer.to_json()).spelling == tokenizer.spelling


def test_pieces_of_words_write_with_all_their_tokens() -> None:
    assert train_tokenizer("bpe", [TEXT]).spelling == frozenset()


def test_characters_are_written_without_the_digits_that_spell_others() -> None:
    tokenizer = train_tokenizer("char", [TEXT])
    assert {tokenizer.piece(token) for token in range(tokenizer.vocabulary)} > set("fox")
    assert tokenizer.spelling == frozenset(tokenizer.encode("\u8a69").tolist()) | tokenizer.spelling
    assert not tokenizer.spelling & frozenset(tokenizer.encode(TEXT).tolist())


def test_a_spelling_piece_that_is_not_there_is_damage() -> None:
    data = train_tokenizer("word", [TEXT]).to_json().replace(b'"spelling": [', b'"spelling": [99999, ')
    with pytest.raises(InputError, match="damaged"):
        tokenizer_from_json(data)
