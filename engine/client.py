"""Talks to an engine service from an event loop. Free of torch.

The service is a child process; when it dies, every waiting call and stream ends with `EngineGone` and `start` makes
a new one. Nothing here blocks the loop.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

import msgspec

from corpora.errors import InputError
from engine.environment import NICE, service_environment
from engine.open_document import OpenDocument
from engine.protocol import (
    CANCELLED,
    INPUT_ERROR,
    MODEL_ERROR,
    Alternatives,
    AlternativesParams,
    CancelParams,
    CancelRequestParams,
    Copied,
    CopiedParams,
    DocumentOpened,
    Done,
    Growing,
    Hello,
    Infilled,
    InfillParams,
    LoadParams,
    ModelInfo,
    ModelUnusable,
    NextParams,
    NextTokens,
    OpenDocumentParams,
    Place,
    RpcError,
    Score,
    ScoreParams,
    Stream,
    StreamParams,
    Surprisal,
    SurprisalParams,
    Takes,
    TakesParams,
    Token,
)
from engine.settings import Device, Dials
from engine.token_stream import TokenStream

T = TypeVar("T")
LINE_LIMIT = 64 * 1024 * 1024  # bytes in one message
CANCELLABLE = frozenset(
    {"takes", "alternatives", "surprisal", "copied", "infill", "score"}
)  # requests whose work can be stopped
# -P: a file in the folder where the writer happens to be must never be taken for one of our modules.
SERVICE: tuple[str, ...] = (sys.executable, "-P", "-m", "engine.service")


class EngineGone(InputError):
    """The service process ended: it crashed, was killed, or could not start."""


class EngineError(Exception):
    """The service failed at something that is not the person's fault."""


class Outdated(Exception):
    """The document was edited after the question was asked, or the question was cancelled: there is no answer to it."""


class _Message(msgspec.Struct):
    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: RpcError | None = None


class EngineClient:
    """One running service. Make it with `start`; use it from one event loop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._growing: dict[int, Callable[[Growing], None]] = {}
        self._streams: dict[int, TokenStream] = {}
        self._early: dict[int, list[Token | Done]] = {}  # came before the answer that names their stream
        self._number = 0
        self._gone: EngineGone | None = None
        self._decoder = msgspec.json.Decoder(_Message)
        self._last_words: list[str] = []
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._read_errors())]

    @classmethod
    async def start(cls, command: Sequence[str] = SERVICE) -> "EngineClient":
        """Starts a service. Raises `EngineGone` where the command can't be run."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
                env=service_environment(),
                process_group=0,  # a Ctrl-C in the terminal is the app's to handle
            )
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        except OSError as error:
            raise EngineGone(f"The engine can't be started ({error.strerror or error}): {command[0]}") from error
        return cls(process)

    @property
    def alive(self) -> bool:
        """Whether calls can still be answered."""
        return self._gone is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def hello(self) -> Hello:
        """Versions, device and threads of the service."""
        return await self.call("hello", None, Hello)

    async def load(self, model: str, device: Device = "auto") -> ModelInfo:
        """Loads a model, or its newer weights where it has been trained since. Raises `InputError`."""
        return await self.call("load", LoadParams(model=model, device=device), ModelInfo)

    async def stream(self, params: StreamParams) -> TokenStream:
        """Starts a continuation. Raises `InputError`. One whose start is cancelled here is cancelled there too."""
        asked = asyncio.ensure_future(self.call("stream", params, Stream))
        try:
            number = (await asyncio.shield(asked)).stream
        except asyncio.CancelledError:
            asked.add_done_callback(self._abandon)
            raise
        stream = TokenStream(self, number)
        for item in self._early.pop(number, []):
            stream.put(item)
        if self._gone is not None:
            stream.put(self._gone)
        elif not stream.ended:
            self._streams[number] = stream
        return stream

    def _abandon(self, asked: "asyncio.Future[Stream]") -> None:
        """Ends a stream that nobody waits for, once its number is known."""
        if asked.cancelled() or asked.exception() is not None:
            return
        number = asked.result().stream
        if not any(isinstance(item, Done) for item in self._early.pop(number, [])):
            self._streams[number] = TokenStream(self, number)  # takes what still comes, until it is done
            self.notify("cancel", CancelParams(stream=number))

    async def next(
        self, model: str, text: str = "", *, at: Place | None = None, count: int = 12, dials: Dials | None = None
    ) -> NextTokens:
        """The likeliest tokens after `text`, or at a place. Raises `InputError`, and `Outdated` for a place."""
        return await self.call("next", NextParams(model=model, text=text, at=at, count=count, dials=dials), NextTokens)

    async def takes(self, params: TakesParams, growing: Callable[[Growing], None] | None = None) -> Takes:
        """Several continuations; `growing` gets them as they grow. Raises `InputError` and `Outdated`.

        Cancelling the task that waits for this, or for another question about a caret, stops the service's work too.
        """
        if growing is not None:
            params = msgspec.structs.replace(params, growing=True)
        return await self.call("takes", params, Takes, growing)

    async def alternatives(self, params: AlternativesParams) -> Alternatives:
        """What else might stand where a word stands. Raises `InputError` and `Outdated`."""
        return await self.call("alternatives", params, Alternatives)

    async def surprisal(self, params: SurprisalParams) -> Surprisal:
        """What a passage costs by token or by word. Raises `InputError` and `Outdated`."""
        return await self.call("surprisal", params, Surprisal)

    async def copied(self, params: CopiedParams) -> Copied:
        """What of a passage stands in the model's corpus. Raises `InputError` and `Outdated`."""
        return await self.call("copied", params, Copied)

    async def open_document(self, text: str) -> OpenDocument:
        """A document that is kept in the service from now on, and costs an edit no more than its characters."""
        opened = await self.call("open_document", OpenDocumentParams(text=text), DocumentOpened)
        return OpenDocument(self, opened, len(text))

    async def score(self, params: ScoreParams) -> Score:
        """How well a model predicts a text. Raises `InputError`."""
        return await self.call("score", params, Score)

    async def infill(self, params: InfillParams) -> Infilled:
        """Texts for a gap. Raises `InputError`."""
        return await self.call("infill", params, Infilled)

    async def call(
        self,
        method: str,
        params: msgspec.Struct | None,
        kind: type[T],
        growing: Callable[[Growing], None] | None = None,
    ) -> T:
        """One request and its typed result.

        Raises `InputError` with the service's sentence, `Outdated` for a question that nobody waits for any more,
        `EngineGone` where the service died, `EngineError` for a fault in it.
        """
        if self._gone is not None:
            raise self._gone
        self._number += 1
        number = self._number
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        if growing is not None:
            self._growing[number] = growing
        assert self._process.stdin is not None
        try:
            self._write(method, params, number)
            try:
                await self._process.stdin.drain()
                answer = await future
            except asyncio.CancelledError:
                if method in CANCELLABLE:
                    self.notify("cancel_request", CancelRequestParams(request=number))
                raise
            try:
                return msgspec.json.decode(answer, type=kind)
            except msgspec.DecodeError as error:
                raise EngineError(f"its answer to {method} can't be understood: {error}") from error
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EngineGone(self._epitaph()) from error
        finally:
            self._waiting.pop(number, None)
            self._growing.pop(number, None)

    def notify(self, method: str, params: msgspec.Struct) -> None:
        """A request that gets no answer. Does nothing where the service is gone."""
        if self._gone is None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
                self._write(method, params, None)

    def _write(self, method: str, params: msgspec.Struct | None, number: int | None) -> None:
        message: dict[str, object] = {
            "jsonrpc": "2.0",
            "method": method,
            "params": params if params is not None else {},
        }
        if number is not None:
            message["id"] = number
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(message) + b"\n")

    async def close(self) -> None:
        """Ends the service: asks, then terminates. Safe to call twice."""
        if self._process.returncode is None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1.0):
                    await self.call("shutdown", None, type(None))
                    await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            async for line in self._process.stdout:
                with contextlib.suppress(msgspec.DecodeError):
                    self._dispatch(self._decoder.decode(line))
            await self._process.wait()
        except Exception as error:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()  # nobody hears it any more
            await self._process.wait()
            if not isinstance(error, ValueError):  # a line over the limit: no service of ours writes one
                raise
        finally:
            self._end()

    def _dispatch(self, message: _Message) -> None:
        if message.method in ("token", "done"):
            item: Token | Done
            if message.method == "token":
                item = msgspec.json.decode(message.params, type=Token)
            else:
                item = msgspec.json.decode(message.params, type=Done)
            stream = self._streams.get(item.stream)
            if stream is None:
                self._early.setdefault(item.stream, []).append(item)
            else:
                stream.put(item)
                if isinstance(item, Done):
                    del self._streams[item.stream]
            return
        if message.method == "growing":
            grown = msgspec.json.decode(message.params, type=Growing)
            if isinstance(grown.request, int) and (growing := self._growing.get(grown.request)) is not None:
                self._show(growing, grown)
            return
        future = self._waiting.get(message.id) if message.id is not None else None
        if future is None or future.done():
            return
        if message.error is None:
            future.set_result(message.result)
        elif message.error.code == INPUT_ERROR:
            future.set_exception(InputError(message.error.message))
        elif message.error.code == MODEL_ERROR:
            future.set_exception(ModelUnusable(message.error.message))
        elif message.error.code == CANCELLED:
            future.set_exception(Outdated(message.error.message))
        else:
            future.set_exception(EngineError(message.error.message))

    def _show(self, growing: Callable[[Growing], None], grown: Growing) -> None:
        """Calls what may fail, as a screen that is on its way out: the answers of others are still to be read."""
        try:
            growing(grown)
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "what shows how takes grow has failed", "exception": error}
            )

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):
            async for line in self._process.stderr:
                self._last_words = [*self._last_words[-9:], line.decode("utf-8", "replace").rstrip()]

    def _epitaph(self) -> str:
        words = next((line for line in reversed(self._last_words) if line.strip()), "")
        said = f" Its last words: {words}" if words else ""
        code = self._process.returncode
        how = f"exit code {code}" if code is None or code >= 0 else f"killed by signal {-code}"
        return f"The engine stopped ({how}).{said}"

    def _end(self) -> None:
        self._gone = EngineGone(self._epitaph())
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(self._gone)
        for stream in self._streams.values():
            stream.put(self._gone)
        self._streams.clear()


def connect(command: Sequence[str] = SERVICE) -> "contextlib.AbstractAsyncContextManager[EngineClient]":
    """``async with connect() as client``: a service for the length of a block."""

    @contextlib.asynccontextmanager
    async def session() -> AsyncIterator[EngineClient]:
        client = await EngineClient.start(command)
        try:
            yield client
        finally:
            await client.close()

    return session()
