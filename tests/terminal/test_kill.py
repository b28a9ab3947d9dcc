"""kill -9 at any moment, while somebody types and while a model writes: everything is there again."""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.terminal import Terminal
from tests.terminal.test_commands import own_text, pantoum
from tests.tui.cli_tools import remember_speed
from tui.write_settings import WriteSettings, save_settings

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(480)]

RECORDED = Path(__file__).with_name("recorded_app.py")
MOST = 1.0  # seconds of typing that a crash may take
KILLS = int(os.environ.get("PANTOUM_KILLS", "2"))  # more by hand
LETTERS = "the sea, the old sea and its salt; ébène 海"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a model in it."""
    home = tmp_path_factory.mktemp("kill") / "home"
    (home.parent / "river.txt").write_text(own_text())
    remember_speed(home, 4e10)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PANTOUM_HOME", str(home))
        made = pantoum("train", "river.txt", "--name", "river", "--steps", "20", "--hidden", "32", home=home)
    assert made.returncode == 0, made.stderr
    return home


class Desk:
    """The Write screen in a real terminal, with a log of all states that its text was in."""

    def __init__(self, home: Path, name: str) -> None:
        self._log, self._read = home.parent / name, 0
        self.lines: list[dict[str, Any]] = []
        arguments = [str(self._log), "write", "story.txt", "-m", "river"]
        self.app = Terminal(arguments, home=home, program=("-P", str(RECORDED)))

    def look(self) -> None:
        """Reads what was noted since the last look."""
        if self._log.exists():
            with self._log.open("rb") as stream:
                stream.seek(self._read)
                data = stream.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read += len(whole)
            self.lines += map(json.loads, whole.splitlines())

    def states(self) -> list[dict[str, Any]]:
        """What the journal of the story took down so far, oldest first."""
        self.look()
        return [line for line in self.lines if line.get("journal", "").startswith("story")]

    def open(self) -> dict[str, Any]:
        """Brings back what was not saved, and returns the state that the text is in then."""
        self.app.wait_for(lambda screen: "was not saved" in screen or self.states())
        if not self.states():
            self.app.press("enter")
            self.app.wait_for(lambda _: self.states())
        state: dict[str, Any] = self.states()[0]["state"]
        return state

    def walk(self, state: dict[str, Any]) -> None:
        """All undos to the beginning and all redos to the end: each step shows the text that it showed before."""
        undone = [*([state["kept"]] if state["pending"] else []), *state["undo"]]
        redone = [*reversed(state["undo"][:-1]), *([state["kept"]] if state["undo"] else []), *state["redo"]]
        for name, key, texts in (("undo", "\x1a", undone), ("redo", "\x19", redone)):
            self.app.type(key * len(texts))
            self.app.wait_for(lambda _, name=name, texts=texts: len(self.shown(name)) >= len(texts))  # type: ignore[misc]
            assert self.shown(name) == texts, f"{name} shows other texts"

    def shown(self, name: str) -> list[str]:
        """What the undos, or redos, of this session have shown so far."""
        self.look()
        return [line[name] for line in self.lines if name in line]

    def scribble(self, rng: random.Random, seconds: float) -> float:
        """Does whatever a restless writer might, is killed in the midst of it, and returns when."""
        until = time.time() + seconds
        while time.time() < until:
            for key in keys(rng):
                self.app.press(key)
        moment = time.time()
        self.app.kill()
        return moment

    def close(self) -> None:
        self.app.kill()


def keys(rng: random.Random) -> list[str]:
    """A few keys that belong together."""
    return rng.choices(
        [
            [rng.choice(LETTERS) for _ in range(rng.randint(1, 20))],
            ["backspace"] * rng.randint(1, 4),
            ["enter"],
            [rng.choice(["left", "right", "up", "down", "home", "end"])],
            ["ctrl+g"],
            [rng.choice(["escape", "tab"])],
            ["ctrl+r"],
            ["ctrl+z"] * rng.randint(1, 3),
            ["ctrl+y"] * rng.randint(1, 3),
            [rng.choice(["alt+j", "alt+k", "alt+c", "alt+n", "alt+p", "alt+f"])],
        ],
        weights=[12, 3, 2, 3, 4, 5, 1, 3, 2, 4],
    )[0]


@pytest.mark.parametrize("seed", [1])
def test_kills_at_any_moment_take_a_second_of_typing_and_nothing_else(trained: Path, seed: int) -> None:
    seed = int(os.environ.get("PANTOUM_KILL_SEED", seed))
    rng = random.Random(seed)
    home = trained
    (home.parent / "story.txt").write_text("Once upon a time.\n")
    save_settings(WriteSettings(model="river", length=20_000, autosave=seed % 2 == 0), home)
    possible: list[dict[str, Any]] = []
    for kill in range(KILLS + 1):
        desk = Desk(home, f"log-{kill}")
        try:
            state = desk.open()
            if possible:
                closest = min(possible, key=lambda each: sum(each[name] != state[name] for name in each))
                assert state in possible, f"kill {kill}: {_difference(closest, state)}"
                desk.walk(state)
            desk.app.wait_for(lambda screen: "waking" not in screen)
            moment = desk.scribble(rng, rng.uniform(0.5, 3.0))
            states = desk.states()
            recent = sum(1 for line in states if line["time"] >= moment - MOST)
            possible = [line["state"] for line in states[-recent - 1 :]]
        finally:
            desk.close()


def _difference(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    """What a failure shows: the parts that differ, of lists only the elements that do."""
    said = []
    for name, one in wanted.items():
        other = found[name]
        if isinstance(one, list) and isinstance(other, list):
            one, other = [each for each in one if each not in other], [each for each in other if each not in one]
        if one != other or wanted[name] != found[name]:
            said.append(f"{name}: {one!r}\n  is {other!r}")
    return "\n".join(said)
