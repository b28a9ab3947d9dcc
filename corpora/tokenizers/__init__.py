"""Text to ids and back, in three units behind one protocol."""

from corpora.tokenizers.base import Detokenizer, Ids, Tokenizer, Unit
from corpora.tokenizers.files import load_tokenizer, save_tokenizer, tokenizer_from_json, train_tokenizer

__all__ = [
    "Detokenizer",
    "Ids",
    "Tokenizer",
    "Unit",
    "load_tokenizer",
    "save_tokenizer",
    "tokenizer_from_json",
    "train_tokenizer",
]
