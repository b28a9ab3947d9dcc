"""How long Textual's pilot waits after each key: until the app has nothing left to do.

Its own way is to look at the processor's time, twice for every key: not before some 50 ms in all, and for two seconds
where a model streams beside it. Here it is also asked what is left to do, so that half as long a look is enough.
"""

import asyncio
import time
from contextlib import suppress

from textual import _wait, app, pilot
from textual._context import active_app
from textual.app import ScreenStackError

LOOK, AT_REST = 0.01, 0.001  # seconds, and how many of them the process may have worked in a look
MOST = 0.25  # seconds: an app whose model streams is never at rest


def has_more() -> bool:
    """Whether the app has messages or a picture of its screen to make."""
    running = active_app.get(None)
    if running is None:
        return False
    if any(each.message_queue_size or each._next_callbacks for each in (running, *running._registry)):
        return True
    with suppress(ScreenStackError):
        screen = running.screen
        awaited = screen._layout_required or screen._scroll_required or screen._repaint_required
        return bool(awaited or screen._dirty_widgets or screen._callbacks)
    return False


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = MOST) -> None:
    """In place of Textual's."""
    began = time.monotonic()
    while True:
        worked = time.process_time()
        await asyncio.sleep(LOOK)
        waited = time.monotonic() - began
        if waited >= max_sleep:
            return
        if waited >= min_sleep and time.process_time() - worked < AT_REST and not has_more():
            return


for module in (_wait, app, pilot):
    module.wait_for_idle = wait_for_idle  # type: ignore[attr-defined]
