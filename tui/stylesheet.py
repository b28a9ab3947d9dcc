"""Textual's stylesheet, which keeps what it has parsed.

Textual's own parses every rule of the app anew whenever a screen brings rules of its own: a dialog's first opening
took a tenth of a second for that, and the start of the app twice as long.
"""

from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

SOURCES = 512  # of rules: more than the app's widgets and screens together


class KeptStylesheet(Stylesheet):
    """Parses a source once, until the variables change: that is, the theme."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = LRUCache(SOURCES)

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        self.parse()
