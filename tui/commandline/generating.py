"""The commands `pantoum sample`, `infill` and `score`: their options. What they do is in `voices` and `filling`."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
import typer

from corpora.boundaries import Unit
from corpora.errors import InputError
from engine.settings import Device, Dials

DEFAULT = Dials()

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or the path of its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for scripts.")]
DeviceChoice = Annotated[Device, typer.Option(help="Where to compute.")]
Temperature = Annotated[
    float, typer.Option(metavar="T", help="Low: sure and plain. High: daring. 0: always the likeliest.")
]
TopK = Annotated[int, typer.Option(metavar="K", help="Only the K likeliest tokens; 0: all.")]
TopP = Annotated[float, typer.Option(metavar="P", help="Only the likeliest tokens that make up P; 1: all.")]
MinP = Annotated[float, typer.Option(metavar="P", help="Only tokens at least P times as likely as the likeliest.")]
Typical = Annotated[
    float, typer.Option(metavar="P", help="Only tokens about as surprising as is usual here, up to P; 1: all.")
]
Repetition = Annotated[
    float,
    typer.Option(
        "--repetition", metavar="R", help="Divide the probability of the last 64 tokens by R; for words and pieces."
    ),
]
Preset = Annotated[
    str | None, typer.Option("--preset", metavar="NAME", help="A preset's dials; options beside it go first.")
]
Spell = Annotated[
    bool,
    typer.Option("--spell", help="Let a model spell words and characters that it has no token for."),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="RNG seed: the same seed gives the same text. Default: a new one."),
]


def sample(
    context: typer.Context,
    model: Model,
    prompt: Annotated[
        str, typer.Option("--prompt", "--seed-text", metavar="TEXT|-", help="The text to continue; - reads stdin.")
    ] = "",
    backward: Annotated[
        bool,
        typer.Option(
            "--backward", help="Write what comes before the text; needs a model trained with --bidirectional."
        ),
    ] = False,
    length: Annotated[int, typer.Option("--length", "-n", metavar="LENGTH", min=0, help="How many characters.")] = 400,
    preset: Preset = None,
    temperature: Temperature = DEFAULT.temperature,
    top_k: TopK = DEFAULT.top_k,
    top_p: TopP = DEFAULT.top_p,
    min_p: MinP = DEFAULT.min_p,
    typical: Typical = DEFAULT.typical,
    repetition: Repetition = DEFAULT.repetition,
    spell: Spell = DEFAULT.spell,
    seed: Seed = None,
    stop: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="End before this text. Can be given several times.")
    ] = None,
    takes: Annotated[
        int | None,
        typer.Option("--takes", "-k", metavar="TAKES", min=1, max=32, help="How many texts to offer instead of one."),
    ] = None,
    until: Annotated[Unit | None, typer.Option(help="End each text where this ends; LENGTH is then the most.")] = None,
    device: DeviceChoice = "auto",
    json: Json = False,
) -> None:
    """Let a model continue a text, to stdout, as it comes. The text to continue is printed first.

    With --backward the text grows towards its beginning, and is printed when it is done. With --takes or --until,
    finished texts are printed, the likeliest first, with a blank line between them and without the text to continue.

    \b
    Examples:
      pantoum sample diary --prompt "This morning " -n 600
      pantoum sample diary --temperature 0.5 --seed 7
      pantoum sample diary --preset wild
      pantoum sample diary --prompt "In the morning I" --takes 5 --until sentence
      tail -c 500 draft.txt | pantoum sample diary --prompt -
      pantoum sample diary --prompt " and nobody ever knew." --backward
    """
    dials = Dials(
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        typical=typical,
        repetition=repetition,
        spell=spell,
    )
    if preset is not None:
        dials = _beside(preset, dials, context)
    if takes is not None or until is not None:
        from tui.commandline import taking

        if stop:
            raise InputError("Takes end where --until says; leave out --stop.")
        taking.take(
            model,
            prompt=prompt,
            backward=backward,
            takes=takes or 1,
            until=until,
            length=length,
            dials=dials,
            seed=seed,
            device=device,
            json=json,
        )
        return
    from tui.commandline import voices

    voices.sample(
        model,
        prompt=prompt,
        backward=backward,
        length=length,
        dials=dials,
        seed=seed,
        stop=tuple(stop or ()),
        device=device,
        json=json,
    )


def _beside(preset: str, dials: Dials, context: typer.Context) -> Dials:
    """The dials of a preset, but for those that were given as options. Raises `InputError` where there is none."""
    from tui.dial_presets import find_preset

    sources = {name: context.get_parameter_source(name) for name in Dials.__struct_fields__}
    given: Mapping[str, object] = {
        name: getattr(dials, name)
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    }
    return msgspec.structs.replace(find_preset(preset).dials, **given)


def infill(
    context: typer.Context,
    model: Model,
    left: Annotated[
        str, typer.Option("--left", metavar="TEXT|-", help="What stands before the gap; - reads stdin.")
    ] = "",
    right: Annotated[
        str, typer.Option("--right", metavar="TEXT|-", help="What stands after the gap; - reads stdin.")
    ] = "",
    length: Annotated[
        int | None, typer.Option("--length", "-n", metavar="N", min=1, help="Just so many characters.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", metavar="N", min=1, help="At most so many characters. Default: 60.")
    ] = None,
    takes: Annotated[int, typer.Option("--takes", "-k", metavar="TAKES", min=1, help="How many texts to offer.")] = 3,
    preset: Preset = None,
    temperature: Temperature = DEFAULT.temperature,
    top_k: TopK = DEFAULT.top_k,
    top_p: TopP = DEFAULT.top_p,
    min_p: MinP = DEFAULT.min_p,
    typical: Typical = DEFAULT.typical,
    spell: Spell = DEFAULT.spell,
    seed: Seed = None,
    device: DeviceChoice = "auto",
    json: Json = False,
) -> None:
    """Fill a gap between two texts, so that both sides fit. Prints the best takes, a blank line between them.

    Any model can do it; one trained with --bidirectional does it better.

    \b
    Examples:
      pantoum infill diary --left "In the morning I " --right " and went home."
      pantoum infill diary --left "The sea was " --right "." --max-length 20 -k 5
      pantoum infill diary --left "The sea was " --right "." --preset wild
    """
    from tui.commandline import filling

    dials = Dials(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, typical=typical, spell=spell)
    if preset is not None:
        dials = _beside(preset, dials, context)
    filling.infill(
        model,
        left=left,
        right=right,
        length=length,
        max_length=max_length,
        takes=takes,
        dials=dials,
        seed=seed,
        device=device,
        json=json,
    )


def score(
    model: Model,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The text to score; - reads stdin.")],
    surprising: Annotated[
        int, typer.Option("--surprising", metavar="N", min=0, help="Also list the N words that it expected least.")
    ] = 0,
    device: DeviceChoice = "auto",
    json: Json = False,
) -> None:
    """Say how well a model predicts a text.

    It reads the text from beginning to end. Lower is better; bits per character compare models of any unit.

    \b
    Examples:
      pantoum score diary new-pages.txt --surprising 20
      pantoum score diary - --json < new-pages.txt
    """
    from tui.commandline import voices

    voices.score(model, file, device=device, json=json, surprising=surprising)
