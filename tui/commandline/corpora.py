"""The commands `pantoum corpus …`: their options. What they do is in `texts`."""

from pathlib import Path
from typing import Annotated

import typer

from tui.commandline.options import GroupedHelp

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Add, list, show, remove and restore the texts that models learn from.",
)

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")]
Name = Annotated[str, typer.Argument(metavar="CORPUS", help="The corpus: its short name, as `corpus list` shows it.")]


@app.command("add", cls=GroupedHelp)
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Text files, or folders of them.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it. Default: the first file's name.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="ENCODING", help="The files' encoding, where Pantoum guesses wrong: iso-8859-1, cp1252, …"
        ),
    ] = None,
) -> None:
    """Add text files, or whole folders, as one corpus. Your files stay as they are; a cleaned copy is kept.

    \b
    Examples:
      pantoum corpus add diary.txt
      pantoum corpus add poems/ letters.md --name "Poems and letters"
    """
    from tui.commandline import texts

    texts.add(paths, name=name, encoding=encoding)


@app.command("list", cls=GroupedHelp)
def list_corpora(json: Json = False) -> None:
    """List the corpora, newest first."""
    from tui.commandline import texts

    texts.list_corpora(json=json)


@app.command("show", cls=GroupedHelp)
def show(corpus: Name, json: Json = False) -> None:
    """Show a corpus: its files, its statistics, how it begins."""
    from tui.commandline import texts

    texts.show(corpus, json=json)


@app.command("remove", cls=GroupedHelp)
def remove(corpus: Name) -> None:
    """Move a corpus to the trash, for 30 days. The files it was made from are not touched."""
    from tui.commandline import texts

    texts.remove(corpus)


@app.command("restore", cls=GroupedHelp)
def restore(corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="The short name that it had.")]) -> None:
    """Bring a removed corpus back from the trash."""
    from tui.commandline import texts

    texts.restore(corpus)


@app.command("starter", cls=GroupedHelp)
def starter(
    key: Annotated[str | None, typer.Argument(metavar="STARTER", help="Which one to add.")] = None,
    json: Json = False,
) -> None:
    """List the starter texts, or add one.

    They are something to train on when you have no file at hand. They come with Python itself: nothing is
    downloaded.

    \b
    Examples:
      pantoum corpus starter
      pantoum corpus starter manual
    """
    from tui.commandline import texts

    texts.starter(key, json=json)
