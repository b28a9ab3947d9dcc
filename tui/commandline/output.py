"""What the command line writes: results to stdout, notes for the person to stderr, plain and aligned."""

import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec

from tui.commandline.failures import ReaderGone


def write(text: str) -> None:
    """Writes to stdout at once. Raises `ReaderGone` where nobody reads it any more."""
    try:
        sys.stdout.write(for_stream(text, sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def line(text: str = "") -> None:
    """One line of a result, on stdout."""
    write(f"{text}\n")


def note(text: str) -> None:
    """One line for the person, on stderr: what was noticed, what happens next."""
    try:
        sys.stderr.write(for_stream(f"{text}\n", sys.stderr))
        sys.stderr.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def as_json(value: object) -> None:
    """`value` as indented JSON on stdout: the same for people's eyes and for scripts."""
    write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person watches `stream` (default: stdout)."""
    try:
        return (stream or sys.stdout).isatty()
    except ValueError:  # closed
        return False


def for_stream(text: str, stream: TextIO) -> str:
    """`text` as `stream` can take it: without control codes where that is a terminal, which would obey them."""
    if is_terminal(stream):
        text = printable(text)
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def printable(text: str) -> str:
    """`text` with every control character but newline and tab shown as a replacement character."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_control(c) else c for c in text)


def _is_control(character: str) -> bool:
    code = ord(character)
    return (code < 32 and character not in "\n\t") or 127 <= code < 160


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Aligned columns on stdout; those numbered in `right` are flush right. Wide scripts count their true width."""
    from rich.cells import cell_len

    cells = [[_one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        padded = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - cell_len(cell))
            padded.append(space + cell if column in right else cell + space)
        line("  ".join(padded).rstrip())


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values, aligned, on stdout."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        line(f"{name:<{width}}  {_one_line(value)}")


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())
