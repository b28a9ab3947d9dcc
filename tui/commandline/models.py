"""The commands `pantoum models`, `show` and `stop`: their options. What they do is in `shelf`."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or the path of its folder.")]


def models(json: Json = False) -> None:
    """List the models, newest first."""
    from tui.commandline import shelf

    shelf.list_models(json=json)


def show(model: Model, json: Json = False) -> None:
    """Show a model: its settings, how its training stands, a sample."""
    from tui.commandline import shelf

    shelf.show(model, json=json)


def stop(model: Model) -> None:
    """Stop a model's training. It writes a checkpoint first, so `pantoum resume` goes on exactly there."""
    from tui.commandline import shelf

    shelf.stop(model)
