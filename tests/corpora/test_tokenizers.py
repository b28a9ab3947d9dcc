"""The law of every tokenizer, and what each unit does with real text."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from corpora.tokenizers import Tokenizer, Unit, load_tokenizer, save_tokenizer, tokenizer_from_json, train_tokenizer
from corpora.tokenizers.char import CharTokenizer, train_char
from corpora.tokenizers.clusters import split_clusters
from corpora.tokenizers.sampling import BLOCK, EvenSample
from corpora.tokenizers.splitting import split_pieces
from corpora.tokenizers.word import train_word
from corpora.vocabulary import DIGITS, default_bpe
from tests.corpora.texts import (
    CHINESE,
    EMOJI,
    ENGLISH,
    EVERYTHING,
    HINDI,
    KOREAN,
    MARKS,
    any_text,
    chunk_sizes,
    chunked,
)

UNITS: tuple[Unit, ...] = ("char", "word", "bpe")
TRAINED: dict[str, Tokenizer] = {unit: train_tokenizer(unit, [ENGLISH + HINDI + EMOJI] * 3) for unit in UNITS}
every_unit = pytest.mark.parametrize("unit", UNITS)


def ids_of(tokenizer: Tokenizer, chunks: list[str]) -> list[int]:
    return [int(token) for part in tokenizer.encode_chunks(chunks) for token in part]


@every_unit
@given(text=any_text)
def test_decoding_what_was_encoded_gives_the_same_text(unit: Unit, text: str) -> None:
    tokenizer = TRAINED[unit]
    assert tokenizer.decode(tokenizer.encode(text)) == text


@every_unit
@given(text=st.text(st.characters(categories=["Cs", "Co", "Cn"])))
def test_text_of_nothing_but_surrogates_and_unassigned_characters_survives(unit: Unit, text: str) -> None:
    tokenizer = TRAINED[unit]
    assert tokenizer.decode(tokenizer.encode(text)) == text


@every_unit
@given(text=any_text, sizes=chunk_sizes)
def test_a_text_in_chunks_encodes_as_the_whole_text(unit: Unit, text: str, sizes: list[int]) -> None:
    tokenizer = TRAINED[unit]
    assert ids_of(tokenizer, chunked(text, sizes)) == tokenizer.encode(text).tolist()


@every_unit
@given(data=st.data())
def test_any_ids_decode_and_come_out_the_same_one_at_a_time(unit: Unit, data: st.DataObject) -> None:
    tokenizer = TRAINED[unit]
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocabulary - 1) | last_ids(tokenizer), max_size=40))
    detokenizer = tokenizer.detokenizer()
    streamed = "".join([detokenizer.push(token) for token in ids]) + detokenizer.flush()
    assert streamed == tokenizer.decode(ids)


def last_ids(tokenizer: Tokenizer) -> st.SearchStrategy[int]:
    """The ids of digits, where the tokenizer has them."""
    return st.integers(tokenizer.vocabulary - DIGITS, tokenizer.vocabulary - 1)


@every_unit
def test_a_detokenizer_begins_anew_after_a_flush(unit: Unit) -> None:
    tokenizer = TRAINED[unit]
    ids = tokenizer.encode("漢").tolist()
    detokenizer = tokenizer.detokenizer()
    for token in ids[:-1]:
        detokenizer.push(token)
    detokenizer.flush()
    assert "".join([detokenizer.push(token) for token in ids]) + detokenizer.flush() == "漢"


@every_unit
@given(text=any_text)
def test_ids_are_below_the_vocabulary_and_of_32_bits(unit: Unit, text: str) -> None:
    ids = TRAINED[unit].encode(text)
    assert ids.dtype == np.int32 and ((ids >= 0) & (ids < TRAINED[unit].vocabulary)).all()


@every_unit
def test_ids_outside_the_vocabulary_are_refused(unit: Unit) -> None:
    with pytest.raises(IndexError):
        TRAINED[unit].decode([TRAINED[unit].vocabulary])
    with pytest.raises(IndexError):
        TRAINED[unit].decode([-1])


@every_unit
def test_every_id_can_be_shown(unit: Unit) -> None:
    assert all(TRAINED[unit].piece(token) for token in range(TRAINED[unit].vocabulary))


@every_unit
def test_a_saved_tokenizer_opens_as_it_was(unit: Unit, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    save_tokenizer(TRAINED[unit], path)
    opened = load_tokenizer(path)
    assert opened.unit == unit
    assert opened.to_json() == TRAINED[unit].to_json()
    assert opened.encode(EVERYTHING).tolist() == TRAINED[unit].encode(EVERYTHING).tolist()


@every_unit
def test_a_tokenizer_trained_on_a_chunked_text_is_the_one_trained_on_the_whole(unit: Unit) -> None:
    whole = train_tokenizer(unit, [EVERYTHING])
    assert train_tokenizer(unit, chunked(EVERYTHING, [7, 3, 11])).to_json() == whole.to_json()


@every_unit
def test_a_tokenizer_trained_on_no_text_still_encodes_any(unit: Unit) -> None:
    tokenizer = train_tokenizer(unit, [])
    assert tokenizer.decode(tokenizer.encode(EVERYTHING)) == EVERYTHING


@every_unit
def test_a_tokenizer_may_be_trained_on_lone_surrogates(unit: Unit) -> None:
    tokenizer = train_tokenizer(unit, ["\ud800\ud800 \udc01\n" * 4])
    opened = tokenizer_from_json(tokenizer.to_json())
    assert opened.decode(opened.encode("\ud800\udc01")) == "\ud800\udc01"


def test_training_gives_the_same_tokenizers_in_another_process() -> None:
    program = (
        "import hashlib; from corpora.tokenizers import train_tokenizer; from tests.corpora.texts import EVERYTHING\n"
        "for unit in ('char', 'word', 'bpe'):\n"
        "    print(hashlib.sha256(train_tokenizer(unit, [EVERYTHING] * 3).to_json()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.count(b"\n") == 3


def test_an_unknown_unit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="char, word, bpe"):
        train_tokenizer("syllable", ["text"])


@given(text=any_text)
def test_clusters_found_the_fast_way_are_those_of_the_standard(text: str) -> None:
    tokenizer = TRAINED["char"]
    assert isinstance(tokenizer, CharTokenizer)
    expected = [token for cluster in regex.findall(r"\X", text) for token in tokenizer.spelled(cluster)]
    assert tokenizer.encode(text).tolist() == expected


@pytest.mark.parametrize("run", ["🇩🇪" * 1500, "e" + "\u0301" * 3000, "👩‍" * 1500 + "👩", "각" * 3000, "\r\n" * 1500])
def test_long_runs_split_into_the_clusters_of_the_standard(run: str) -> None:
    assert split_clusters(run) == regex.findall(r"\X", run)


def test_a_character_as_people_see_it_is_one_token() -> None:
    tokenizer = train_char([EMOJI + MARKS + HINDI])
    for cluster in ("👩‍👩‍👧‍👦", "🇩🇪", "❤️", "👍🏽", "e\u0301\u0323\u0308", "नी"):
        assert tokenizer.encode(cluster).size == 1, cluster


def test_a_character_vocabulary_is_its_characters_and_sixteen_digits() -> None:
    tokenizer = train_char(["abba\n"])
    assert tokenizer.pieces == ["a", "b", "\n"]
    assert tokenizer.vocabulary == 3 + DIGITS


def test_an_unknown_character_is_spelled_in_two_digits_a_byte() -> None:
    tokenizer = train_char(["abba\n"])
    assert tokenizer.encode("é").tolist() == [3 + digit for digit in (0xC, 0x3, 0xA, 0x9)]


def test_an_unknown_cluster_is_spelled_through_the_characters_it_is_made_of() -> None:
    tokenizer = train_char(["ab"])
    assert tokenizer.encode("a\u0301").tolist() == [0, *[2 + digit for digit in (0xC, 0xC, 0x8, 0x1)]]


def test_a_cap_keeps_the_most_frequent_and_breaks_ties_by_code_point() -> None:
    assert train_char(["ccc bb aa"], cap=3).pieces == ["c", " ", "a"]


def test_equal_counts_of_ascii_and_other_text_agree_with_a_plain_count() -> None:
    text = EVERYTHING * 2
    clusters = regex.findall(r"\X", text)
    expected = sorted(set(clusters), key=lambda cluster: (-clusters.count(cluster), cluster))
    assert train_char(chunked(text, [50])).pieces == expected


@given(text=any_text)
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(split_pieces(text)) == text


@given(text=st.text(st.characters(max_codepoint=127)))
def test_ascii_splits_as_any_other_text(text: str) -> None:
    with_other = split_pieces(text + "\n漢")
    assert with_other == [*split_pieces(text + "\n"), "漢"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("It's a well-known day.", ["It's", " a", " well-known", " day", "."]),
        ("don’t stop… now", ["don’t", " stop", "…", " now"]),
        ("'quoted' word-", ["'", "quoted", "'", " word", "-"]),
        ("in 1987, 12 of 3.5", ["in", " 1987", ",", " 12", " of", " 3", ".", "5"]),
        ("a\n\n  b", ["a", "\n", "\n", " ", " b"]),
        ("Wait...!?", ["Wait", "...", "!", "?"]),
        ("Ещё раз", ["Ещё", " раз"]),
        ("夜雨過橋。", ["夜", "雨", "過", "橋", "。"]),
        ("カラスは", ["カ", "ラ", "ス", "は"]),
        ("น้ำไป", ["น้ำ", "ไ", "ป"]),
        ("नदी के", ["नदी", " के"]),
        ("바람이 분다", ["바람이", " 분다"]),
        ("hi 👩‍👧🇩🇪🇫🇷", ["hi", " ", "👩‍👧", "🇩🇪", "🇫🇷"]),
        ("a\t\tb", ["a", "\t", "\t", "b"]),
    ],
)
def test_words_numbers_marks_and_spaces_are_pieces(text: str, pieces: list[str]) -> None:
    assert split_pieces(text) == pieces


def test_no_piece_is_long_whatever_the_text() -> None:
    for text in ("a" * 5000, "." * 5000, " " * 5000, "1" * 5000, "я" * 5000, "a-" * 5000):
        assert max(map(len, split_pieces(text))) <= 260, text[:2]


def test_frequent_words_are_tokens_and_rare_ones_are_spelled() -> None:
    tokenizer = train_word(["the sea\nthe sea\nthe ship\n"])
    assert [tokenizer.piece(token) for token in tokenizer.encode("the sea")] == ["the", " sea"]
    assert [tokenizer.piece(token) for token in tokenizer.encode(" ship")] == [" ", "s", "h", "i", "p"]


def test_a_word_cap_bounds_the_pieces() -> None:
    assert train_word([EVERYTHING * 3], cap=40).vocabulary == 40 + DIGITS


def test_word_pieces_stand_in_order_of_frequency() -> None:
    text = ENGLISH * 3
    pieces = train_word([text]).pieces
    found = split_pieces(text)
    counts = [found.count(piece) for piece in pieces]
    assert counts == sorted(counts, reverse=True)


def test_learned_merges_make_tokens_longer_than_a_byte() -> None:
    tokenizer = train_tokenizer("bpe", [ENGLISH * 50], cap=400)
    assert 256 < tokenizer.vocabulary <= 400
    assert tokenizer.encode(ENGLISH).size < len(ENGLISH) / 2


def test_parts_of_a_character_are_shown_as_bytes() -> None:
    tokenizer = train_tokenizer("bpe", ["plain"])
    assert [tokenizer.piece(token) for token in tokenizer.encode("é")] == ["<C3>", "<A9>"]


@pytest.mark.parametrize(
    ("characters", "vocabulary"), [(0, 512), (10_000, 512), (1_000_000, 2048), (20_000_000, 8192), (10**9, 8192)]
)
def test_the_default_vocabulary_of_bpe_grows_with_the_text(characters: int, vocabulary: int) -> None:
    assert default_bpe(characters) == pytest.approx(vocabulary, abs=64)


def test_a_sample_is_the_whole_of_a_short_text() -> None:
    sample = EvenSample()
    for chunk in chunked(EVERYTHING * 400, [1000, 7]):
        sample.add(chunk)
    assert "".join(sample.texts()) == EVERYTHING * 400
    assert sample.characters == len(EVERYTHING) * 400


def test_a_sample_of_a_long_text_is_bounded_and_even() -> None:
    sample = EvenSample(most_work=8 * BLOCK)
    for block in range(100):
        sample.add(f"{block:03} ".ljust(BLOCK, " "))
    blocks = [int(text[:3]) for text in sample.texts()]
    assert blocks == list(range(0, 100, 16))


def test_of_a_text_without_spaces_the_sample_is_smaller() -> None:
    spaced, dense = EvenSample(most_work=64 * BLOCK), EvenSample(most_work=64 * BLOCK)
    for _ in range(40):
        spaced.add("sea " * (BLOCK // 4))
        dense.add("海" * BLOCK)
    assert len(list(spaced.texts())) == 40
    assert len(list(dense.texts())) <= 4


def test_unknown_chinese_survives_a_tokenizer_of_english() -> None:
    for unit in UNITS:
        tokenizer = train_tokenizer(unit, [ENGLISH])
        assert tokenizer.decode(tokenizer.encode(CHINESE + KOREAN)) == CHINESE + KOREAN
