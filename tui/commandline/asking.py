"""The commands `pantoum next` and `pantoum copied`: their options. What they do is in `inspecting`."""

from typing import Annotated

import typer

from tui.commandline.generating import DeviceChoice, Json, Model


def next_words(
    model: Model,
    prompt: Annotated[
        str, typer.Option("--prompt", "--seed-text", metavar="TEXT|-", help="What stands before; - reads stdin.")
    ] = "",
    count: Annotated[int, typer.Option("--count", "-k", metavar="N", min=1, max=100, help="How many words.")] = 20,
    device: DeviceChoice = "auto",
    json: Json = False,
) -> None:
    """Say which words are the likeliest to come next.

    A model of characters or pieces is rolled forward to the ends of words. Where the text ends within a word, these are
    the ways in which it may go on.

    \b
    Examples:
      pantoum next diary --prompt "In the morning I "
      pantoum next diary --prompt "In the mor" -k 5 --json
    """
    from tui.commandline import inspecting

    inspecting.next_words(model, prompt=prompt, count=count, device=device, json=json)


def copied(
    model: Model,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The text to look through; - reads stdin.")],
    least: Annotated[
        int, typer.Option("--least", metavar="N", min=25, help="Characters of the shortest passage that counts.")
    ] = 25,
    json: Json = False,
) -> None:
    """Show which passages of a text stand in a model's corpus.

    Letter for letter in the text that the model was trained on, with where they begin there, in characters.

    \b
    Examples:
      pantoum copied diary new-pages.txt
      pantoum sample diary -n 5000 | pantoum copied diary - --least 40
    """
    from tui.commandline import inspecting

    inspecting.copied(model, file, least=least, json=json)
