"""`pantoum export` and `pantoum replay`."""

from pathlib import Path
from typing import Annotated

import typer


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
