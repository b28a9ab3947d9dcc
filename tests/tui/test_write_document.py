"""The service's copy of a text, through edits, other texts and other services."""

import asyncio
from typing import cast

import pytest

from engine.client import EngineClient, EngineError
from engine.open_document import OpenDocument
from engine.protocol import CloseDocumentParams, DocumentOpened, EditParams
from tui.manuscript.lines import Lines
from tui.screens.write_document import DocumentCopy


class Service:
    """Keeps the documents as a service would; opening one waits until `gate` is open."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.alive = True
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()  # whether a text has come in
        self.fails = False
        self._count = 0

    async def open_document(self, text: str) -> OpenDocument:
        self._count += 1
        number = self._count
        self.texts[number] = text
        self.asked.set()
        await self.gate.wait()
        if self.fails:
            raise EngineError("no room")
        return OpenDocument(self.client, DocumentOpened(document=number), len(text))

    def notify(self, method: str, params: object) -> None:
        if isinstance(params, EditParams):
            text = self.texts[params.document]
            self.texts[params.document] = text[: params.start] + params.text + text[params.end :]
            assert len(self.texts[params.document]) == params.characters
        elif isinstance(params, CloseDocumentParams):
            del self.texts[params.document]

    @property
    def client(self) -> EngineClient:
        return cast(EngineClient, self)


async def test_edits_reach_the_copy_and_places_are_offsets_in_it() -> None:
    service, copy, body = Service(), DocumentCopy(), Lines("one\ntwo")
    await copy.open(service.client, body)
    body.replace((0, 3), (1, 0), "\n日本\n")
    assert service.texts == {1: "one\n日本\ntwo"}
    place = copy.at((2, 1))
    assert place is not None and (place.document, place.offset) == (1, 8)
    assert copy.location(8) == (2, 1)


async def test_edits_made_while_the_text_is_on_its_way_are_not_lost() -> None:
    service, copy, body = Service(), DocumentCopy(), Lines("one")
    service.gate.clear()
    opening = asyncio.create_task(copy.open(service.client, body))
    await service.asked.wait()
    body.replace((0, 0), (0, 0), "twenty-")
    service.gate.set()
    await opening
    assert service.texts == {1: "twenty-one"}


async def test_a_text_is_sent_once_also_where_whoever_asked_first_asks_no_more() -> None:
    service, copy, body = Service(), DocumentCopy(), Lines("one")
    service.gate.clear()
    first = asyncio.create_task(copy.open(service.client, body))
    await service.asked.wait()
    first.cancel()  # as the next key does
    body.replace((0, 0), (0, 0), "twenty-")
    await asyncio.wait([first])
    service.gate.set()
    await copy.open(service.client, body)
    assert service.texts == {1: "twenty-one"}


async def test_another_text_takes_the_place_of_the_first_even_while_that_is_on_its_way() -> None:
    service, copy, first, second = Service(), DocumentCopy(), Lines("first"), Lines("second")
    service.gate.clear()
    opening = asyncio.create_task(copy.open(service.client, first))
    await service.asked.wait()
    copy.follow(second)
    service.gate.set()
    await opening
    assert service.texts == {2: "second"}
    first.replace((0, 0), (0, 0), "nobody reads this")
    assert service.texts == {2: "second"}


async def test_a_new_service_gets_the_text_anew() -> None:
    old, new, copy, body = Service(), Service(), DocumentCopy(), Lines("text")
    await copy.open(old.client, body)
    old.alive = False
    assert copy.at((0, 0)) is None
    await copy.open(new.client, body)
    body.replace((0, 4), (0, 4), "!")
    assert new.texts == {1: "text!"}


async def test_a_service_that_cannot_take_the_text_says_so_and_can_be_asked_again() -> None:
    service, copy, body = Service(), DocumentCopy(), Lines("text")
    service.fails = True
    with pytest.raises(Exception, match="can't take the text"):
        await copy.open(service.client, body)
    service.fails = False
    await copy.open(service.client, body)
    assert copy.at((0, 2)) is not None
