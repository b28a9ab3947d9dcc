"""A terminal that goes away: its window is closed, and whoever started the app doesn't tell it."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.terminal.terminal import Terminal
from tui.hangup import is_gone

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(120)]


def test_a_terminal_is_gone_once_its_other_end_is_closed() -> None:
    outer, inner = pty.openpty()
    try:
        assert not is_gone(inner)
        os.write(outer, b"typed")
        assert not is_gone(inner), "something to read is no hang-up"
        os.close(outer)
        assert is_gone(inner)
    finally:
        os.close(inner)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "poem.txt"
    path.write_text("one\n")
    (tmp_path / "home").mkdir()
    return path


def ends(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process that is not ours to wait for ends in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes where Linux has them")
def test_the_app_saves_and_ends_when_its_terminal_goes_and_nobody_says_so(poem: Path) -> None:
    """As under ``make run``: the program that the terminal started hears of it, and the app does not."""
    told = poem.parent / "pid"
    keeper = (
        "import os, signal, subprocess, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "app = subprocess.Popen(sys.argv[2:], restore_signals=True)\n"
        "open(sys.argv[1], 'w').write(str(app.pid))\n"
        "app.wait()\n"
    )
    app = [sys.executable, "-P", "-m", "tui.cli", "write", str(poem)]
    with Terminal([str(told), *app], home=poem.parent / "home", program=("-c", keeper)) as terminal:
        terminal.wait_for("one")
        terminal.type("two ")
        terminal.wait_for("two one")
        pid = int(told.read_text())
        terminal.close_window()
        try:
            assert ends(pid), "it stays, and waits for keys that never come"
        finally:
            subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)
    assert poem.read_text() == "two one\n"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_the_app_saves_and_ends_when_it_is_asked_to(poem: Path, number: signal.Signals) -> None:
    with Terminal(["write", str(poem)], home=poem.parent / "home") as terminal:
        terminal.wait_for("one")
        terminal.type("two ")
        terminal.wait_for("two one")
        os.kill(terminal.pid, number)
        terminal.wait_for_exit()
    assert poem.read_text() == "two one\n"
