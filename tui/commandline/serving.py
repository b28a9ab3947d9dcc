"""An engine service for one command, with the model that it is about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.client import EngineClient, connect
from engine.settings import Device
from tui.engine_link import engine_command


@asynccontextmanager
async def serving(model: str, device: Device) -> AsyncIterator[EngineClient]:
    """A service that has loaded the model, and lives as long as the block. Raises `InputError`."""
    async with connect(engine_command()) as client:
        await client.load(model, device)
        yield client
