"""What the Write screen remembers from one evening to the next."""

from pathlib import Path
from typing import Literal

import msgspec

from corpora.boundaries import Unit as EndUnit
from corpora.errors import InputError
from corpora.files import read_json, write_json
from corpora.home import home
from engine.settings import Dials

FORMAT = 1
NAME = "write-settings.json"
PACE = 40.0  # tokens a second: quick to read along, slow enough to turn a dial meanwhile
LENGTHS = (20, 100_000)
TAKES = (1, 32)
StopRule = Literal["length", "sentence", "line", "paragraph"]
STOP_RULES: tuple[StopRule, ...] = ("length", "sentence", "line", "paragraph")
SEEDS = (0, 2**53 - 1)  # what a number typed into a dial can hold exactly


class WriteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``write-settings.json``."""

    format: int = FORMAT
    model: str = ""  # slug of the model used last
    dials: Dials = Dials(pace=PACE)
    length: int = 400  # characters of one continuation, at most
    stops_at: StopRule = "length"  # whose end stops a continuation before that
    takes: int = 5  # suggestions made at once
    until: EndUnit = "sentence"  # where a suggestion ends
    ranked: bool = True  # the likeliest suggestion first; else as they were drawn
    by_pausing: bool = False  # whether a rest of the hands asks for suggestions too
    seed: int = 1  # RNG seed of the next take
    seed_fixed: bool = False  # False: each take counts the seed on
    panel: bool = True  # whether dials and next tokens are shown
    colours: str = "none"  # what the text is coloured by
    autosave: bool = True  # whether a text that has a file is saved by itself

    def check(self) -> None:
        """Raises `InputError`, naming the value and its range, where one can't work."""
        self.dials.check()
        if not LENGTHS[0] <= self.length <= LENGTHS[1]:
            raise InputError(f"length is {self.length:,}; it must be between {LENGTHS[0]} and {LENGTHS[1]:,}.")
        if not TAKES[0] <= self.takes <= TAKES[1]:
            raise InputError(f"takes is {self.takes}; it must be between {TAKES[0]} and {TAKES[1]}.")
        if not SEEDS[0] <= self.seed <= SEEDS[1]:
            raise InputError(f"The RNG seed is {self.seed}; it must be between 0 and {SEEDS[1]}.")


def counted_on(seed: int, by: int, room: int = 1) -> int:
    """The RNG seed so many further on, beginning anew behind the last one; `room` seeds follow in a row from there."""
    return min((seed + by) % (SEEDS[1] + 1), SEEDS[1] + 1 - room)


def load_settings(root: Path | None = None) -> tuple[WriteSettings, str]:
    """The remembered settings and a sentence for the person; the sentence is empty where all is well.

    A missing file is no news. A damaged one gives the defaults, and the sentence says so.
    """
    path = (root or home()) / NAME
    if not path.exists():
        return WriteSettings(), ""
    try:
        settings = read_json(path, WriteSettings, newest=FORMAT)
        settings.check()
    except InputError as error:
        return WriteSettings(), f"The remembered dials could not be used, so they are as at first. {error}"
    return settings, ""


def save_settings(settings: WriteSettings, root: Path | None = None) -> None:
    """Remembers the settings. Raises `InputError` where the home folder can't be written."""
    folder = root or home()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / NAME, settings)
    except OSError as error:
        raise InputError(
            f"The dials can't be remembered: {folder / NAME} can't be written ({error.strerror or error})."
        ) from error
