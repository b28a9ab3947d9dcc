"""How a take was made: with its model, RNG seed and dials all that is needed to have the model write it again."""

from typing import Literal

import msgspec

from corpora.boundaries import Unit as EndUnit
from engine.protocol import Turn
from tui.manuscript.lines import Location

Way = Literal["stream", "takes", "gap", "list"]


class Recipe(msgspec.Struct, frozen=True, omit_defaults=True):
    """Small enough to be noted with every take: the text that the model read is that of a node of the history."""

    way: Way  # continued token by token; one of a batch of suggestions; for a gap; chosen by the writer from a list
    node: int  # the number of the node whose text the model read
    start: Location  # where the take begins in it
    end: Location | None = None  # of a gap: where the text begins again; None where nothing was to be replaced
    length: int = 0  # characters that were asked for, at most
    until: EndUnit | None = None  # whose end ended it, or was to
    takes: int = 1  # how many were asked for at once
    number: int = 0  # which of a gap's texts it is, from 0, the best first
    turns: tuple[Turn, ...] = ()  # of a stream: the dials that were turned meanwhile
    device: str = ""  # that computed it
    version: str = ""  # of Pantoum
