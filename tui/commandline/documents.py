"""`pantoum export` and `pantoum replay`."""

from pathlib import Path
from typing import Annotated

import typer

from tui.commandline.generating import Json


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text, or a journal of one.")],
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="txt, md, html, tree, replay or player.")
    ] = "html",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is standard output.")
    ] = None,
) -> None:
    """Write a text that was written in Pantoum as something else.

    html marks what a model wrote. tree has every branch as JSON; replay has every step with its time,
    and player plays them in a browser.

    \b
    Examples:
      pantoum export draft.txt
      pantoum export draft.txt --format tree -o draft.json
    """
    from tui.commandline import manuscripts

    manuscripts.export(file, format, output)


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text, a journal, or an exported replay.")],
    speed: Annotated[float, typer.Option("--speed", metavar="X", help="How many times as fast.")] = 4.0,
    rest: Annotated[float, typer.Option("--rest", metavar="S", help="The longest pause, in seconds.")] = 1.0,
) -> None:
    """Play in the terminal how a text was written, step by step. Ctrl+C ends it.

    \b
    Example:
      pantoum replay draft.txt --speed 10
    """
    from tui.commandline import manuscripts

    manuscripts.play(file, speed, rest)


def regenerate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A text, or a journal of one.")],
    json: Json = False,
) -> None:
    """Have everything that models wrote into a text written again, and say what comes out the same.

    Each take is written again from its record in the text's journal: the model, its RNG seed, the dials and when they
    were turned, and the text that stood there. The exit code is 1 where something comes out otherwise.

    \b
    Example:
      pantoum regenerate draft.txt
    """
    from tui.commandline import regenerating

    regenerating.regenerate(file, json=json)
