"""The command line in a real terminal, with the real trainer and the real service."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.folder import ModelFolder, ModelLibrary
from tests.terminal.terminal import Terminal
from tests.tui.cli_tools import remember_speed, until

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(480)]

WHO = ("the ferryman", "my sister", "a lamp", "the baker", "old Tomas", "the heron")
DOES = ("waits for", "remembers", "sings to", "mends", "forgets", "counts")
WHAT = ("the river", "the first snow", "an empty chair", "the bells", "her letters", "the slow boats")


def own_text(lines: int = 200) -> str:
    """A text of our own making: sentences drawn from three lists."""
    draw = random.Random(4)
    return "".join(f"{draw.choice(WHO).capitalize()} {draw.choice(DOES)} {draw.choice(WHAT)}.\n" for _ in range(lines))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PANTOUM_THREADS", "1")
    (tmp_path / "river.txt").write_text(own_text())
    return tmp_path / "home"


def pantoum(*arguments: str, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "tui.cli", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=home.parent,
        timeout=120,
        check=False,
    )


SMALL = ("--hidden", "32", "--embedding", "16", "--batch", "4", "--length", "16", "--device", "cpu")


def test_a_model_is_trained_sampled_and_scored(home: Path) -> None:
    trained = pantoum("train", "river.txt", "--name", "river", "--steps", "60", *SMALL, home=home)
    assert trained.returncode == 0, trained.stderr
    metrics = ModelLibrary().get("river").metrics().read_all()
    assert len(trained.stdout.splitlines()) == len(metrics)

    ask = ("sample", "river", "--prompt", "My sister ☂ ", "-n", "80", "--seed", "5")
    first, second = pantoum(*ask, home=home), pantoum(*ask, home=home)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("My sister ☂ ")
    assert first.stdout == second.stdout

    scored = pantoum("score", "river", "-", "--json", home=home, stdin=own_text(20))
    assert scored.returncode == 0, scored.stderr
    figures = json.loads(scored.stdout)
    assert figures["characters"] == len(own_text(20))
    assert 0.5 < figures["bits_per_character"] < 6


def test_training_shows_a_bar_and_ctrl_c_leaves_a_run_that_resumes(home: Path) -> None:
    remember_speed(home, 4e10)
    with Terminal(["train", "river.txt", "--name", "river", "--minutes", "10", *SMALL], home=home) as terminal:
        terminal.wait_for("tokens/s", timeout=90)
        assert "━" in terminal.screen()
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit(timeout=60) == 130
        assert "Go on with: pantoum resume river" in terminal.screen()
    folder = ModelLibrary().get("river")
    stopped = folder.status()
    assert stopped.state == "stopped"
    resumed = pantoum("resume", "river", "--stop-after", "5", home=home)
    assert resumed.returncode == 0, resumed.stderr
    assert folder.status().step == stopped.step + 5


def test_a_killed_trainer_is_reported_and_its_run_resumed(home: Path) -> None:
    started = pantoum("train", "river.txt", "--name", "river", "--steps", "100000", *SMALL, "--detach", home=home)
    assert started.returncode == 0, started.stderr
    folder = ModelLibrary().get("river")
    try:
        until(lambda: folder.status().step > 0, seconds=90)
        folder.request("checkpoint")
        until(folder.resume_path.exists, seconds=60)
    finally:
        os.kill(folder.status().pid, signal.SIGKILL)
    until(lambda: folder.status().state == "failed", seconds=60)
    shown = pantoum("show", "river", home=home)
    assert "failed" in shown.stdout
    assert "Resume" in shown.stdout
    resumed = pantoum("resume", "river", "--stop-after", "3", home=home)
    assert resumed.returncode == 0, resumed.stderr
    assert folder.status().state == "stopped"


def test_two_commands_on_one_model_at_once_are_told_apart(home: Path) -> None:
    pantoum("train", "river.txt", "--name", "river", "--steps", "100000", *SMALL, "--detach", home=home)
    folder = ModelLibrary().get("river")
    try:
        again = pantoum("train", "river.txt", "--name", "river", "--steps", "5", *SMALL, home=home)
        assert again.returncode == 1
        assert "There is already a model named river" in again.stderr
        resumed = pantoum("resume", "river", home=home)
        assert resumed.returncode == 1
        assert "being trained already" in resumed.stderr
        watched = json.loads(pantoum("show", "river", "--json", home=home).stdout)
        assert watched["status"]["state"] in ("starting", "training")
    finally:
        stop(folder, home)


def stop(folder: ModelFolder, home: Path) -> None:
    stopped = pantoum("stop", folder.slug, home=home)
    assert stopped.returncode == 0, stopped.stderr
    assert folder.status().state == "stopped"


def test_the_engine_speaks_on_stdio_wherever_it_is_started(home: Path) -> None:
    (home.parent / "engine").mkdir()  # a writer's folder of that name, and of a module's, must not matter
    (home.parent / "json.py").write_text("raise SystemExit('not this one')")
    request = '{"jsonrpc": "2.0", "id": 1, "method": "hello"}\n'
    answered = pantoum("engine", home=home, stdin=request)
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout.splitlines()[0])["result"]["protocol"] == 1  # though nothing more can be asked
