"""The commands `pantoum train` and `resume`: their options. What they do is in `runs`."""

from typing import Annotated

import typer

from engine.settings import Cell, Device, Peephole, Unit

Minutes = Annotated[
    float | None, typer.Option(metavar="M", help="Train for so many minutes (default 5).", show_default=False)
]
Steps = Annotated[int | None, typer.Option(metavar="N", help="Train for so many steps instead.")]
StopAfter = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Stop after N more steps, with a checkpoint to resume from exactly."),
]
Detach = Annotated[bool, typer.Option("--detach", help="Train in the background and return at once.")]


def train(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="A corpus, or text files and folders.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call the model.")],
    unit: Annotated[
        Unit, typer.Option(help="What it reads and writes: characters, words, or learned pieces of words.")
    ] = "char",
    minutes: Minutes = None,
    steps: Steps = None,
    cell: Annotated[Cell | None, typer.Option(help="The kind of recurrent cell.")] = None,
    peephole: Annotated[
        Peephole, typer.Option(help="What the gates of lstm-peephole see of the cell: vectors or matrices.")
    ] = "diagonal",
    identity: Annotated[
        bool, typer.Option("--identity", help="Begin rnn-relu with the identity as its recurrent matrix.")
    ] = False,
    layers: Annotated[int | None, typer.Option(metavar="N", help="Recurrent layers.")] = None,
    hidden: Annotated[int | None, typer.Option(metavar="N", help="Width of each layer.")] = None,
    embedding: Annotated[int | None, typer.Option(metavar="N", help="Width of a token's vector.")] = None,
    dropout: Annotated[float | None, typer.Option(metavar="P", help="Dropout, from 0 to below 1.")] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", help="Streams of text read in parallel.")] = None,
    length: Annotated[int | None, typer.Option(metavar="N", help="Tokens to learn from at a time.")] = None,
    learning_rate: Annotated[float | None, typer.Option(metavar="R", help="The highest learning rate.")] = None,
    stop_after: StopAfter = None,
    seed: Annotated[int, typer.Option(metavar="N", help="RNG seed: the same seed gives the same model.")] = 0,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = "auto",
    detach: Detach = False,
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
        wishes=runs.Wishes(
            unit=unit,
            minutes=minutes,
            steps=steps,
            cell=cell,
            peephole=peephole,
            identity=identity,
            layers=layers,
            hidden=hidden,
            embedding=embedding,
            dropout=dropout,
            batch=batch,
            length=length,
            learning_rate=learning_rate,
            seed=seed,
            device=device,
        ),
        stop_after=stop_after,
        detach=detach,
    )


def resume(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or the path of its folder.")],
    minutes: Annotated[float | None, typer.Option(metavar="M", help="First add so many minutes to its budget.")] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="First add so many steps to its budget.")] = None,
    stop_after: StopAfter = None,
    detach: Detach = False,
) -> None:
    """Go on with a training that was stopped or cut short.

    With --minutes or --steps, also with one that has spent its budget.

    \b
    Examples:
      pantoum resume diary
      pantoum resume diary --minutes 10
    """
    from tui.commandline import runs

    runs.resume(model, minutes=minutes, steps=steps, stop_after=stop_after, detach=detach)
