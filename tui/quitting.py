"""Who is asked before the app is left."""

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

Guard = Callable[[], Awaitable[bool]]  # whether nothing would be lost, or the person agrees


@runtime_checkable
class Guarded(Protocol):
    """An app that asks its guards before it is left."""

    guards: list[Guard]
