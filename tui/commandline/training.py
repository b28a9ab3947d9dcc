"""The commands `pantoum train` and `resume`: their options. What they do is in `runs`."""

from typing import Annotated

import typer

from engine.settings import Unit
from tui.commandline.options import with_settings

Minutes = Annotated[
    float | None, typer.Option(metavar="M", help="Train for so many minutes (default 5).", show_default=False)
]
Steps = Annotated[int | None, typer.Option(metavar="N", help="Train for so many steps instead.")]
StopAfter = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Stop after N more steps, with a checkpoint to resume from exactly."),
]
Detach = Annotated[bool, typer.Option("--detach", help="Train in the background and return at once.")]
Prepare = Annotated[
    bool, typer.Option("--prepare", help="Don't train: say how to start several ranks for it, with torchrun.")
]


@with_settings
def train(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="A corpus, or text files and folders.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the model.")],
    unit: Annotated[
        Unit, typer.Option(help="What it reads and writes: characters, words, or learned pieces of words.")
    ] = "char",
    minutes: Minutes = None,
    steps: Steps = None,
    detach: Detach = False,
    stop_after: StopAfter = None,
    prepare: Prepare = False,
    queue: Annotated[
        bool, typer.Option("--queue", help="Train in the background, once nothing else is training.")
    ] = False,
    **settings: object,
) -> None:
    """Train a model on a corpus or on files, and watch it learn. Settings not given follow from the budget.

    Ctrl-C writes a checkpoint and stops; a second Ctrl-C leaves at once. Without a terminal, one line a logged step.

    \b
    Examples:
      pantoum train diary.txt --name diary
      pantoum train poems/ --name poet --unit word --minutes 20
      pantoum train python-s-manual --name manual --detach
    """
    from tui.commandline import runs

    runs.train(
        sources,
        name=name,
        wishes=runs.Wishes(unit=unit, minutes=minutes, steps=steps, settings=settings),
        stop_after=stop_after,
        detach=detach,
        prepare=prepare,
        queue=queue,
    )


def resume(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or the path of its folder.")],
    minutes: Annotated[float | None, typer.Option(metavar="M", help="First add so many minutes to its budget.")] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="First add so many steps to its budget.")] = None,
    stop_after: StopAfter = None,
    detach: Detach = False,
    prepare: Prepare = False,
) -> None:
    """Go on with a training that was stopped or cut short.

    With --minutes or --steps, also with one that has spent its budget.

    \b
    Examples:
      pantoum resume diary
      pantoum resume diary --minutes 10
    """
    from tui.commandline import runs

    runs.resume(model, minutes=minutes, steps=steps, stop_after=stop_after, detach=detach, prepare=prepare)
