"""What the tests of the Write screen share: a home with models, a fake service, the app on this screen."""

import json
import shlex
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.folder import ModelLibrary
from engine.records import CorpusReference
from engine.settings import ModelConfig, TrainingConfig
from tui.app import PantoumApp
from tui.manuscript.opening import find_left
from tui.screens.write import WriteScreen
from tui.widgets.dial_steps import DIALS
from tui.write_settings import NAME, WriteSettings, save_settings


def unsaved_texts(root: Path) -> list[str]:
    """The texts that earlier sessions left unsaved, newest first."""
    found = find_left(root)
    for left in found:
        left.journal.discard()
    return [left.restored.manuscript.text for left in found]


SERVICE = shlex.join((sys.executable, str(Path(__file__).with_name("fake_service.py"))))
PATIENCE = 60.0  # seconds until a condition that does not come true fails the test


def add_model(root: Path, name: str) -> None:
    """A model folder with weights that only the fake service would accept."""
    folder = ModelLibrary(root).create(
        name,
        model=ModelConfig(vocabulary=8),
        training=TrainingConfig(steps=1),
        corpus=CorpusReference(slug="poems", name="Poems", sha256="0" * 64, characters=1000),
    )
    folder.weights_path.write_bytes(b"fake")


@dataclass
class Writing:
    """A running Write screen."""

    pilot: Pilot[None]
    screen: WriteScreen
    log: Path

    @property
    def text(self) -> str:
        return self.screen.editor.manuscript.text

    @property
    def pending(self) -> str:
        manuscript = self.screen.editor.manuscript
        return manuscript.takes.shown.text if manuscript.pending and manuscript.takes else ""

    def requests(self, method: str) -> list[dict[str, object]]:
        """The parameters of this method's calls so far."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [line["params"] for line in lines if line["method"] == method]

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Lets the app run until the condition holds."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, f"it never came true: {what or condition}; notice: {self.notice}"
            await self.pilot.pause(0.01)

    async def ready(self) -> None:
        """Until the model is loaded."""
        await self.until(lambda: self.screen.session.at_hand, "the model is loaded")

    async def full_speed(self) -> None:
        """Waits for the model and takes the pace's limit away, as a person does."""
        await self.ready()
        self.screen.dials.chosen = next(index for index, dial in enumerate(DIALS) if dial.key == "pace")
        while self.screen.settings.dials.pace:
            await self.press("f6")
        self.screen.dials.chosen = 0

    @property
    def first_token(self) -> str:
        """The likeliest next token that is shown."""
        answer = self.screen.next_tokens.answer
        return answer.tokens[0].text if answer else ""

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        names = {" ": "space", "\n": "enter", ".": "full_stop", ",": "comma"}
        await self.pilot.press(*(names.get(character, character) for character in text))

    async def finished(self) -> None:
        """Until nothing streams any more."""
        await self.until(lambda: not self.screen.writing, "the stream has ended")

    @property
    def notice(self) -> str:
        return self.screen.notice.sentence


@asynccontextmanager
async def writing(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    models: tuple[str, ...] = ("bard",),
    size: tuple[int, int] = (80, 24),
    command: str = SERVICE,
    document: Path | None = None,
    autosave: bool = False,
) -> AsyncIterator[Writing]:
    """The Write screen over a fresh or used home folder, with the fake service."""
    if not autosave and not (root / NAME).exists():
        save_settings(WriteSettings(autosave=False), root)
    log = root / "requests.jsonl"
    monkeypatch.setenv("PANTOUM_HOME", str(root))
    monkeypatch.setenv("PANTOUM_ENGINE", command)
    monkeypatch.setenv("FAKE_SERVICE_LOG", str(log))
    for model in models:
        if not (root / "models" / model).exists():
            add_model(root, model)
    async with PantoumApp(document, mode="write").run_test(size=size) as pilot:
        await pilot.pause()
        screen = pilot.app.screen_stack[0]
        assert isinstance(screen, WriteScreen)
        yield Writing(pilot, screen, log)
