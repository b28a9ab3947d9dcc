"""Numbers as people type them."""

import re

_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")


def typed_number(text: str) -> float:
    """``1,200``, ``0.4`` or ``0,4``: a comma that doesn't part thousands is a decimal one. Raises `ValueError`."""
    text = text.strip().replace("_", "")
    return float(text.replace(",", "" if _THOUSANDS.fullmatch(text) else "."))


def typed_integer(text: str) -> int:
    """``1,200`` or ``1200``. Raises `ValueError`."""
    text = text.strip()
    return int(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
