"""A plain text as Markdown that looks the same: its line ends stay line ends, its signs stay signs."""

import re

_SIGNS = re.compile(r"([\\`*_\[\]<>|~&])")  # that mean something anywhere
_BEGINNING = re.compile(r"[#+=-]")  # and at the beginning of a line
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
NO_BREAK = "\N{NO-BREAK SPACE}"


def markdown(text: str) -> str:
    """The Markdown of a text. A line end within a paragraph becomes a hard line break."""
    lines = text.split("\n")
    found = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        written = _line(line)
        found.append(written + "\\" if written and following.strip() else written)
    return "\n".join(found)


def _line(line: str) -> str:
    content = line.strip(" \t")
    if not content:
        return ""
    indent = line[: len(line) - len(line.lstrip(" \t"))].expandtabs(4)
    written = _SIGNS.sub(r"\\\1", content)
    if _BEGINNING.match(written):
        written = "\\" + written
    written = _NUMBER.sub(r"\1\\\2", written, count=1) if _NUMBER.match(written) else written
    return NO_BREAK * len(indent) + written
