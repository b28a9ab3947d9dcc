"""Asks a model to write again what it has written."""

import asyncio
from pathlib import Path

import msgspec

from corpora.errors import InputError
from engine.client import EngineClient, EngineError, Outdated
from engine.folder import ModelLibrary
from engine.hashing import hash_file
from engine.protocol import InfillParams, ModelInfo, Place, StreamParams, TakesParams
from tui.manuscript.lines import Lines
from tui.manuscript.recipes import Recipe
from tui.manuscript.takes import Take
from tui.screens.write_document import DocumentCopy

CONTEXT = 2000  # characters of each side of a gap, which is what the engine reads


class Models:
    """The models that a text was written with, by the hash of their weights: one may have another name by now."""

    def __init__(self, client: EngineClient, root: Path | None) -> None:
        self._client, self._library = client, ModelLibrary(root)
        self._hashes: dict[Path, str] | None = None

    async def find(self, take: Take) -> tuple[str, ModelInfo]:
        """What the engine knows the model by, and what it says about it. Raises `InputError` where it is gone."""
        trouble, info = "", None
        try:
            info = await self._client.load(take.model)
        except (InputError, EngineError) as error:
            trouble = str(error)
        if info is not None and info.hash == take.hash:
            return take.model, info
        for name in await self._others(take.hash):
            try:
                info = await self._client.load(name)
            except (InputError, EngineError):
                continue
            if info.hash == take.hash:
                return name, info
        if info is not None and not trouble:
            raise InputError(f"{take.model} has been trained further since; the weights that wrote this are gone.")
        raise InputError(trouble)

    async def _others(self, wanted: str) -> list[str]:
        """The paths of models on this machine that have these weights."""
        if self._hashes is None:
            self._hashes = await asyncio.to_thread(self._read)
        return [str(path) for path, found in self._hashes.items() if found == wanted]

    def _read(self) -> dict[Path, str]:
        hashes = {}
        for entry in self._library.list():
            try:
                hashes[entry.folder.path] = hash_file(entry.folder.weights_path)
            except InputError:
                continue  # no weights yet, or none that can be read
        return hashes


class Asker:
    """Has takes written again, with the text that stood there in the engine."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._copy = DocumentCopy()

    def close(self) -> None:
        """Gives up the engine's copy of the text."""
        self._copy.follow(Lines())

    async def again(self, take: Take, recipe: Recipe, model: str, body: Lines) -> str:
        """The text that comes now; it may be longer than the take. `body` is what the model reads.

        Raises `InputError` where the engine can't.
        """
        if body.clamp(recipe.start) != recipe.start or body.clamp(recipe.end or recipe.start) < recipe.start:
            raise InputError("Its record does not fit the text.")
        dials = msgspec.structs.replace(take.dials, pace=0.0)
        take = Take(model, take.seed, dials, take.text)
        try:
            match recipe.way:
                case "stream":
                    text = await self._stream(take, recipe, body)
                case "takes":
                    text = await self._grown(take, recipe, body)
                case "gap":
                    text = await self._filled(take, recipe, body)
                case "list":
                    raise InputError("There is nothing to write again.")
        except Outdated as error:
            raise InputError("The engine gave it up.") from error
        except EngineError as error:
            raise InputError(f"The engine failed: {error}") from error
        return text.replace("\r\n", "\n").replace("\r", "\n")

    async def _place(self, recipe: Recipe, body: Lines) -> Place:
        """Where the take began, in the engine's copy. All before it is read first, however long that takes."""
        await self._copy.open(self._client, body)
        place = self._copy.at(recipe.start, exact=True)
        if place is None:
            raise InputError("The engine has no copy of the text.")
        return place

    async def _stream(self, take: Take, recipe: Recipe, body: Lines) -> str:
        params = StreamParams(
            model=take.model,
            at=await self._place(recipe, body),
            length=min(recipe.length, len(take.text)),  # it may have been stopped long before
            dials=take.dials,
            turns=recipe.turns,
            seed=take.seed,
        )
        stream = await self._client.stream(params)
        try:
            text = "".join([token.text async for token in stream])
        finally:
            if stream.done is None:
                await stream.cancel()
        if stream.done is not None and stream.done.reason == "error":
            raise InputError(stream.done.error)
        return text + (stream.done.text if stream.done is not None else "")

    async def _grown(self, take: Take, recipe: Recipe, body: Lines) -> str:
        """Not up to its end but as long as it is: it may have been accepted before it had come to its end."""
        params = TakesParams(
            model=take.model,
            at=await self._place(recipe, body),
            takes=1,
            until=None,
            length=len(take.text),
            dials=take.dials,
            seed=take.seed,
            ranked=False,
        )
        return (await self._client.takes(params)).takes[0].text

    async def _filled(self, take: Take, recipe: Recipe, body: Lines) -> str:
        params = InfillParams(
            model=take.model,
            left=body.before(recipe.start, CONTEXT),
            right=body.after(recipe.end or recipe.start, CONTEXT),
            max_length=recipe.length,
            takes=recipe.takes,
            dials=take.dials,
            seed=take.seed,
        )
        found = (await self._client.infill(params)).takes
        return found[recipe.number].text if recipe.number < len(found) else ""
