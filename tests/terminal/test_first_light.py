"""First light: what a newcomer does on the first evening, in the real app, in a real terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.folder import ModelLibrary
from engine.records import RUNNING
from tests.terminal.terminal import Terminal
from tests.terminal.test_commands import own_text
from tests.tui.cli_tools import remember_speed, until
from tui.write_settings import WriteSettings, save_settings

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(480)]

CONTINUED = re.compile(r"My sister \s*\w[^\n]*\n *\w+ \w+")  # the seed text, and at least two lines after its end


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    (tmp_path / "river.txt").write_text(own_text())
    # So long that no take has come to its end when escape stops it: escape would then drop it.
    save_settings(WriteSettings(length=20_000), tmp_path / "home")
    yield tmp_path / "home"
    for entry in ModelLibrary().list():  # no trainer outlives its test
        if entry.status.state in RUNNING:
            entry.folder.request("stop")
            folder = entry.folder
            until(lambda folder=folder: folder.status().state not in RUNNING, seconds=60)  # type: ignore[misc]


def test_add_train_write_quit_and_find_it_all_again(home: Path) -> None:
    with Terminal([], home=home) as first:
        add_the_text(first)
        start_training(first)
        write_a_line(first)
        save_as(first, "story.txt")
        first.press("ctrl+q")
        assert first.wait_for_exit() == 0
    story = (home.parent / "story.txt").read_text()
    assert CONTINUED.match(story)
    folder = ModelLibrary().get("river")
    assert folder.status().state == "training"  # it goes on without the app

    with Terminal([], home=home, columns=160, rows=45) as again:  # a larger window this time
        again.wait_for(lambda screen: screen.count("river") >= 3 and "Bits" in screen)
        again.press("f3")
        again.wait_for("trained,")
        again.press("s")
        again.wait_for(re.compile(r"stopped").search, timeout=60)
        again.press("ctrl+q")
        assert again.wait_for_exit() == 0
    assert folder.status().state == "stopped"

    with Terminal(["write", "story.txt", "-m", "river"], home=home) as desk:
        # The caret stands at its end; its beginning is out of sight where much came before the key that stopped it.
        last = [line for line in story.splitlines() if line.strip()][-1]
        desk.wait_for(last[:40].strip())
        desk.press("ctrl+q")
        assert desk.wait_for_exit() == 0


def add_the_text(app: Terminal) -> None:
    app.wait_for("Add a text")
    app.press("a")
    app.wait_for("A file or folder")
    app.type("river.txt")
    app.press("enter")
    app.wait_for("is in the library")


def start_training(app: Terminal) -> None:
    app.press("f3")
    app.wait_for("What will be trained")
    app.wait_for(re.compile(r"Text +river").search)
    app.press("f5")
    app.wait_for("best validation", timeout=120)


def write_a_line(app: Terminal) -> None:
    app.press("f4")
    app.wait_for("Continue")
    app.type("My sister ")
    app.press("ctrl+g")
    app.wait_for("tab Keep", timeout=60)
    app.wait_for(CONTINUED.search, timeout=60)
    app.press("escape")
    app.wait_for("take 1 of 1", timeout=60)
    app.press("tab")
    app.wait_for(lambda screen: "tab Keep" not in screen)


def save_as(app: Terminal, name: str) -> None:
    app.press("f9")
    app.wait_for("Save the text as")
    app.type(name)
    app.press("enter")
    app.wait_for(lambda screen: "Save the text as" not in screen and name in screen)


def test_two_apps_see_the_same_run_and_either_can_stop_it(home: Path) -> None:
    trained = ("train", "river.txt", "--name", "river", "--minutes", "30", "--hidden", "32", "--detach")
    remember_speed(home, 4e10)
    with Terminal(trained, home=home) as command:
        assert command.wait_for_exit() == 0
    with Terminal([], home=home) as one, Terminal([], home=home) as other:
        for app in (one, other):
            app.wait_for("● river", timeout=60)
        other.press("f3")
        other.wait_for("trained,")
        one.press("f3")
        one.wait_for("trained,")
        one.press("s")
        for app in (one, other):
            app.wait_for(lambda screen: "stopped" in screen and "● river" not in screen, timeout=60)
    assert ModelLibrary().get("river").status().state == "stopped"
