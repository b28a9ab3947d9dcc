"""A tokenizer file is input like any other: whatever is in it, the answer is a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from corpora.tokenizers import load_tokenizer, tokenizer_from_json, train_tokenizer
from tests.corpora.texts import ENGLISH, EVERYTHING

BPE: dict[str, Any] = json.loads(train_tokenizer("bpe", [ENGLISH * 3], cap=300).to_json())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"format": 1, "unit": "syllable"}',
        b'{"format": true, "unit": "char", "pieces": []}',
        b'{"format": 0, "unit": "char", "pieces": []}',
        b'{"format": 1, "unit": "char"}',
        b'{"format": 1, "unit": "char", "pieces": [1]}',
        b'{"format": 1, "unit": "char", "pieces": ["a", "a"]}',
        b'{"format": 1, "unit": "char", "pieces": [""]}',
        b'{"format": 1, "unit": "char", "pieces": [[-1]]}',
        b'{"format": 1, "unit": "char", "pieces": [[1114112]]}',
        b'{"format": 1, "unit": "word", "pieces": ["' + b"a" * 5000 + b'"]}',
        b'{"format": 1, "unit": "bpe", "bpe": 5}',
        b'{"format": 1, "unit": "bpe", "bpe": {"model": {"vocab": {}, "merges": []}}}',
    ],
)
def test_a_damaged_tokenizer_is_refused_with_a_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"tokenizer\.json.*damaged"):
        load_tokenizer(path)


def test_a_newer_tokenizer_asks_for_an_update() -> None:
    with pytest.raises(InputError, match="newer Pantoum"):
        tokenizer_from_json(b'{"format": 2, "unit": "char", "pieces": []}')


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.json can't be read"):
        load_tokenizer(tmp_path / "gone.json")


def damaged_bpe(change: str) -> bytes:
    """The trained tokenizer with one thing wrong in it."""
    file = json.loads(json.dumps(BPE))
    model = file["bpe"]["model"]
    vocab = model["vocab"]
    match change:
        case "gap in the ids":
            vocab[max(vocab, key=vocab.get)] += 5
        case "same id twice":
            vocab[max(vocab, key=vocab.get)] = 0
        case "byte missing":
            del vocab["a"]
        case "foreign symbol":
            vocab["漢"] = len(vocab)
        case "merge of nothing":
            model["merges"].append(["zz", "qq"])
        case "merge of three":
            model["merges"].append(["a", "b", "c"])
        case "huge id":
            vocab["a"] = 2**70
    return json.dumps(file).encode()


@pytest.mark.parametrize(
    "change",
    [
        "gap in the ids",
        "same id twice",
        "byte missing",
        "foreign symbol",
        "merge of nothing",
        "merge of three",
        "huge id",
    ],
)
def test_damaged_merges_are_refused_with_a_sentence(change: str) -> None:
    with pytest.raises(InputError, match="damaged"):
        tokenizer_from_json(damaged_bpe(change))


def test_a_foreign_normalizer_in_the_file_changes_no_text() -> None:
    file = json.loads(json.dumps(BPE))
    file["bpe"]["normalizer"] = {"type": "Lowercase"}
    tokenizer = tokenizer_from_json(json.dumps(file).encode())
    assert tokenizer.decode(tokenizer.encode(EVERYTHING)) == EVERYTHING


@given(data=st.binary(max_size=200), at=st.integers(0, 2000))
def test_a_file_with_bytes_overwritten_opens_or_is_refused(data: bytes, at: int) -> None:
    whole = bytearray(train_tokenizer("char", [ENGLISH]).to_json())
    whole[at : at + len(data)] = data
    try:
        tokenizer = tokenizer_from_json(bytes(whole))
    except InputError:
        return
    assert tokenizer.decode(tokenizer.encode(ENGLISH)) == ENGLISH


def test_a_panic_in_the_library_becomes_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """As the library's own, it is not an Exception."""

    def panic(*_: object, **__: object) -> None:
        raise Panic("index out of bounds")

    monkeypatch.setattr("corpora.tokenizers.bpe.HuggingFaceTokenizer", panic)
    with pytest.raises(InputError, match="damaged: index out of bounds"):
        tokenizer_from_json(json.dumps(BPE).encode())
