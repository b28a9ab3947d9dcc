"""Where a place of a text is, counted in characters from its beginning: kept as the text changes."""

from tui.manuscript.lines import Change, Lines, Location

BLOCK = 512  # lines whose characters are summed


class Offsets:
    """Sums of blocks of lines. A question costs a block and the number of blocks, a change what it touches."""

    def __init__(self, body: Lines) -> None:
        self._body = body
        self._blocks: list[list[int]] = []  # lines, and characters with a line end for each
        self._blocks = self._counted(0, len(body.lines))

    @property
    def characters(self) -> int:
        """The length of the text, its line ends included."""
        return sum(characters for _, characters in self._blocks) - 1

    def offset(self, place: Location) -> int:
        """Characters (code points, line ends included) before a place that exists."""
        row, before = place[0], 0
        first = 0
        for lines, characters in self._blocks:
            if row < first + lines:
                break
            first += lines
            before += characters
        lines_before = self._body.lines[first:row]
        return before + sum(map(len, lines_before)) + len(lines_before) + place[1]

    def location(self, offset: int) -> Location:
        """The place before which so many characters stand; the text's end where there are fewer."""
        row, left = 0, max(0, offset)
        for lines, characters in self._blocks:
            if left < characters:
                break
            row += lines
            left -= characters
        for line in self._body.lines[row : row + 2 * BLOCK + 1]:
            if left <= len(line):
                return row, left
            left -= len(line) + 1
            row += 1
        return self._body.end

    def changed(self, change: Change) -> None:
        """Takes note of a change that the body has just been through."""
        first, index = 0, 0
        while first + self._blocks[index][0] <= change.start[0]:
            first += self._blocks[index][0]
            index += 1
        last, end = index, first + self._blocks[index][0]
        while end <= change.end[0]:
            last += 1
            end += self._blocks[last][0]
        lines = end - first + change.new_end[0] - change.end[0]
        characters = sum(each[1] for each in self._blocks[index : last + 1])
        characters += len(change.inserted) - len(change.removed)
        whole = [[lines, characters]] if lines <= 2 * BLOCK else self._counted(first, first + lines)
        self._blocks[index : last + 1] = whole

    def _counted(self, first: int, end: int) -> list[list[int]]:
        lines = self._body.lines
        blocks = []
        for start in range(first, end, BLOCK):
            block = lines[start : min(start + BLOCK, end)]
            blocks.append([len(block), sum(map(len, block)) + len(block)])
        return blocks
