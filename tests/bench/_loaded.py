"""The app on a text, with a model that never rests: ``python -m tests.bench._loaded FILE MODEL``.

A batch of 32 takes, a stream as fast as it goes and the surprisal of a page are asked for again and again, through the
app's own connection; what the takes and the stream say arrives in the app as it does in an evening, only that nobody
looks at it. The line under the text says how much came.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

import tui.app
from engine.client import EngineClient, Outdated
from engine.protocol import Place, StreamParams, SurprisalParams, TakesParams
from engine.settings import Dials
from tui.app import PantoumApp
from tui.screens.write import WriteScreen
from tui.screens.write_continuing import PAINTS
from tui.screens.write_engine import StreamReader

PAGE = 3000  # characters
PROMPT = "In the morning the ferryman waited for "


class Loaded(PantoumApp):
    """Does more than a person would ask for at once."""

    CSS_PATH = str(Path(tui.app.__file__).with_name("app.tcss"))

    def __init__(self, document: Path, model: str) -> None:
        super().__init__(document, model)
        self._slug = model
        self._takes = self._tokens = self._pages = 0

    async def on_mount(self) -> None:
        self.run_worker(self._load())

    async def _load(self) -> None:
        while (desk := self._desk()) is None:  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.1)
        client = await desk.session.ready()
        await desk.copy.open(client, desk.editor.manuscript.body)
        work = (self._take(client), self._stream(client), self._colour(client, desk), self._count(desk))
        await asyncio.gather(*work)

    def _desk(self) -> WriteScreen | None:
        """The Write screen, once its model is awake and a key has been typed."""
        desk = self.screen if self.screen_stack else None
        ready = isinstance(desk, WriteScreen) and desk.session.at_hand is not None and desk.unsaved()
        return desk if ready and isinstance(desk, WriteScreen) else None

    async def _take(self, client: EngineClient) -> None:
        while True:
            params = TakesParams(model=self._slug, prompt=PROMPT, takes=32, until=None, length=400, seed=self._takes)
            self._takes += len((await client.takes(params, lambda _: None)).takes)

    async def _stream(self, client: EngineClient) -> None:
        while True:
            params = StreamParams(
                model=self._slug, prompt=PROMPT, length=20_000, dials=Dials(temperature=0.8), seed=self._tokens
            )
            stream = await client.stream(params)
            reader = StreamReader(stream)
            while stream.done is None:
                await asyncio.sleep(1 / PAINTS)
                self._tokens += len(reader.read())

    async def _colour(self, client: EngineClient, desk: WriteScreen) -> None:
        while True:
            at = desk.copy.at(desk.editor.caret)
            assert at is not None
            start = Place(document=at.document, offset=max(0, at.offset - PAGE), revision=at.revision)
            with contextlib.suppress(Outdated):
                await client.surprisal(SurprisalParams(model=self._slug, at=start, end=at.offset))
            self._pages += 1

    async def _count(self, desk: WriteScreen) -> None:
        while True:
            desk.say(f"load: {self._takes} takes, {self._tokens} tokens, {self._pages} pages")
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    app = Loaded(Path(sys.argv[1]), sys.argv[2])
    app.run()
    if app.failure is not None:
        raise app.failure
