"""Shows a `Lines` to Textual's text area as one of its documents, at a cost that doesn't grow with the text."""

from collections.abc import Iterator, Sequence
from typing import overload

from textual.document._document import DocumentBase, EditResult, Newline
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Size

from tui.manuscript.lines import Lines, Location

# A terminal obeys control characters, so a text that holds some must never reach it as it is. Each is shown as one
# cell, so that columns on the screen are columns of the text. Tabs stay: the text area expands them itself.
PICTURES = {code: 0x2400 + code for code in range(0x20) if code != 0x09}
PICTURES |= {0x7F: 0x2421, 0x2028: 0x2424, 0x2029: 0x2424}
PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
PICTURES |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


def visible(line: str) -> str:
    """The line with every control character as a picture of itself, code point for code point."""
    return line if line.isprintable() else line.translate(PICTURES)


class VisibleLines(Sequence[str]):
    """The lines of a text as they are drawn, made when asked for."""

    def __init__(self, body: Lines) -> None:
        self._body = body

    def __len__(self) -> int:
        return len(self._body.lines)

    def __iter__(self) -> Iterator[str]:
        return map(visible, self._body.lines)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [visible(line) for line in self._body.lines[index]]
        return visible(self._body.lines[index])


class ManuscriptDocument(DocumentBase):
    """Lines come out as they are drawn, ranges and the whole text as they are."""

    def __init__(self, body: Lines) -> None:
        self.body = body
        self._visible = VisibleLines(body)

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        change = self.body.replace(start, end, text)
        return EditResult(change.new_end, change.removed)

    @property
    def text(self) -> str:
        return self.body.text

    @property
    def newline(self) -> Newline:
        return "\n"

    @property
    def lines(self) -> Sequence[str]:  # type: ignore[override]  # the text area only reads and slices them
        return self._visible

    def get_line(self, index: int) -> str:
        return self._visible[index]

    def get_text_range(self, start: Location, end: Location) -> str:
        start, end = sorted((self.body.clamp(start), self.body.clamp(end)))
        return self.body.between(start, end)

    def get_size(self, indent_width: int) -> Size:
        """Only used without wrapping, which this app doesn't offer."""
        return Size(max(map(len, self._visible)), self.line_count)

    @property
    def line_count(self) -> int:
        return len(self.body.lines)

    @property
    def start(self) -> Location:
        return (0, 0)

    @property
    def end(self) -> Location:
        return self.body.end

    @overload
    def __getitem__(self, line_index: int) -> str: ...

    @overload
    def __getitem__(self, line_index: slice) -> list[str]: ...

    def __getitem__(self, line_index: int | slice) -> str | list[str]:
        return self._visible[line_index]


class WrappedManuscript(WrappedDocument):
    """Textual's wrapped document, whose height is known without adding up every line's."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)
