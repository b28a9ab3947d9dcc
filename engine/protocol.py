"""The engine service's messages: JSON-RPC 2.0, one JSON object a line, on stdin and stdout. Free of torch.

Requests carry an ``id`` and are answered once. A stream's tokens come as notifications, between answers to other
requests. Texts are strings of any Unicode; probabilities are shares of 1; losses are nats, and bits where they say so.

What stands before a caret is given as a text, or as a `Place` in a document that was opened before and is kept up to
date by edits: a long text is then not sent for each key. Offsets count characters (code points).

==================  ======================================  ===============================================
method              parameters                              result
==================  ======================================  ===============================================
``hello``           none                                    `Hello`
``load``            `LoadParams`                            `ModelInfo`
``stream``          `StreamParams`                          `Stream`, then ``token`` and one ``done``
``set_dials``       `SetDialsParams`                        `Dials` as they now are
``cancel``          `CancelParams`                          `Cancelled`; ``done`` follows with ``cancelled``
``next``            `NextParams`                            `NextTokens`
``takes``           `TakesParams`                           `Takes`; before it ``growing``, where asked for
``alternatives``    `AlternativesParams`                    `Alternatives`
``surprisal``       `SurprisalParams`                       `Surprisal`
``copied``          `CopiedParams`                          `Copied`
``score``           `ScoreParams`                           `Score`
``infill``          `InfillParams`                          `Infilled`
``open_document``   `OpenDocumentParams`                    `DocumentOpened`
``edit``            `EditParams`                            `DocumentEdited`
``close_document``  `CloseDocumentParams`                   null
``cancel_request``  `CancelRequestParams`                   null; a request for takes, alternatives,
                                                            surprisal, copies or a gap is answered:
                                                            `CANCELLED`
``shutdown``        none                                    null, then the service exits
==================  ======================================  ===============================================
"""

from typing import Any, Literal

import msgspec

from corpora.boundaries import Unit as EndUnit
from corpora.errors import InputError
from engine.settings import Cell, Device, Dials, Unit

PROTOCOL = 1

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
INPUT_ERROR = 1001  # the person's input is wrong; the message is a sentence to show as it stands
CANCELLED = 1002  # the request was cancelled, or its document has been edited since
MODEL_ERROR = 1003  # the model is gone or damaged; the message is a sentence to show as it stands

Reason = Literal["length", "stop", "cancelled", "error"]
TakeReason = Literal["end", "length"]  # the unit's end, or the most characters that a take may have


class ModelUnusable(InputError):
    """The model that a request names is gone or damaged."""


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
    hash: str = ""  # BLAKE2b of weights.safetensors, 16 bytes in hexadecimal: equal weights have equal hashes


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A caret in an open document."""

    document: int
    offset: int
    revision: int | None = None  # the one that is meant; None: whichever there is
    exact: bool = False  # wait until all before it has been read; else a quick state may stand in for it


class Turn(msgspec.Struct, frozen=True, array_like=True):
    """Dials that a stream's tokens are drawn with from one on."""

    token: int  # its index, from 0
    dials: Dials


class StreamParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str
    prompt: str = ""  # the seed text
    at: Place | None = None  # where to go on in a document, instead of a prompt
    backward: bool = False  # grow the text at its beginning: each token's text goes before all that came so far
    length: int = 400  # characters; the last token may go beyond
    dials: Dials = Dials()
    seed: int = 0  # RNG seed
    turns: tuple[Turn, ...] = ()  # dials to be turned by themselves, to write a stream again whose dials were turned
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
    dials: Dials | None = None  # what it was drawn with, where the text depends on it and the token before had others
    exact: bool = True  # False, with the first token: the stream goes on from a quick state of its document


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the ``done`` notification."""

    stream: int
    reason: Reason
    tokens: int
    characters: int
    seconds: float  # from the prompt's reading to the last token, pauses for the pace included
    exact: bool = True  # False: the text was written from a quick state of its document
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
    text: str = ""  # what stands before the caret
    at: Place | None = None  # the caret in a document instead
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
    exact: bool = True  # False: from a quick state of the document


class TakesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several continuations of one text, or of the text before (or after) a place in a document."""

    model: str
    prompt: str = ""
    at: Place | None = None
    backward: bool = False  # what stands before the prompt, or before the text after the place
    right: str = ""  # what stands on the caret's other side, as far as takes shall lead to it when they are ranked
    right_from_document: bool = False  # what the document has there
    takes: int = 5
    until: EndUnit | None = "sentence"  # None: `length` characters
    length: int = 400  # characters, at most; the last token may go beyond
    dials: Dials = Dials()
    seed: int = 0  # RNG seed of the first take; the next one has the next seed
    ranked: bool = True  # likeliest first; else in the order of their seeds
    growing: bool = False  # also notify of the texts as they grow


class GrownTake(msgspec.Struct, frozen=True, kw_only=True):
    """One continuation. A stream with this seed and these dials writes the same text."""

    text: str
    seed: int
    tokens: int
    surprisal: float  # bits a token under the undistorted model, in the mean
    reason: TakeReason
    same: int = 1  # takes that came out so, this one included
    right_bits: float | None = None  # what the beginning of the right context costs after it


class Takes(msgspec.Struct, frozen=True, kw_only=True):
    takes: tuple[GrownTake, ...]  # all different
    exact: bool  # False: from a quick state of the document
    seconds: float


class Growing(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the ``growing`` notification: all takes of a request so far, in the order of their seeds."""

    request: int | str
    texts: tuple[
        str, ...
    ]  # the last characters may yet be taken back, where the unit's end turns out to be before them
    exact: bool = True  # False: from a quick state of the document


class AlternativesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else might stand where a word stands: `text` up to the word, or the word at a place in a document."""

    model: str
    text: str = ""
    word: str = ""  # the word that stands there, whose own probability is wanted
    at: Place | None = None
    count: int = 20


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    text: str  # the word, without the space before it
    probability: float  # that just this word stands here, under the undistorted model


class Alternatives(msgspec.Struct, frozen=True, kw_only=True):
    words: tuple[Alternative, ...]  # likeliest first
    word: str  # the one that stands there; empty where none does
    probability: float | None  # its own
    start: int  # where the word begins and ends: in the document, or in text + word
    end: int
    certain: bool  # no word that isn't listed is likelier than one that is
    exact: bool


class SurprisalParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A passage after some text, or of a document from a place up to `end`."""

    model: str
    context: str = ""
    text: str = ""
    at: Place | None = None
    end: int = 0
    by: Literal["token", "word"] = "word"


class Span(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Characters of a text, counted from its beginning, and what they cost."""

    start: int
    end: int
    bits: float


class Surprisal(msgspec.Struct, frozen=True, kw_only=True):
    spans: tuple[Span, ...]  # in order; they may begin before and end after what was asked for, at whole tokens
    exact: bool


class CopiedParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A passage, or that of a document from a place up to `end`, against the corpus that the model was trained on."""

    model: str
    text: str = ""
    at: Place | None = None
    end: int = 0
    least: int = 25  # characters


class CopiedSpan(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    start: int  # in the text, or in the document
    end: int
    corpus: int  # where it begins in the corpus, in characters


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    spans: tuple[CopiedSpan, ...]  # in order
    corpus: str  # the corpus's slug


class OpenDocumentParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: str


class DocumentOpened(msgspec.Struct, frozen=True, kw_only=True):
    document: int
    revision: int = 0


class EditParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The characters from `start` to `end` become `text`."""

    document: int
    start: int
    end: int
    text: str
    characters: int | None = None  # the text's length afterwards: a copy that is out of step is noticed


class DocumentEdited(msgspec.Struct, frozen=True, kw_only=True):
    revision: int


class CloseDocumentParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    document: int


class CancelRequestParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    request: int | str


class ScoreParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of `text` and `path`."""

    model: str
    text: str | None = None
    path: str | None = None  # a text file that the service reads, in any encoding


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
