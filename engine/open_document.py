"""A document that the app edits, and the copy of it that the engine service keeps. Free of torch."""

from typing import TYPE_CHECKING

from engine.protocol import CloseDocumentParams, DocumentOpened, EditParams, Place

if TYPE_CHECKING:
    from engine.client import EngineClient


class OpenDocument:
    """The service's copy of a document. Its edits are sent without waiting; `at` names a place in what they made."""

    def __init__(self, client: "EngineClient", opened: DocumentOpened, characters: int) -> None:
        self.number = opened.document
        self.characters = characters
        self._client = client
        self._revision = opened.revision

    def edit(self, start: int, end: int, text: str) -> None:
        """The characters from `start` to `end` become `text`. Where the copies part, the next question fails."""
        self.characters += len(text) - (end - start)
        self._revision += 1
        params = EditParams(document=self.number, start=start, end=end, text=text, characters=self.characters)
        self._client.notify("edit", params)

    def at(self, offset: int, *, exact: bool = False) -> Place:
        """A place in the document as it is now."""
        return Place(document=self.number, offset=offset, revision=self._revision, exact=exact)

    def close(self) -> None:
        """Forgets it."""
        self._client.notify("close_document", CloseDocumentParams(document=self.number))
