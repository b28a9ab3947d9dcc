"""Text that can be written anywhere."""

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def writable(text: str) -> str:
    """The text with lone surrogates as U+FFFD: a model can spell them, and no file or terminal takes them."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
