"""The engine service's messages: JSON-RPC 2.0, one JSON object a line, on stdin and stdout. Free of torch.

Requests carry an ``id`` and are answered once. A stream's tokens come as notifications, between answers to other
requests. Texts are strings of any Unicode; probabilities are shares of 1; losses are nats.

==============  ==========================================  ===============================================
method          parameters                                  result
==============  ==========================================  ===============================================
``hello``       none                                        `Hello`
``load``        `LoadParams`                                `ModelInfo`
``stream``      `StreamParams`                              `Stream`, then ``token`` and one ``done``
``set_dials``   `SetDialsParams`                            `Dials` as they now are
``cancel``      `CancelParams`                              `Cancelled`; ``done`` follows with ``cancelled``
``next``        `NextParams`                                `NextTokens`
``score``       `ScoreParams`                               `Score`
``infill``      `InfillParams`                              `Infilled`
``shutdown``    none                                        null, then the service exits
==============  ==========================================  ===============================================
"""

from typing import Any, Literal

import msgspec

from engine.settings import Cell, Device, Dials, Unit

PROTOCOL = 1

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
INPUT_ERROR = 1001  # the person's input is wrong; the message is a sentence to show as it stands

Reason = Literal["length", "stop", "cancelled", "error"]


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    protocol: int
    version: str
    pid: int
    torch: str
    device: str
    threads: int


class LoadParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str  # slug, name or path of a model folder
    device: Device = "auto"


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    model: str  # the model folder's path: what later calls may name it by
    slug: str
    name: str
    unit: Unit
    cell: Cell
    layers: int
    hidden: int
    vocabulary: int
    parameters: int
    step: int  # the step whose weights these are
    device: str
    bits_per_character: float | None = None


class StreamParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str
    prompt: str = ""  # the seed text
    backward: bool = False  # grow the text at its beginning: each token's text goes before all that came so far
    length: int = 400  # characters; the last token may go beyond
    dials: Dials = Dials()
    seed: int = 0  # RNG seed
    stop: tuple[str, ...] = ()  # ends the stream at the first of these, which is not sent
    probabilities: bool = False  # also send each token's probability under the undistorted model


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    stream: int


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Parameters of the ``token`` notification."""

    stream: int
    index: int
    id: int
    text: str  # may be empty: a character can take several tokens
    probability: float | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the ``done`` notification."""

    stream: int
    reason: Reason
    tokens: int
    characters: int
    seconds: float  # from the prompt's reading to the last token, pauses for the pace included
    text: str = ""  # the last characters, held back until it was sure that no stop string follows
    error: str = ""


class SetDialsParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    stream: int
    dials: Dials


class CancelParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    stream: int


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    stream: int
    running: bool  # False: it had already ended


class NextParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str
    text: str  # what stands before the caret
    count: int = 12
    dials: Dials | None = None  # also give the probabilities that these dials leave


class NextToken(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    text: str
    probability: float  # under the undistorted model
    dialled: float | None = None  # under the dials


class NextTokens(msgspec.Struct, frozen=True, kw_only=True):
    tokens: tuple[NextToken, ...]  # likeliest first
    entropy: float  # of the undistorted distribution, in bits


class ScoreParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of `text` and `path`."""

    model: str
    text: str | None = None
    path: str | None = None  # a UTF-8 text file that the service reads


class Score(msgspec.Struct, frozen=True, kw_only=True):
    tokens: int
    characters: int
    bytes: int
    nats_per_token: float
    bits_per_character: float
    bits_per_byte: float
    perplexity: float  # per token


class InfillParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gap to be filled between two texts, either of which may be empty."""

    model: str
    left: str = ""
    right: str = ""
    length: int | None = None  # characters; None: any number up to `max_length`
    max_length: int = 60
    takes: int = 3
    dials: Dials = Dials()
    seed: int = 0  # RNG seed


class Take(msgspec.Struct, frozen=True, kw_only=True):
    """One text for the gap, and what it costs the model, in bits."""

    text: str
    gap_bits: float  # the text after the left context
    right_bits: float  # the beginning of the right context after both
    score: float  # what it is ranked by against the others, whatever their lengths: lower is better


class Infilled(msgspec.Struct, frozen=True, kw_only=True):
    takes: tuple[Take, ...]  # best first; fewer than asked for where the model has no more


class RpcRequest(msgspec.Struct, frozen=True, kw_only=True):
    jsonrpc: str = ""
    method: str = ""
    id: int | str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")


class RpcError(msgspec.Struct, frozen=True, kw_only=True):
    code: int
    message: str
    data: Any = None
