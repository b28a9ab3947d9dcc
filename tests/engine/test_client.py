"""The client against small programs that stand in for a service, so that each way to fail can be had at will."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from corpora.errors import InputError
from engine.client import EngineClient, EngineError, EngineGone, connect
from engine.protocol import Growing, Hello, StreamParams, TakesParams
from engine.settings import Dials

# What every stand-in begins with: `lines` yields decoded requests, `say` sends one message.
PRELUDE = """
import json, os, sys, time
def say(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\\n"); sys.stdout.flush()
def token(index, text, stream=1):
    say(method="token", params={"stream": stream, "index": index, "id": 0, "text": text})
def done(reason, stream=1, **more):
    say(method="done", params={"stream": stream, "reason": reason, "tokens": 1, "characters": 1, "seconds": 1, **more})
HELLO = {"protocol": 1, "version": "", "pid": os.getpid(), "torch": "", "device": "", "threads": 1}
requests = (json.loads(line) for line in sys.stdin)
"""


@asynccontextmanager
async def service(body: str) -> AsyncIterator[EngineClient]:
    async with connect((sys.executable, "-c", PRELUDE + body)) as client:
        yield client


async def within(awaited: Awaitable[object], seconds: float = 20.0) -> object:
    return await asyncio.wait_for(awaited, seconds)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # the client's inside has no event to wait for
            await asyncio.sleep(0.005)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_tokens_that_come_before_the_stream_is_answered_are_not_lost() -> None:
    body = """
request = next(requests)
token(0, "early "); token(1, "bird")
say(id=request["id"], result={"stream": 1})
done("length", text="!")
next(requests)
"""
    async with service(body) as client:
        stream = await client.stream(StreamParams(model="m"))
        texts = [token.text async for token in stream]
    assert texts == ["early ", "bird"]
    assert stream.done is not None and (stream.done.reason, stream.done.text) == ("length", "!")


async def test_a_whole_stream_that_comes_before_its_answer_ends_at_once() -> None:
    body = """
request = next(requests)
token(0, "all"); done("length")
say(id=request["id"], result={"stream": 1})
next(requests)
"""
    async with service(body) as client:
        stream = await client.stream(StreamParams(model="m"))
        assert [token.text for token in stream.ready()] == ["all"]
        assert stream.ended


async def test_cancel_and_dials_reach_a_stream_while_it_runs() -> None:
    body = """
for request in requests:
    method, params = request["method"], request["params"]
    if method == "stream":
        say(id=request["id"], result={"stream": 1}); token(0, "one")
    elif method == "set_dials":
        say(id=request["id"], result=params["dials"]); token(1, str(params["dials"]["temperature"]))
    elif method == "cancel":
        say(id=request["id"], result={"stream": 1, "running": True}); done("cancelled")
    else:
        say(id=request["id"], result=None); break
"""
    async with service(body) as client:
        stream = await client.stream(StreamParams(model="m"))
        assert (await anext(stream)).text == "one"
        await stream.set_dials(Dials(temperature=1.5))
        assert (await anext(stream)).text == "1.5"
        await stream.cancel()
        assert [token async for token in stream] == []
        assert stream.done is not None and stream.done.reason == "cancelled"


async def test_a_stream_that_nobody_waits_for_any_more_is_cancelled_once_it_has_a_number() -> None:
    body = """
stream, hello = next(requests), next(requests)  # by the second, nobody waits for the first any more
token(0, "to nobody")
say(id=stream["id"], result={"stream": 1})
request = next(requests)
assert (request["method"], request["params"]) == ("cancel", {"stream": 1}), request
token(1, "to nobody"); done("cancelled")
say(id=hello["id"], result=HELLO)
next(requests)
"""
    async with service(body) as client:
        starting = asyncio.create_task(client.stream(StreamParams(model="m")))
        await until(lambda: bool(client._waiting))
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await within(client.hello())  # which is answered after the cancellation only
        assert client._streams == {} and client._early == {}


async def test_the_death_of_the_service_ends_every_wait_and_every_stream() -> None:
    body = """
request = next(requests); say(id=request["id"], result={"stream": 1}); token(0, "so far")
next(requests)
print("out of memory", file=sys.stderr, flush=True); os._exit(9)
"""
    async with service(body) as client:
        stream = await client.stream(StreamParams(model="m"))
        waiting = asyncio.create_task(client.hello())
        with pytest.raises(EngineGone, match=r"exit code 9.*out of memory"):
            await within(waiting)
        assert (await anext(stream)).text == "so far"
        with pytest.raises(EngineGone):
            await anext(stream)
        assert stream.done is not None and stream.done.reason == "error"
        assert not client.alive
        with pytest.raises(EngineGone):
            await client.hello()


async def test_the_tokens_before_a_death_are_handed_out_when_drained_together_with_it() -> None:
    body = """
request = next(requests); say(id=request["id"], result={"stream": 1}); token(0, "a"); token(1, "b"); os._exit(3)
"""
    async with service(body) as client:
        stream = await client.stream(StreamParams(model="m"))
        await until(lambda: stream.ended)
        assert [token.text for token in stream.ready()] == ["a", "b"]
        assert stream.done is not None and "exit code 3" in stream.done.error


async def test_lines_that_are_no_messages_are_passed_over() -> None:
    body = """
request = next(requests)
for rubbish in (b"\\n", b"Loading\\n", b"[1]\\n", b"{\\"id\\": \\"x\\"}\\n", b"\\xff\\xfe\\n",
                b"{\\"a\\": \\"\\xff\\"}\\n",
                b'{"method": "token", "params": {"stream": "one"}}\\n', b'{"id": 99, "result": 1}\\n'):
    sys.stdout.buffer.write(rubbish)
sys.stdout.buffer.flush()
say(id=request["id"], result=HELLO)
next(requests)
"""
    async with service(body) as client:
        hello = await within(client.hello())
    assert isinstance(hello, Hello) and hello.protocol == 1


async def test_a_callback_that_fails_leaves_all_answers_to_be_read() -> None:
    body = """
request = next(requests)
say(method="growing", params={"request": request["id"], "texts": ["so far"]})
say(id=request["id"], result={"takes": [], "exact": True, "seconds": 1.0})
say(id=next(requests)["id"], result=HELLO)
next(requests)
"""
    failures: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(repr(context["exception"])))

    def shown(grown: Growing) -> None:
        raise ValueError("the screen is gone")

    async with service(body) as client:
        assert (await asyncio.wait_for(client.takes(TakesParams(model="m"), shown), 20)).takes == ()
        assert (await asyncio.wait_for(client.hello(), 20)).protocol == 1
        assert client.alive
    assert failures == ["ValueError('the screen is gone')"]


async def test_an_answer_that_breaks_the_client_ends_every_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(message: object) -> None:
        raise RuntimeError

    async with service("say(id=next(requests)['id'], result=HELLO); next(requests)") as client:
        monkeypatch.setattr(client, "_dispatch", break_down)
        with pytest.raises(EngineGone):
            await within(client.hello())
        assert not client.alive


async def test_a_question_that_is_given_up_while_it_is_still_being_sent_is_cancelled() -> None:
    body = """
time.sleep(0.3)  # the pipe is full meanwhile
large, takes, cancelled = next(requests), next(requests), next(requests)
assert (cancelled["method"], cancelled["params"]["request"]) == ("cancel_request", takes["id"]), cancelled
say(id=large["id"], result={"document": 1})
next(requests)
"""
    async with service(body) as client:
        opening = asyncio.create_task(client.open_document("x" * 2_000_000))
        await until(lambda: bool(client._waiting))
        asking = asyncio.create_task(client.takes(TakesParams(model="m")))
        await until(lambda: len(client._waiting) == 2)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await asyncio.wait_for(opening, 20)).number == 1


async def test_errors_are_told_apart_by_whose_fault_they_are() -> None:
    body = """
for code, message in ((1001, "There is no model named x."), (-32603, "ZeroDivisionError")):
    say(id=next(requests)["id"], error={"code": code, "message": message})
next(requests)
"""
    async with service(body) as client:
        with pytest.raises(InputError, match="no model named x"):
            await client.load("x")
        with pytest.raises(EngineError, match="ZeroDivisionError"):
            await client.load("x")


async def test_an_answer_of_another_shape_is_the_engines_fault() -> None:
    async with service('say(id=next(requests)["id"], result={"protocol": "new"}); next(requests)') as client:
        with pytest.raises(EngineError, match="hello"):
            await client.hello()


async def test_closing_leaves_no_process_even_where_it_is_deaf() -> None:
    async with service("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)") as client:
        pid = client.pid
    assert gone(pid)
    await client.close()  # again, which changes nothing


async def test_closing_asks_first() -> None:
    body = """
request = next(requests); assert request["method"] == "shutdown"
say(id=request["id"], result=None); sys.exit(0)
"""
    client = await EngineClient.start((sys.executable, "-c", PRELUDE + body))
    await client.close()
    assert client._process.returncode == 0


async def test_a_command_that_is_not_there_is_told_in_words() -> None:
    with pytest.raises(EngineGone, match="can't be started"):
        await EngineClient.start(("no-such-program-of-ours",))


async def test_leaving_a_wait_does_not_disturb_the_next_one() -> None:
    body = """
first = next(requests); second = next(requests)
say(id=first["id"], result=HELLO); say(id=second["id"], result={**HELLO, "version": "second"})
next(requests)
"""
    async with service(body) as client:
        waiting = asyncio.create_task(client.hello())
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        assert (await client.hello()).version == "second"


async def test_a_token_line_of_a_stream_nobody_reads_is_harmless() -> None:
    body = 'token(0, "stray", stream=5); say(id=next(requests)["id"], result=HELLO); next(requests)'
    async with service(body) as client:
        assert (await client.hello()).protocol == 1
