"""The clipboard of the desktop, through whichever of the usual programs is there.

The terminal's own way (OSC 52) works over ssh, but many terminals only let a program write that way, and some not even
that.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass

PATIENCE = 2.0  # seconds
LARGEST = 16 << 20  # bytes that are taken from the clipboard
_ONE = threading.Lock()  # what was copied just now is there before it is pasted


@dataclass(frozen=True)
class Clipboard:
    """The commands that fill and read it."""

    copying: tuple[str, ...]
    pasting: tuple[str, ...]

    def copy(self, text: str) -> bool:
        """Whether it took the text. May take some time: for a thread."""
        try:
            # Some of these stay to serve the text, so nothing may wait for their output's end.
            with _ONE:
                subprocess.run(
                    self.copying,
                    input=text.encode(errors="replace"),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=PATIENCE,
                    check=True,
                )
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    def paste(self) -> str | None:
        """What it holds; None where that can't be had or is no text. May take some time: for a thread."""
        try:
            with _ONE:
                done = subprocess.run(
                    self.pasting, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True
                )
            return done.stdout.decode() if 0 < len(done.stdout) <= LARGEST and b"\0" not in done.stdout else None
        except (OSError, UnicodeDecodeError, subprocess.SubprocessError):
            return None


_TOOLS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", ("wl-copy",), ("wl-paste", "--no-newline", "--type", "text")),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-in"), ("xclip", "-selection", "clipboard", "-out")),
    ("DISPLAY", ("xsel", "--clipboard", "--input"), ("xsel", "--clipboard", "--output")),
)


def find_clipboard(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Clipboard | None:
    """The desktop's clipboard; None where there is no desktop, or no program for it."""
    tools: list[tuple[tuple[str, ...], tuple[str, ...]]]
    tools = [(copying, pasting) for variable, copying, pasting in _TOOLS if environment.get(variable)]
    if platform == "darwin" and not environment.get("SSH_CONNECTION"):
        tools = [(("pbcopy",), ("pbpaste",))]
    path = environment.get("PATH")
    for copying, pasting in tools:
        if shutil.which(copying[0], path=path) and shutil.which(pasting[0], path=path):
            return Clipboard(copying, pasting)
    return None
