"""Line ends."""


class Newlines:
    r"""``\r\n`` and ``\r`` become ``\n``. U+2028 and U+2029 stay: who typed them meant them."""

    name = "line ends"

    def __init__(self) -> None:
        self.changed = False
        self._held = ""

    def push(self, text: str) -> str:
        r"""The same text with one kind of line end; a ``\r`` at its end is held back until the next."""
        text = self._held + text
        self._held = ""
        if "\r" not in text:
            return text
        if text.endswith("\r"):  # its \n may begin the next chunk
            text, self._held = text[:-1], "\r"
        self.changed = True
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def finish(self) -> str:
        r"""The ``\r`` that was held back, as a line end."""
        held, self._held = self._held, ""
        return "\n" if held else ""
