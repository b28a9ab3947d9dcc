"""The app's one connection to an engine service: started when first wanted, started again when it died."""

import asyncio
import contextlib
import os
import shlex
from collections.abc import Sequence

from corpora.errors import InputError
from engine.client import SERVICE, EngineClient, EngineGone
from engine.protocol import PROTOCOL

PATIENCE = 120.0  # seconds for a service to say hello: torch from a cold disk, or a far machine


def engine_command() -> tuple[str, ...]:
    """The command that runs a service: ``PANTOUM_ENGINE`` where set (``ssh gpu-box pantoum engine``), else our own.

    It is split as a shell would, and never given to one. Raises `InputError` where it can't be split.
    """
    chosen = os.environ.get("PANTOUM_ENGINE", "")
    try:
        return tuple(shlex.split(chosen)) or SERVICE
    except ValueError as error:
        raise InputError(f"PANTOUM_ENGINE is not a command line ({error}): {chosen}") from error


class EngineLink:
    """Hands out a client whose service is alive. Use it from one event loop, and `close` it at the end."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = command
        self._client: EngineClient | None = None
        self._starting: asyncio.Task[EngineClient] | None = None
        self._closed = False

    @property
    def running(self) -> EngineClient | None:
        """The client if its service is alive at this moment; never starts one."""
        return self._client if self._client is not None and self._client.alive else None

    async def client(self) -> EngineClient:
        """A client that can be called now; starts a service where none is alive.

        Several may wait for the same start, and one that stops waiting doesn't end it. Raises `InputError`
        (`EngineGone` where the service ended before it was ready).
        """
        if (client := self.running) is not None:
            return client
        if self._closed:
            raise EngineGone("The engine is closed.")
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(_retrieve)
        return await asyncio.shield(self._starting)

    async def close(self) -> None:
        """Ends the service, also one that is just starting. Safe to call twice."""
        self._closed = True
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, InputError):
                await self._starting
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _start(self) -> EngineClient:
        old, self._client = self._client, None
        if old is not None:
            await old.close()
        client = await EngineClient.start(self._command or engine_command())
        try:
            await self._greet(client)
        except BaseException:
            await client.close()
            raise
        self._client = client
        return client

    async def _greet(self, client: EngineClient) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                hello = await client.hello()
        except TimeoutError as error:
            raise EngineGone(f"The engine did not answer within {PATIENCE:.0f} seconds.") from error
        if hello.protocol != PROTOCOL:
            raise InputError(
                f"The engine speaks protocol {hello.protocol}, this Pantoum speaks {PROTOCOL}. "
                "Install the same version of Pantoum on both machines."
            )


def _retrieve(task: "asyncio.Task[EngineClient]") -> None:
    """Marks a failed start as seen, for when nobody waits for it any more."""
    if not task.cancelled():
        task.exception()
