"""The Write screen's dealings with the engine, without any widget: which model is ready, what comes next."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from corpora.boundaries import EndFinder
from corpora.errors import InputError
from corpora.version import __version__
from engine.client import EngineClient, EngineError, Outdated
from engine.protocol import ModelInfo, NextTokens, Place, StreamParams, Token, Turn
from engine.settings import Dials
from engine.token_stream import TokenStream
from tui.engine_link import EngineLink
from tui.manuscript.history import Node
from tui.manuscript.lines import Location
from tui.manuscript.recipes import Recipe, Way
from tui.waiting import give_up

REST = 0.15  # seconds that the caret rests before the next tokens are asked for
BUSY_REST = 0.2  # seconds between two questions while text streams
SHARE = 3.0  # times the last answer's time that the engine is left alone while text streams


class ModelSession:
    """One chosen model, loaded by whatever service lives at the moment."""

    def __init__(self, link: EngineLink) -> None:
        self.link = link
        self.slug = ""
        self.info: ModelInfo | None = None
        self._loaded_by: EngineClient | None = None

    def choose(self, slug: str) -> None:
        """From now on this model; an empty slug for none."""
        if slug != self.slug:
            self.slug = slug
            self.lose()

    def lose(self) -> None:
        """The chosen model is of no use: nothing is asked of it until somebody wants it again."""
        self.info = self._loaded_by = None

    async def ready(self) -> EngineClient:
        """A live client that has the chosen model loaded, with the weights that are on disk now.

        Starts the service where it is not running. Raises `InputError` with a sentence for the person.
        """
        slug = self.slug
        client = await self.link.client()
        try:
            info = await client.load(slug)
        except EngineError as error:
            raise InputError(f"The engine failed to load {slug}: {error}") from error
        if slug == self.slug:
            self.info, self._loaded_by = info, client
        return client

    @property
    def at_hand(self) -> EngineClient | None:
        """The client, if the model is loaded and the service alive: for questions that must not start anything."""
        client = self.link.running
        return client if client is not None and client is self._loaded_by else None

    @property
    def hash(self) -> str:
        """Of the weights that are loaded; empty where none are."""
        return self.info.hash if self.info is not None else ""

    def recipe(self, way: Way, node: Node, start: Location) -> Recipe:
        """How what is asked of this model now is made: from the text of a node, at a place in it."""
        device = self.info.device if self.info is not None else ""
        return Recipe(way, node.number, start, device=device, version=__version__)

    async def stream(self, params: StreamParams) -> TokenStream:
        """Starts a continuation by the chosen model. Raises `InputError`."""
        client = await self.ready()
        try:
            return await client.stream(params)
        except EngineError as error:
            raise InputError(f"The engine failed: {error}") from error


class NextQuestion:
    """Asks what comes next once the caret rests; an answer that is no longer wanted is never shown.

    While text streams there is no rest; then it asks several times a second, and less often where the answers take
    long, so that the question doesn't slow the stream. While the engine is `busy` with what the person has asked for,
    the question waits.
    """

    def __init__(
        self,
        session: ModelSession,
        caret: Callable[[EngineClient], Awaitable[Place | None]],
        dials: Callable[[], Dials],
        show: Callable[[NextTokens | None], None],
        fail: Callable[[InputError | EngineError], None],
        count: int,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._session = session
        self._busy = busy
        self._caret, self._dials = caret, dials
        self._show, self._fail = show, fail
        self._count = count
        self._task: asyncio.Task[None] | None = None
        self._wanted = 0  # the number of the newest question
        self._took = 0.0  # seconds for the last answer

    def ask(self, *, streaming: bool = False) -> None:
        """The text, the caret or a dial has changed."""
        self._wanted += 1
        waiting = self._task is not None and not self._task.done()
        if waiting and streaming:
            return  # the question under way is recent enough
        if waiting and self._task is not None:
            self._task.cancel()
        rest = max(BUSY_REST, SHARE * self._took) if streaming else REST
        self._task = asyncio.create_task(self._answer(rest))

    async def close(self) -> None:
        """Forgets the question under way."""
        await give_up(self._task)

    async def _answer(self, rest: float) -> None:
        await asyncio.sleep(rest)
        while self._busy():  # noqa: ASYNC110 - it may be again by the time that an event woke this up
            await asyncio.sleep(BUSY_REST)
        client, slug = self._session.at_hand, self._session.slug
        if client is None:
            return
        asked = time.monotonic()
        try:
            at = await self._caret(client)
            if at is None:
                return
            answer = await client.next(slug, at=at, count=self._count, dials=self._dials())
        except Outdated:
            return  # the next question is under way
        except (InputError, EngineError) as error:
            self._show(None)
            self._fail(error)
            return
        self._took = time.monotonic() - asked
        if slug == self._session.slug:
            self._show(answer)


class StreamReader:
    """Gathers a stream's tokens between two paints, and knows how fast they come.

    Where it shall stop at an end, such as a sentence's, what may stand behind that is held back until it is certain.
    """

    def __init__(self, stream: TokenStream, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.ended = False  # whether it has come to the end at which it shall stop: nothing more is read
        self._finder: EndFinder | None = None
        self._held = ""  # text that has come and was not yet given
        self._given = 0  # characters of what the finder knows
        self._clock = clock
        self._began = clock()
        self.turns: list[Turn] = []  # of the dials, as far as the text goes that was read
        self.exact = True  # whether the model had read all that stands before
        self._arrivals: list[tuple[float, int]] = []

    def stop_at(self, finder: EndFinder | None) -> None:
        """From now on it shall stop where this finds an end, in what has not been read yet; None for nowhere."""
        self._finder, self._given = finder, 0
        if finder is not None:
            finder.push(self._held)

    def read(self) -> str:
        """The text that has come since the last call, with the held-back end where the stream is done."""
        if self.ended:
            return ""
        tokens: list[Token] = self.stream.ready()
        now = self._clock()
        if tokens:
            self._arrivals = [each for each in self._arrivals if each[0] > now - 1.0]
            self._arrivals.append((now, len(tokens)))
        for token in tokens:
            self.exact = self.exact and token.exact
            if token.dials is not None:
                self.turns.append(Turn(token.index, msgspec.structs.replace(token.dials, pace=0.0)))
        done = self.stream.done
        return self._certain("".join(token.text for token in tokens) + (done.text if done is not None else ""))

    def _certain(self, text: str) -> str:
        """Of what was held back and this, as much as surely stands before the end at which to stop."""
        self._held += text
        finder, upto = self._finder, len(self._held)
        if finder is not None:
            end = finder.push(text)
            if end is None and self.stream.done is not None:
                end = finder.finish()
            self.ended = end is not None
            if end is not None:
                upto = end - self._given
            elif self.stream.done is None:
                upto = max(finder.settled - self._given, 0)
            self._given += upto
        certain, self._held = self._held[:upto], self._held[upto:]
        return certain

    @property
    def speed(self) -> float:
        """Tokens a second: over the last second while it runs, over all of it at the end."""
        done = self.stream.done
        if done is not None and done.seconds > 0:
            return done.tokens / done.seconds
        now = self._clock()
        window = min(1.0, max(now - self._began, 1 / 30))
        return sum(count for at, count in self._arrivals if at > now - 1.0) / window


def why_it_ended(stream: TokenStream) -> InputError | None:
    """The sentence for a stream that ended in trouble; None for one that came to its end or was stopped."""
    done = stream.done
    if done is None or done.reason != "error":
        return None
    return InputError(done.error or "The engine stopped without saying why.")
