r"""How the word tokenizer cuts a text. Nothing is lost: the pieces, joined, are the text.

A piece is one of

- a word (letters and marks, with apostrophes and hyphens inside) or a number, with the one space before it;
- a run of one punctuation mark;
- a line end;
- a run of other spaces; before anything but a space, the last of them is left to what follows;
- one grapheme cluster of a script that is written without spaces, or of anything else, such as an emoji.

Repetitions are bounded, so that no text makes a piece long, and memory stays bounded too.
"""

import re

import regex

_LETTER = r"[\p{L}\p{M}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
_SPACE = r"[\p{White_Space}--\n]"
_ANY = regex.compile(
    rf"""(?V1x)
      \ ?+ {_LETTER}{{1,64}}+ (?:['’-]{_LETTER}{{1,64}}+){{0,3}}+
    | \ ?+ \p{{N}}{{1,16}}+
    | \n
    | {_SPACE}{{1,64}} (?!\P{{White_Space}})
    | {_SPACE}
    | (?:{"|".join(rf"{mark}{{1,64}}+" for mark in ("[.]", ",", "!", "[?]", "-", "…", "—"))}) (?!\p{{M}})
    | \p{{Regional_Indicator}}{{2}}
    | \X
    """
)
# The same for ASCII, three times as fast.
_ASCII = re.compile(
    r"""(?xs)
      \ ?+ [A-Za-z]{1,64}+ (?:['-][A-Za-z]{1,64}+){0,3}+
    | \ ?+ [0-9]{1,16}+
    | \n
    | [\t\v\f\r ]{1,64} (?![^\t\n\v\f\r ])
    | [\t\v\f\r ]
    | [.]{1,64}+ | ,{1,64}+ | !{1,64}+ | [?]{1,64}+ | -{1,64}+
    | .
    """
)
_UNCERTAIN = 3  # pieces at a text's end that may come out otherwise when more follows: "don" "'" and then "t"


def split_pieces(text: str) -> list[str]:
    """The pieces of `text`; joined they are `text`."""
    pieces: list[str] = _ASCII.findall(text) if text.isascii() else _ANY.findall(text)
    return pieces


def last_piece_cut(text: str) -> int:
    """The last index before which the pieces of `text` are certain whatever follows; 0 where none is."""
    newline = text.rfind("\n") + 1
    return newline or len(text) - sum(map(len, split_pieces(text)[-_UNCERTAIN:]))
