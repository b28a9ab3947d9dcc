"""The engine service's copy of the text on the screen: sent once, then kept in step by edits as small as they are."""

import asyncio

from corpora.errors import InputError
from engine.client import EngineClient, EngineError
from engine.open_document import OpenDocument
from engine.protocol import Place
from tui.manuscript.lines import Change, Lines, Location
from tui.manuscript.offsets import Offsets


class DocumentCopy:
    """Follows one text at a time, and whatever service lives at the moment."""

    def __init__(self) -> None:
        self._body = Lines()
        self._offsets = Offsets(self._body)
        self._document: OpenDocument | None = None
        self._client: EngineClient | None = None  # whose document it is
        self._version = 0  # counts texts: what was opened for another one is not used
        self._sending: tuple[EngineClient, asyncio.Task[None]] | None = None  # the text, and to which service
        self._missed: list[tuple[int, int, str]] | None = None  # edits made while the text was on its way

    def follow(self, body: Lines) -> None:
        """From now on this text."""
        if body is self._body:
            return
        if self._changed in self._body.watchers:
            self._body.watchers.remove(self._changed)
        self._close()
        self._version += 1
        self._body, self._offsets = body, Offsets(body)
        body.watchers.append(self._changed)

    def offset(self, place: Location) -> int:
        """Characters before a place."""
        return self._offsets.offset(place)

    def location(self, offset: int) -> Location:
        """The place that so many characters stand before."""
        return self._offsets.location(offset)

    async def open(self, client: EngineClient, body: Lines) -> None:
        """Makes sure that this service has this text, and follows it from now on. Raises `InputError`."""
        self.follow(body)
        while self._document is None or self._client is not client:
            if self._sending is None or self._sending[1].done():
                self._sending = client, asyncio.create_task(self._send(client))
            to, task = self._sending
            try:  # whoever asks may be cancelled, as by the next key: the text is on its way all the same, sent once
                await asyncio.shield(task)
            except InputError:
                if to is client:
                    raise

    async def _send(self, client: EngineClient) -> None:
        """Makes a new copy. Raises `InputError`."""
        version = self._version
        self._close()
        self._missed = []
        try:
            document = await client.open_document(self._body.text)
        except EngineError as error:
            raise InputError(f"The engine can't take the text: {error}") from error
        finally:
            missed, self._missed = self._missed or [], None
        if version != self._version:
            document.close()
            return
        self._document, self._client = document, client
        for start, end, text in missed:
            document.edit(start, end, text)

    def at(self, place: Location, *, exact: bool = False) -> Place | None:
        """A place as the service knows it; None where it has no copy, or of another text.

        `exact`: what is asked there waits until the model has read all that stands before it.
        """
        if self._document is None or self._client is None or not self._client.alive:
            return None
        return self._document.at(self._offsets.offset(place), exact=exact)

    def _changed(self, change: Change) -> None:
        self._offsets.changed(change)
        start = self._offsets.offset(change.start)
        edit = (start, start + len(change.removed), change.inserted)
        if self._missed is not None:
            self._missed.append(edit)
        elif self._document is not None:
            self._document.edit(*edit)

    def _close(self) -> None:
        document, client = self._document, self._client
        self._document = self._client = None
        if document is not None and client is not None and client.alive:
            document.close()
