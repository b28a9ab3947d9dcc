"""The tree of commands."""

from pathlib import Path
from typing import Annotated

import typer

from corpora.version import __version__
from tui.commandline import asking, control, corpora, documents, generating, keys, models, training
from tui.commandline.options import GroupedHelp, NoMouse, OrderedCommands

PLAIN = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    cls=OrderedCommands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=PLAIN,
    subcommand_metavar="[COMMAND] …",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pantoum {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def pantoum(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    no_mouse: NoMouse = False,
) -> None:
    """Train small recurrent language models on your own writing, and write with them.

    Without a command, opens the app. Everything stays on this machine.

    \b
    Examples:
      pantoum                                            open the app
      pantoum train diary.txt --name diary --minutes 5   train a model on a file
      pantoum sample diary --prompt "This morning "      let it continue a line
      pantoum write draft.txt -m diary                   write a draft with it
    """
    if context.invoked_subcommand is None:
        from tui.commandline.opening import open_app

        open_app(mouse=not no_mouse)


@app.command(cls=GroupedHelp, short_help="Open the app where you write.")
def write(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The text to open; it is made when first saved.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="The model to write with.")
    ] = None,
    no_mouse: NoMouse = False,
) -> None:
    """Open the app where you write, with a file and a model at hand.

    \b
    Examples:
      pantoum write
      pantoum write draft.txt -m diary
    """
    from tui.commandline.opening import open_app

    open_app(file=file, model=model, write=True, mouse=not no_mouse)


@app.command(cls=GroupedHelp)
def engine() -> None:
    """Run the engine service on stdin and stdout.

    It speaks JSON-RPC 2.0, one message a line. The app starts one by itself; run it by hand to use a model from
    another program, or from another machine through ssh.

    \b
    Example:
      echo '{"jsonrpc": "2.0", "id": 1, "method": "hello"}' | pantoum engine
    """
    from tui.commandline.opening import become_engine

    become_engine()


app.add_typer(corpora.app, name="corpus", short_help="Add, list, show, remove and restore texts.")
app.command("train", cls=GroupedHelp, short_help="Train a model on texts, and watch it learn.")(training.train)
app.command("resume", cls=GroupedHelp)(training.resume)
app.command("models", cls=GroupedHelp)(models.models)
app.command("show", cls=GroupedHelp, short_help="Show a model: settings, training, a sample.")(models.show)
app.command("stop", cls=GroupedHelp)(models.stop)
app.command("watch", cls=GroupedHelp, short_help="Watch a model learn, whoever trains it.")(control.watch)
app.command("extend", cls=GroupedHelp, short_help="Add to a model's budget.")(control.extend)
app.command("change", cls=GroupedHelp, short_help="Change a run's learning rate or dropout.")(control.change)
app.command("queue", cls=GroupedHelp)(control.queue)
app.command("rename", cls=GroupedHelp)(control.rename)
app.command("notes", cls=GroupedHelp)(control.notes)
app.command("remove", cls=GroupedHelp, short_help="Move a model to the trash, for 30 days.")(control.remove)
app.command("restore", cls=GroupedHelp)(control.restore)
app.command("compare", cls=GroupedHelp, short_help="Show two models side by side.")(control.compare)
app.command("export-curves", cls=GroupedHelp, short_help="Write a model's curves as SVG, PNG or CSV.")(
    control.export_curves
)
app.command("export-tensorboard", cls=GroupedHelp, short_help="Write event files for TensorBoard.")(
    control.export_tensorboard
)
app.command("sample", cls=GroupedHelp)(generating.sample)
app.command("infill", cls=GroupedHelp)(generating.infill)
app.command("score", cls=GroupedHelp)(generating.score)
app.command("next", cls=GroupedHelp)(asking.next_words)
app.command("copied", cls=GroupedHelp, short_help="Show what of a text stands in a model's corpus.")(asking.copied)
app.command("export", cls=GroupedHelp, short_help="Write a text as Markdown, HTML, tree or replay.")(documents.export)
app.command("replay", cls=GroupedHelp, short_help="Play in the terminal how a text was written.")(documents.replay)
app.command("regenerate", cls=GroupedHelp, short_help="Have what models wrote written again, and compare.")(
    documents.regenerate
)
app.command("keys", cls=GroupedHelp, short_help="List the app's commands with their keys.")(keys.keys)
