"""Asks for a number that a run is changed by; what can't be is explained in place, before anything is asked of it."""

import math
from collections.abc import Callable

from corpora.errors import InputError
from tui.typed_numbers import typed_number
from tui.widgets.dialogs import LineDialog


class AmountDialog(LineDialog):
    """Returns what was typed; `number_of` reads it. `try_out` raises `InputError` for a number that can't be."""

    def __init__(self, question: str, value: str, try_out: Callable[[float], object]) -> None:
        super().__init__(question, value)
        self._try_out = try_out

    def check(self, value: str) -> None:
        self._try_out(number_of(value))


def number_of(text: str) -> float:
    """``1,200``, ``0.4`` or ``0,4`` as a number. Raises `InputError`."""
    try:
        number = typed_number(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{text.strip() or 'Nothing'} is not a number such as 5 or 0.5.")
    return number
