"""What a stream of the engine service writes, as it arrives. Free of torch."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from corpora.errors import InputError
from engine.protocol import Cancelled, CancelParams, Done, SetDialsParams, Token
from engine.settings import Dials

if TYPE_CHECKING:
    from engine.client import EngineClient


class TokenStream:
    """An async iterator of `Token`; when it ends, `done` says why. Leaving it early does not stop it: `cancel` does."""

    def __init__(self, client: "EngineClient", number: int) -> None:
        self.number = number
        self.done: Done | None = None
        self._ended = False
        self._client = client
        self._queue: asyncio.Queue[Token | Done | InputError] = asyncio.Queue()

    def __aiter__(self) -> AsyncIterator[Token]:
        return self

    async def __anext__(self) -> Token:
        if self.done is not None:
            raise StopAsyncIteration
        item = await self._queue.get()
        return self._take(item)

    def ready(self) -> list[Token]:
        """The tokens that have already arrived, without waiting; sets `done` where the end has too.

        Never raises: where the service died, `done` says so, and the tokens that came before are returned.
        """
        tokens: list[Token] = []
        while self.done is None and not self._queue.empty():
            with contextlib.suppress(StopAsyncIteration, InputError):
                tokens.append(self._take(self._queue.get_nowait()))
        return tokens

    async def set_dials(self, dials: Dials) -> None:
        """Turns the dials from the next token on."""
        await self._client.call("set_dials", SetDialsParams(stream=self.number, dials=dials), Dials)

    async def cancel(self) -> None:
        """Asks the stream to end; ``done`` follows with the reason ``cancelled``."""
        await self._client.call("cancel", CancelParams(stream=self.number), Cancelled)

    def _take(self, item: Token | Done | InputError) -> Token:
        if isinstance(item, Done):
            self.done = item
            raise StopAsyncIteration
        if isinstance(item, InputError):
            self.done = Done(stream=self.number, reason="error", tokens=0, characters=0, seconds=0.0, error=str(item))
            raise item
        return item

    @property
    def ended(self) -> bool:
        """Whether its end has arrived, be it read or not."""
        return self._ended

    def put(self, item: Token | Done | InputError) -> None:
        """What has arrived: a token, its end, or why no more will come."""
        self._ended = not isinstance(item, Token)
        self._queue.put_nowait(item)
