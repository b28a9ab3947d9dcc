"""What a terminal sends that isn't UTF-8: one that is set to Latin-1, or a paste of such a text.

Textual would end the app at the first such byte. Here it is the letter that Windows-1252 has there, which is what it
was meant to be nearly always.
"""

import codecs
from functools import partial

from textual.drivers import linux_driver

_HANDLER = "pantoum.windows-1252"


def _letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


def read_any_bytes() -> None:
    """Has Textual's input take every byte."""
    codecs.register_error(_HANDLER, _letters)
    vars(linux_driver)["getincrementaldecoder"] = lambda name: partial(codecs.getincrementaldecoder(name), _HANDLER)
