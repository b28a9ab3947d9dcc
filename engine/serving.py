"""The engine service: answers JSON-RPC 2.0 on stdin and stdout, a line a message (``python -m engine.service``).

One thread reads requests, so that a cancel or a turned dial is heard at once; one thread works through what takes a
moment, in order; each stream, and each request that may take long, has a thread of its own and keeps nothing waiting.
Any of those can be cancelled by its id. Nothing but messages is ever written to stdout.
"""

import gc
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar

import msgspec
import torch

from corpora.errors import InputError
from corpora.version import __version__
from engine.device import begin_thread, choose_device
from engine.documents import Documents
from engine.handlers import Streaming, check_seed, infill, next_tokens, score_text
from engine.jobs import Foreground, Job, JobCancelled
from engine.models import LoadedModel, Models
from engine.protocol import (
    CANCELLED,
    INPUT_ERROR,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MODEL_ERROR,
    PARSE_ERROR,
    PROTOCOL,
    Alternatives,
    AlternativesParams,
    Cancelled,
    CancelParams,
    CancelRequestParams,
    CloseDocumentParams,
    Copied,
    CopiedParams,
    DocumentEdited,
    DocumentOpened,
    EditParams,
    Hello,
    Infilled,
    InfillParams,
    LoadParams,
    ModelInfo,
    ModelUnusable,
    NextParams,
    NextTokens,
    OpenDocumentParams,
    RpcError,
    RpcRequest,
    Score,
    ScoreParams,
    SetDialsParams,
    Stream,
    StreamParams,
    Surprisal,
    SurprisalParams,
    Takes,
    TakesParams,
)
from engine.settings import Device, Dials
from engine.writing import Desk

LAST_ANSWERS, SHUTDOWN = 10.0, 0.5  # seconds

P = TypeVar("P", bound=msgspec.Struct)


class Service:
    """Reads requests from one stream and writes answers to another until the first ends or ``shutdown`` comes."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._models = Models()
        self._streams: dict[int, Streaming] = {}
        self._stream_count = 0
        self._jobs: dict[int | str, Job] = {}
        self._foreground = Foreground()
        self._documents = Documents(self._foreground)
        self._desk = Desk(self._documents)
        self._work: queue.Queue[Callable[[], None]] = queue.Queue()
        threading.Thread(target=self._work_through, name="worker", daemon=True).start()
        # Answered by the reading thread itself, in no time:
        self._quick: dict[str, Callable[[msgspec.Raw], object]] = {
            "set_dials": self._set_dials,
            "cancel": self._cancel,
            "cancel_request": self._cancel_request,
            "open_document": self._open_document,
            "edit": self._edit,
            "close_document": self._close_document,
        }
        # Answered by the working thread:
        self._slow: dict[str, Callable[[msgspec.Raw], object]] = {
            "hello": self._hello,  # which looks for a GPU, and may have to start it
            "load": self._load,
            "stream": self._stream,
            "next": self._next,
        }
        # Answered by a thread of their own:
        self._long: dict[str, Callable[[msgspec.Raw, Job], object]] = {
            "score": self._score,
            "infill": self._infill,
            "takes": self._takes,
            "alternatives": self._alternatives,
            "surprisal": self._surprisal,
            "copied": self._copied,
        }

    def serve(self) -> None:
        """Until the source ends: the app has gone, and so does the service. What takes a moment is still answered: a
        script may have written all that it wants to know, and closed its end, or asked for the end itself."""
        patience = LAST_ANSWERS
        for line in self._source:
            if line.strip() and not self._receive(line):
                patience = SHUTDOWN
                break
        answered = threading.Event()
        self._work.put(answered.set)
        answered.wait(patience)

    def _receive(self, line: bytes) -> bool:
        """One message; False where it asks for the end."""
        try:
            request = msgspec.json.decode(line, type=RpcRequest)
        except msgspec.ValidationError as error:
            self._fail(None, INVALID_REQUEST, str(error))
            return True
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._fail(None, PARSE_ERROR, str(error))
            return True
        if request.jsonrpc != "2.0" or not request.method:
            self._fail(request.id, INVALID_REQUEST, 'a request needs "jsonrpc": "2.0" and a method')
        elif request.method == "shutdown":
            self._answer(request.id, None)
            return False
        elif request.method in self._quick:
            self._run(request, self._quick[request.method])
        elif request.method in self._slow:
            handler = self._slow[request.method]
            self._work.put(lambda: self._run_in_front(request, handler))
        elif request.method in self._long:
            job = Job(request.id, self._notify)
            if request.id is not None:
                self._jobs[request.id] = job
            work = (request, self._long[request.method], job)
            threading.Thread(target=self._run_job, args=work, name=request.method, daemon=True).start()
        else:
            self._fail(request.id, METHOD_NOT_FOUND, f"there is no method {request.method!r}")
        return True

    def _work_through(self) -> None:
        begin_thread()
        while True:
            self._work.get()()

    def _run_in_front(self, request: RpcRequest, handler: Callable[[msgspec.Raw], object]) -> None:
        with self._foreground():
            self._run(request, handler)

    def _run_job(self, request: RpcRequest, handler: Callable[[msgspec.Raw, Job], object], job: Job) -> None:
        begin_thread()
        try:
            self._run_in_front(request, lambda params: handler(params, job))
        finally:
            if request.id is not None and self._jobs.get(request.id) is job:
                del self._jobs[request.id]

    def _run(self, request: RpcRequest, handler: Callable[[msgspec.Raw], object]) -> None:
        try:
            self._answer(request.id, handler(request.params))
        except InputError as error:
            self._fail(request.id, MODEL_ERROR if isinstance(error, ModelUnusable) else INPUT_ERROR, str(error))
        except JobCancelled:
            self._fail(request.id, CANCELLED, "the request was cancelled, or its document has been edited since")
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            self._fail(request.id, INVALID_PARAMS, str(error))
        except (MemoryError, torch.OutOfMemoryError):
            self._fail(request.id, INPUT_ERROR, "The memory is full. Use a shorter text or a smaller model.")
        except BrokenPipeError:
            raise
        except Exception as error:
            self._fail(request.id, INTERNAL_ERROR, f"{type(error).__name__}: {error}")

    def _hello(self, _: msgspec.Raw) -> Hello:
        return Hello(
            protocol=PROTOCOL,
            version=__version__,
            pid=os.getpid(),
            torch=str(torch.__version__),
            device=str(choose_device("auto")),
            threads=torch.get_num_threads(),
        )

    def _model(self, name: str, device: Device | None = None) -> LoadedModel:
        """Raises `ModelUnusable`."""
        try:
            return self._models.get(name, device)
        except InputError as error:
            raise ModelUnusable(str(error)) from error

    def _load(self, raw: msgspec.Raw) -> ModelInfo:
        params = _params(raw, LoadParams)
        return self._model(params.model, params.device).info

    def _next(self, raw: msgspec.Raw) -> NextTokens:
        params = _params(raw, NextParams)
        model = self._model(params.model)
        return next_tokens(model, self._desk.context(model, params.text, params.at, Job()), params)

    def _takes(self, raw: msgspec.Raw, job: Job) -> Takes:
        params = _params(raw, TakesParams)
        check_seed(params.seed + params.takes)
        return self._desk.takes(self._model(params.model), params, job)

    def _alternatives(self, raw: msgspec.Raw, job: Job) -> Alternatives:
        params = _params(raw, AlternativesParams)
        return self._desk.alternatives(self._model(params.model), params, job)

    def _surprisal(self, raw: msgspec.Raw, job: Job) -> Surprisal:
        params = _params(raw, SurprisalParams)
        return self._desk.surprisal(self._model(params.model), params, job)

    def _copied(self, raw: msgspec.Raw, job: Job) -> Copied:
        params = _params(raw, CopiedParams)
        return self._desk.copied(self._model(params.model), params, job)

    def _open_document(self, raw: msgspec.Raw) -> DocumentOpened:
        params = _params(raw, OpenDocumentParams)
        return DocumentOpened(document=self._documents.open(params.text).number)

    def _edit(self, raw: msgspec.Raw) -> DocumentEdited:
        params = _params(raw, EditParams)
        document = self._documents.get(params.document)
        document.edit(params.start, params.end, params.text)
        if params.characters is not None and params.characters != len(document.text):
            self._documents.close(params.document)
            raise InputError("The engine's copy of the document is out of step with it. Open it again.")
        return DocumentEdited(revision=document.revision)

    def _close_document(self, raw: msgspec.Raw) -> None:
        self._documents.close(_params(raw, CloseDocumentParams).document)

    def _cancel_request(self, raw: msgspec.Raw) -> None:
        job = self._jobs.get(_params(raw, CancelRequestParams).request)
        if job is not None:
            job.cancel()

    def _score(self, raw: msgspec.Raw, job: Job) -> Score:
        params = _params(raw, ScoreParams)
        return score_text(self._model(params.model), params, job)

    def _infill(self, raw: msgspec.Raw, job: Job) -> Infilled:
        params = _params(raw, InfillParams)
        return infill(self._model(params.model), params, job)

    def _stream(self, raw: msgspec.Raw) -> Stream:
        params = _params(raw, StreamParams)
        params.dials.check()
        check_seed(params.seed)
        model = self._model(params.model)
        self._stream_count += 1
        number = self._stream_count
        job = Job()
        streaming = Streaming(
            number,
            model,
            params,
            self._notify_all,
            self._streams,
            lambda: self._desk.context(model, params.prompt, params.at, job, backward=params.backward),
            self._foreground,
            job,
        )
        self._streams[number] = streaming
        streaming.start()
        return Stream(stream=number)

    def _set_dials(self, raw: msgspec.Raw) -> Dials:
        params = _params(raw, SetDialsParams)
        params.dials.check()
        streaming = self._streams.get(params.stream)
        if streaming is None:
            raise InputError(f"Stream {params.stream} has ended.")
        streaming.set_dials(params.dials)
        return params.dials

    def _cancel(self, raw: msgspec.Raw) -> Cancelled:
        params = _params(raw, CancelParams)
        streaming = self._streams.get(params.stream)
        if streaming is not None:
            streaming.cancel()
        return Cancelled(stream=params.stream, running=streaming is not None)

    def _answer(self, number: int | str | None, result: object) -> None:
        if number is not None:  # without an id it was a notification, which gets no answer
            self._send({"jsonrpc": "2.0", "id": number, "result": result})

    def _fail(self, number: int | str | None, code: int, message: str) -> None:
        self._send({"jsonrpc": "2.0", "id": number, "error": RpcError(code=code, message=message)})

    def _notify(self, method: str, params: msgspec.Struct) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _notify_all(self, messages: Sequence[tuple[str, msgspec.Struct]]) -> None:
        self._send(*({"jsonrpc": "2.0", "method": method, "params": params} for method, params in messages))

    def _send(self, *messages: dict[str, Any]) -> None:
        line = b"".join(msgspec.json.encode(message) + b"\n" for message in messages)
        try:
            with self._writing:
                self._sink.write(line)
                self._sink.flush()
        except (BrokenPipeError, ValueError):
            os._exit(0)  # nobody listens any more


def _params(raw: msgspec.Raw, kind: type[P]) -> P:
    return msgspec.json.decode(raw, type=kind)


def serve() -> int:
    """Speaks on the process's own stdin and stdout; anything that a library prints goes to stderr instead."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # One stream's steps are too small to share: two threads would wait for each other most of the time.
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # what a model predicts is exact
    # What was imported stays: looking for garbage in it would take a tenth of a second in the middle of a take.
    gc.freeze()
    gc.enable()
    Service(sys.stdin.buffer, sink).serve()
    sink.flush()
    os._exit(0)  # working threads may be in the middle of something that nobody waits for
