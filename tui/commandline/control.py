"""The commands on a run that there is: `pantoum watch`, `extend`, `change`, `queue` and what else can be done with it.

Their options; what they do is in `controlling` and `exporting`.
"""

from pathlib import Path
from typing import Annotated

import typer

from tui.commandline.options import NoMouse

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or the path of its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")]
Out = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="PATH", help="Where to write it.", show_default=False)
]


def watch(
    model: Model,
    plain: Annotated[bool, typer.Option("--plain", help="Tell of it line by line, as without a terminal.")] = False,
    no_mouse: NoMouse = False,
) -> None:
    """Watch a model learn, whoever trains it: this app, another one, torchrun, a machine that shares the disk.

    Opens the Train screen on it. Leaving doesn't stop the training.

    \b
    Examples:
      pantoum watch diary
      pantoum watch /mnt/cluster/models/diary --plain
    """
    from tui.commandline import controlling

    controlling.watch(model, plain=plain, mouse=not no_mouse)


def extend(
    model: Model,
    minutes: Annotated[float | None, typer.Option(metavar="M", help="Add so many minutes to its budget.")] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Add so many steps to its budget.")] = None,
) -> None:
    """Add to a model's budget. A run that isn't training goes on with it once you resume it.

    \b
    Examples:
      pantoum extend diary --minutes 10
    """
    from tui.commandline import controlling

    controlling.extend(model, minutes=minutes, steps=steps)


def change(
    model: Model,
    learning_rate: Annotated[float | None, typer.Option(metavar="X", help="The peak of its learning rate.")] = None,
    dropout: Annotated[float | None, typer.Option(metavar="X", help="Its dropout.")] = None,
) -> None:
    """Change the learning rate or the dropout of a model, while it trains or before it goes on.

    \b
    Examples:
      pantoum change diary --learning-rate 0.004
      pantoum change diary --dropout 0.3
    """
    from tui.commandline import controlling

    controlling.change(model, learning_rate=learning_rate, dropout=dropout)


def queue(
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="The model to put at its end.")] = None,
    remove: Annotated[str | None, typer.Option("--remove", metavar="MODEL", help="Take a model out of it.")] = None,
    json: Json = False,
) -> None:
    """List the trainings that wait, or put one at their end. They run one after another, also without the app.

    \b
    Examples:
      pantoum queue
      pantoum queue diary
      pantoum queue --remove diary
    """
    from tui.commandline import controlling

    controlling.queue(model, remove=remove, json=json)


def rename(
    model: Model, name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it from now on.")]
) -> None:
    """Give a model another name. Its folder gets that name too."""
    from tui.commandline import controlling

    controlling.rename(model, name)


def notes(
    model: Model,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="What to note, in the place of what was noted before.")
    ] = None,
) -> None:
    """Show your note on a model, or replace it."""
    from tui.commandline import controlling

    controlling.notes(model, text)


def remove(model: Model) -> None:
    """Move a model to Pantoum's trash, where it stays for 30 days."""
    from tui.commandline import controlling

    controlling.remove(model)


def restore(model: Annotated[str, typer.Argument(metavar="MODEL", help="The name that it had.")]) -> None:
    """Bring a removed model back from the trash."""
    from tui.commandline import controlling

    controlling.restore(model)


def compare(
    one: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, or the path of its folder.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another one.")],
    json: Json = False,
) -> None:
    """Show two models' settings and results side by side, those that differ first."""
    from tui.commandline import controlling

    controlling.compare(one, other, json=json)


def export_curves(model: Model, output: Out = None) -> None:
    """Write a model's curves as SVG, PNG or CSV, whichever the file's name ends in. Default: MODEL.svg, here.

    \b
    Examples:
      pantoum export-curves diary
      pantoum export-curves diary -o diary.csv
      pantoum export-curves diary -o diary.png
    """
    from tui.commandline import exporting

    exporting.curves(model, output)


def export_tensorboard(model: Model, output: Out = None) -> None:
    """Write a model's curves and samples as event files for TensorBoard. Default: into the folder MODEL-tensorboard.

    \b
    Examples:
      pantoum export-tensorboard diary -o runs/diary
    """
    from tui.commandline import exporting

    exporting.tensorboard(model, output)
