"""What `pantoum sample` and `score` do: they ask an engine service, which lives as long as the command."""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from corpora.encoding import decode_file, display_name, find_encoding
from corpora.errors import InputError
from engine.client import EngineError
from engine.folder import ModelLibrary
from engine.protocol import Done, Score, ScoreParams, StreamParams
from engine.settings import Device, Dials
from engine.token_stream import TokenStream
from tui.commandline import output
from tui.commandline.output import is_terminal, line, note, printable, write
from tui.commandline.serving import serving
from tui.commandline.surprising import Word, most_surprising


def sample(
    name: str,
    *,
    prompt: str,
    backward: bool,
    length: int,
    dials: Dials,
    seed: int | None,
    stop: tuple[str, ...],
    device: Device,
    json: bool,
) -> None:
    """Streams a continuation to stdout. Raises `InputError`; on Ctrl-C ends the line first.

    What grows backwards is printed as a whole once it is there: its beginning comes last.
    """
    dials.check()
    check_seed(seed)
    model = known_model(name)
    if seed is None:
        seed = new_seed(json=json)
    params = StreamParams(
        model=model,
        prompt=read_stdin() if prompt == "-" else well_formed(prompt),
        backward=backward,
        length=length,
        dials=dials,
        seed=seed,
        stop=tuple(well_formed(each) for each in stop if each),
    )
    asyncio.run(_sample(params, device, json=json))


async def _sample(params: StreamParams, device: Device, *, json: bool) -> None:
    async with serving(params.model, device) as client:
        stream = await client.stream(params)
        if params.backward:
            await _sample_backward(params, stream, json=json)
        else:
            await _sample_forward(params, stream, json=json)


async def _sample_forward(params: StreamParams, stream: TokenStream, *, json: bool) -> None:
    if not json:
        write(params.prompt)
    text = ""
    try:
        async for token in stream:
            text += token.text
            if not json:
                write(token.text)
        done = _completed(stream)
    except (asyncio.CancelledError, InputError):
        if not json and not (params.prompt + text).endswith("\n"):
            line()
        raise
    text += done.text
    if json:
        output.as_json(_as_object(params, text, done))
        return
    write(done.text)
    if not (params.prompt + text).endswith("\n"):
        line()


async def _sample_backward(params: StreamParams, stream: TokenStream, *, json: bool) -> None:
    text = params.prompt
    try:
        async for token in stream:
            text = token.text + text
        done = _completed(stream)
        text = done.text + text
    finally:
        if not json:  # also what had come before a Ctrl-C
            write(text if text.endswith("\n") else text + "\n")
    if json:
        output.as_json(_as_object(params, text.removesuffix(params.prompt), done))


def _completed(stream: TokenStream) -> Done:
    done = stream.done
    if done is None or done.reason == "error":
        raise EngineError(done.error if done else "the stream ended without saying why")
    return done


def _as_object(params: StreamParams, text: str, done: Done) -> dict[str, object]:
    return {
        "model": Path(params.model).name,
        "prompt": params.prompt,
        "backward": params.backward,
        "text": text,
        "seed": params.seed,
        "dials": params.dials,
        "reason": done.reason,
        "tokens": done.tokens,
        "characters": done.characters,
        "seconds": done.seconds,
    }


def score(name: str, file: str, *, device: Device, json: bool, surprising: int = 0) -> None:
    """Prints how well the model predicts a file or stdin, and its most surprising words. Raises `InputError`."""
    model = known_model(name)
    with _text_file(file) as path:
        result, words = asyncio.run(_score(model, path, device, surprising))
    if json:
        output.as_json({**msgspec.structs.asdict(result), "surprising": words} if surprising else result)
        return
    output.pairs(
        [
            ("tokens", f"{result.tokens:,}"),
            ("characters", f"{result.characters:,}"),
            ("bytes", f"{result.bytes:,}"),
            ("nats per token", f"{result.nats_per_token:.4f}"),
            ("bits per character", f"{result.bits_per_character:.4f}"),
            ("bits per byte", f"{result.bits_per_byte:.4f}"),
            ("perplexity", f"{result.perplexity:,.4f}"),
        ]
    )
    for word in words:
        line(f"{word.bits:8.2f} bits at {word.start:>9,}  {printable(word.text)}")


async def _score(model: str, path: Path, device: Device, surprising: int) -> tuple[Score, list[Word]]:
    async with serving(model, device) as client:
        if not _is_elsewhere() and not surprising:
            return await client.score(ScoreParams(model=model, path=str(path))), []
        text = "".join(decode_file(path, find_encoding(path)))
        result = await client.score(ScoreParams(model=model, text=text))
        return result, await most_surprising(client, model, text, surprising) if surprising else []


def check_seed(seed: int | None) -> None:
    """Raises `InputError` where no random generator takes it."""
    if seed is not None and not 0 <= seed < 2**63:
        raise InputError(f"seed is {seed:,}; it must be between 0 and {2**63 - 1:,}.")


def new_seed(*, json: bool) -> int:
    """A seed of chance, told to whoever watches so that they can have the same again; JSON has it anyway."""
    seed = secrets.randbelow(2**31)
    if is_terminal(sys.stderr) and not json:
        note(f"RNG seed {seed}")
    return seed


def _is_elsewhere() -> bool:
    """Whether the engine is the person's own command, which may see other models and other files than we do."""
    return bool(os.environ.get("PANTOUM_ENGINE"))


def known_model(name: str) -> str:
    """What the engine knows the model by. Raises `InputError` where it is one of ours and is not there."""
    return name if _is_elsewhere() else str(ModelLibrary().get(name).path)


@contextmanager
def _text_file(file: str) -> Iterator[Path]:
    """A file with the text of `file`: itself; for ``-`` a copy of stdin, for a while."""
    with tempfile.TemporaryDirectory(prefix="pantoum-") as folder:
        path = Path(file)
        if file == "-":
            path = Path(folder) / "standard input"
            _copy_stdin(path)
        elif not path.is_file():
            raise InputError(f"{file} is not there." if not path.exists() else f"{file} is not a file.")
        encoding = find_encoding(path)
        if encoding.guessed:
            note(f"{path.name} is not UTF-8; it is read as {display_name(encoding.name)}.")
        yield path.absolute()


def _copy_stdin(path: Path) -> None:
    with path.open("wb") as target:
        while data := sys.stdin.buffer.read(1 << 20):
            target.write(data)


def read_stdin() -> str:
    """All of stdin as text."""
    with tempfile.TemporaryDirectory(prefix="pantoum-") as folder:
        path = Path(folder) / "standard input"
        _copy_stdin(path)
        return "".join(decode_file(path, find_encoding(path)))


def text_of_file(file: str) -> str:
    """All of a file, or of stdin for ``-``. Raises `InputError`."""
    with _text_file(file) as path:
        return "".join(decode_file(path, find_encoding(path)))


def well_formed(text: str) -> str:
    """`text` from the command line, its undecodable bytes as replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
