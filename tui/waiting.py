"""Waiting in a worker of a screen: for a thread or for a while, and no longer than the app lives.

While Textual closes an app it takes the widgets away before it cancels the workers; a worker that woke up in between
would look for widgets that are gone.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from textual.app import App
from textual.screen import Screen

UNSEEN = 0.5  # seconds

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(app: App[None], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns or raises, done off the event loop. Ends the worker where the app was closed meanwhile."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    finally:
        _end_with(app)


async def pause(app: App[None], seconds: float) -> None:
    """Sleeps. Ends the worker where the app was closed meanwhile."""
    await asyncio.sleep(seconds)
    _end_with(app)


async def painted(screen: Screen[T]) -> None:
    """Until what has changed on a screen is to be seen, or `UNSEEN` where that is not on top."""
    seen = asyncio.Event()
    screen.call_after_refresh(seen.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(seen.wait(), UNSEEN)
    _end_with(screen.app)


def _end_with(app: App[None]) -> None:
    if not app.is_running:
        raise asyncio.CancelledError
