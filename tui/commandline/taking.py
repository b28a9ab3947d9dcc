"""What `pantoum sample --takes` does: several continuations at once, from an engine service that lives as long."""

import asyncio
from pathlib import Path

from corpora.boundaries import Unit
from engine.protocol import GrownTake, Takes, TakesParams
from engine.settings import Device, Dials
from tui.commandline import output
from tui.commandline.output import is_terminal, line, printable
from tui.commandline.serving import serving
from tui.commandline.voices import check_seed, known_model, new_seed, read_stdin, well_formed

SHOWN = 60  # characters of the seed text beside a take


def take(
    name: str,
    *,
    prompt: str,
    backward: bool,
    takes: int,
    until: Unit | None,
    length: int,
    dials: Dials,
    seed: int | None,
    device: Device,
    json: bool,
) -> None:
    """Prints so many continuations, the likeliest first; equal ones once. Raises `InputError`."""
    dials.check()
    check_seed(seed)
    params = TakesParams(
        model=known_model(name),
        prompt=read_stdin() if prompt == "-" else well_formed(prompt),
        backward=backward,
        takes=takes,
        until=until,
        length=length,
        dials=dials,
        seed=new_seed(json=json) if seed is None else seed,
    )
    found = asyncio.run(_ask(params, device))
    if json:
        output.as_json(_as_object(params, found))
    elif is_terminal():
        _show(params, found.takes)
    else:
        line("\n\n".join(each.text for each in found.takes))


async def _ask(params: TakesParams, device: Device) -> Takes:
    async with serving(params.model, device) as client:
        return await client.takes(params)


def _show(params: TakesParams, takes: tuple[GrownTake, ...]) -> None:
    """Each take beside the end of the seed text, for a person."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for number, each in enumerate(takes, start=1):
        if number > 1:
            console.print()
        often = f", came {each.same} times" if each.same > 1 else ""
        console.print(Text(f"{number}  seed {each.seed}, {each.surprisal:.2f} bits a token{often}", style="dim"))
        beside = params.prompt[:SHOWN] if params.backward else params.prompt[-SHOWN:]
        parts = [Text(printable(beside)), Text(printable(each.text), style="bold reverse")]
        console.print(Text("").join(parts[::-1] if params.backward else parts))


def _as_object(params: TakesParams, found: Takes) -> dict[str, object]:
    return {
        "model": Path(params.model).name,
        "prompt": params.prompt,
        "backward": params.backward,
        "until": params.until,
        "seed": params.seed,
        "dials": params.dials,
        "takes": found.takes,
        "seconds": found.seconds,
    }
