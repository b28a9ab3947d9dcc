"""How large a vocabulary is that nobody gave a size: for the tokenizers, and for who plans before one is trained."""

CHARACTERS = 5000  # pieces; enough for every alphabet, and for all but a two hundredth of a Chinese text
LARGEST_WORDS = 10_000  # pieces: the output layer of a larger one is most of a small model's work
SMALLEST_WORDS = 500
CHARACTERS_PER_WORD = 200  # of text, for each piece: rarer ones are hardly learned
SMALLEST_BPE = 512
LARGEST_BPE = 8192
BPE_AT_A_MILLION = 2048  # for a million characters …
BPE_GROWTH = 0.463  # … and the power of the length by which it grows: 8,192 at twenty million
DIGITS = 16  # tokens beside the pieces of characters and words, which spell what is none of them


def default_words(characters: int) -> int:
    """Pieces of a word vocabulary for a text of so many characters."""
    return max(SMALLEST_WORDS, min(LARGEST_WORDS, characters // CHARACTERS_PER_WORD))


def default_bpe(characters: int) -> int:
    """Tokens for a text of so many characters: 512 for a tiny one, 2,048 for a million, at most 8,192."""
    size: float = BPE_AT_A_MILLION * (characters / 1e6) ** BPE_GROWTH
    return max(SMALLEST_BPE, min(LARGEST_BPE, round(size / 64) * 64))
