"""The engine service: ``python -m engine.service`` answers JSON-RPC 2.0 on stdin and stdout, a line a message.

One thread reads requests, so that a cancel or a turned dial is heard at once; one thread works through what takes a
moment, in order; each stream, each score and each gap to be filled, which may take long, has a thread of its own and
keeps nothing waiting. Nothing but messages is ever written to stdout.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import IO, Any, TypeVar

import msgspec
import torch

from corpora.errors import InputError
from corpora.version import __version__
from engine.device import choose_device
from engine.handlers import Streaming, check_seed, infill, next_tokens, score_text
from engine.models import Models
from engine.protocol import (
    INPUT_ERROR,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    PROTOCOL,
    Cancelled,
    CancelParams,
    Hello,
    Infilled,
    InfillParams,
    LoadParams,
    ModelInfo,
    NextParams,
    NextTokens,
    RpcError,
    RpcRequest,
    Score,
    ScoreParams,
    SetDialsParams,
    Stream,
    StreamParams,
)
from engine.settings import Dials

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
        self._work: queue.Queue[Callable[[], None]] = queue.Queue()
        threading.Thread(target=self._work_through, name="worker", daemon=True).start()
        # Answered by the reading thread itself, in no time:
        self._quick: dict[str, Callable[[msgspec.Raw], object]] = {
            "hello": self._hello,
            "set_dials": self._set_dials,
            "cancel": self._cancel,
        }
        # Answered by the working thread:
        self._slow: dict[str, Callable[[msgspec.Raw], object]] = {
            "load": self._load,
            "stream": self._stream,
            "next": self._next,
        }
        # Answered by a thread of their own:
        self._long: dict[str, Callable[[msgspec.Raw], object]] = {"score": self._score, "infill": self._infill}

    def serve(self) -> None:
        """Until the source ends: the app has gone, and so does the service."""
        for line in self._source:
            if line.strip() and not self._receive(line):
                return

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
            self._work.put(lambda: self._run(request, handler))
        elif request.method in self._long:
            work = (request, self._long[request.method])
            threading.Thread(target=self._run, args=work, name=request.method, daemon=True).start()
        else:
            self._fail(request.id, METHOD_NOT_FOUND, f"there is no method {request.method!r}")
        return True

    def _work_through(self) -> None:
        while True:
            self._work.get()()

    def _run(self, request: RpcRequest, handler: Callable[[msgspec.Raw], object]) -> None:
        try:
            self._answer(request.id, handler(request.params))
        except InputError as error:
            self._fail(request.id, INPUT_ERROR, str(error))
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

    def _load(self, raw: msgspec.Raw) -> ModelInfo:
        params = _params(raw, LoadParams)
        return self._models.get(params.model, params.device).info

    def _next(self, raw: msgspec.Raw) -> NextTokens:
        params = _params(raw, NextParams)
        return next_tokens(self._models.get(params.model), params)

    def _score(self, raw: msgspec.Raw) -> Score:
        params = _params(raw, ScoreParams)
        return score_text(self._models.get(params.model), params)

    def _infill(self, raw: msgspec.Raw) -> Infilled:
        params = _params(raw, InfillParams)
        return infill(self._models.get(params.model), params)

    def _stream(self, raw: msgspec.Raw) -> Stream:
        params = _params(raw, StreamParams)
        params.dials.check()
        check_seed(params.seed)
        model = self._models.get(params.model)
        self._stream_count += 1
        number = self._stream_count
        streaming = Streaming(number, model, params, self._notify, self._streams)
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

    def _send(self, message: dict[str, Any]) -> None:
        line = msgspec.json.encode(message) + b"\n"
        try:
            with self._writing:
                self._sink.write(line)
                self._sink.flush()
        except (BrokenPipeError, ValueError):
            os._exit(0)  # nobody listens any more


def _params(raw: msgspec.Raw, kind: type[P]) -> P:
    return msgspec.json.decode(raw, type=kind)


def main() -> int:
    """Speaks on the process's own stdin and stdout; anything that a library prints goes to stderr instead."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # One stream's steps are too small to share: two threads would wait for each other most of the time.
    torch.set_num_threads(1)
    Service(sys.stdin.buffer, sink).serve()
    sink.flush()
    os._exit(0)  # working threads may be in the middle of something that nobody waits for


if __name__ == "__main__":
    sys.exit(main())
