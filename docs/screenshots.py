"""Makes the pictures in ``docs/images``: trains a model on the starter text and photographs the app at work.

    python docs/screenshots.py [--minutes 4] [--home FOLDER]

With ``--home`` a folder made by an earlier call is used again, and only the pictures are taken anew.
"""

import argparse
import asyncio
import html
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from corpora.errors import InputError
from corpora.home import home
from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from engine.folder import ModelFolder, ModelLibrary
from engine.launch import start_trainer
from engine.presets import plan
from engine.records import RUNNING, CorpusReference
from tui.app import PantoumApp

IMAGES = Path(__file__).parent / "images"
SIZE = (100, 30)
PATIENCE = 120.0  # seconds for anything to appear
SEED_TEXT = "When the first letter is written, "
NAME = "manual"


def begin_training(minutes: float) -> ModelFolder:
    """Adds the starter text and starts a trainer on it."""
    corpus = add_starter(CorpusLibrary(), "manual").corpus
    reference = CorpusReference(
        slug=corpus.slug, name=corpus.record.name, sha256=corpus.record.sha256, characters=corpus.record.characters
    )
    settings = plan(characters=corpus.record.characters, unit="word", minutes=minutes)
    folder = ModelLibrary().create(NAME, model=settings.model, training=settings.training, corpus=reference)
    start_trainer(folder)
    return folder


def text_of(app: PantoumApp) -> str:
    """What the screen shows."""
    return html.unescape(" ".join(re.findall(r"<text [^>]*>(.*?)</text>", app.export_screenshot())))


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Lets the app run until the condition holds. Raises `TimeoutError`."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The app did not come so far in time.")
        await pilot.pause(0.1)


async def photograph(app: PantoumApp, pilot: Pilot[None], name: str) -> None:
    """Writes one picture."""
    await pilot.pause(0.5)
    svg = app.export_screenshot(title="Pantoum")
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / f"{name}.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


async def watch(folder: ModelFolder) -> None:
    """The Train screen, half-way through a run."""
    app = PantoumApp(mode="train")
    async with app.run_test(size=SIZE) as pilot:
        await app.watch_run(folder.slug)
        await until(pilot, lambda: "validation" in text_of(app).replace("\N{NO-BREAK SPACE}", " "))
        await pilot.pause(2.0)
        await photograph(app, pilot, "train")


async def browse() -> None:
    """The Library, with a text and a model."""
    app = PantoumApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "Bits/char" in text_of(app) and "tokens" in text_of(app))
        await photograph(app, pilot, "library")


async def write() -> None:
    """The Write screen, while a model goes on from a line."""
    shutil.rmtree(home() / "documents", ignore_errors=True)  # the draft of an earlier picture
    app = PantoumApp(model=NAME, mode="write")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: NAME in text_of(app))
        for character in SEED_TEXT:
            await pilot.press("space" if character == " " else character)
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "writing" in text_of(app))
        await pilot.pause(3.0)  # a few lines of it
        await photograph(app, pilot, "write")
        await pilot.press("escape")


def main(minutes: float) -> None:
    try:
        folder = ModelLibrary().get(NAME)
    except InputError:
        folder = begin_training(minutes)
    while folder.status().state in RUNNING and folder.status().progress < 0.6:
        time.sleep(0.5)
    asyncio.run(watch(folder))
    while folder.status().state in RUNNING:
        time.sleep(0.5)
    asyncio.run(browse())
    asyncio.run(write())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--home", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["PANTOUM_HOME"] = str((chosen.home or Path(temporary)).absolute())
        main(chosen.minutes)
