"""Waiting in a worker or a timer of a screen: for a thread or for a while, and no longer than the app lives.

While Textual closes an app it takes the widgets away before it cancels the workers; a worker that woke up in between
would look for widgets that are gone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from textual.app import App
from textual.screen import Screen

UNSEEN = 0.5  # seconds

P = ParamSpec("P")
T = TypeVar("T")

_going_on: set[asyncio.Task[Any]] = set()  # the loop itself doesn't hold its tasks


async def in_thread(app: App[None], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns or raises, done off the event loop. Ends the worker where the app was closed meanwhile."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    finally:
        _end_with(app)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns or raises. It is done to its end also where whoever waits for it is cancelled.

    Textual cancels timers and workers when a screen is closed, but a thread that writes a file then goes on writing:
    what `work` holds meanwhile, such as a lock, must not be let go before.
    """
    task = asyncio.create_task(work)
    _going_on.add(task)
    task.add_done_callback(_ended)
    return await asyncio.shield(task)


async def give_up(task: asyncio.Task[None] | None) -> None:
    """Cancels what is under way, if anything is, and waits until it has ended."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


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


def _ended(task: asyncio.Task[Any]) -> None:
    _going_on.discard(task)
    if not task.cancelled():
        task.exception()  # seen, for when nobody waits for it any more


def _end_with(app: App[None]) -> None:
    if not app.is_running:
        raise asyncio.CancelledError
