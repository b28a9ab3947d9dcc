"""What `pantoum infill` does: it asks an engine service, which lives as long as the command."""

import asyncio
from pathlib import Path

from corpora.errors import InputError
from engine.protocol import Infilled, InfillParams, Take
from engine.settings import Device, Dials
from tui.commandline import output
from tui.commandline.output import is_terminal, line, printable
from tui.commandline.serving import serving
from tui.commandline.voices import check_seed, known_model, new_seed, read_stdin, well_formed

LENGTH = 60  # characters at most, where the person says nothing
SHOWN = 60  # characters of each context beside a take


def infill(
    name: str,
    *,
    left: str,
    right: str,
    length: int | None,
    max_length: int | None,
    takes: int,
    dials: Dials,
    seed: int | None,
    device: Device,
    json: bool,
) -> None:
    """Prints texts for the gap between `left` and `right`, the best first. Raises `InputError`."""
    dials.check()
    check_seed(seed)
    if length is not None and max_length is not None:
        raise InputError("Give either --length or --max-length.")
    if left == "-" and right == "-":
        raise InputError("Only one side can come from stdin.")
    left, right = (read_stdin() if side == "-" else well_formed(side) for side in (left, right))
    if not left and not right:
        raise InputError("A gap has a text beside it: give --left, --right or both.")
    params = InfillParams(
        model=known_model(name),
        left=left,
        right=right,
        length=length,
        max_length=max_length or LENGTH,
        takes=takes,
        dials=dials,
        seed=new_seed(json=json) if seed is None else seed,
    )
    filled = asyncio.run(_ask(params, device))
    if json:
        output.as_json(_as_object(params, filled))
    elif is_terminal():
        _show(params, filled.takes)
    else:
        line("\n\n".join(take.text for take in filled.takes))


async def _ask(params: InfillParams, device: Device) -> Infilled:
    async with serving(params.model, device) as client:
        return await client.infill(params)


def _show(params: InfillParams, takes: tuple[Take, ...]) -> None:
    """Each take between the ends of its contexts, for a person."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for number, take in enumerate(takes, start=1):
        cost = f"{take.gap_bits:.1f} bits, and {take.right_bits:.1f} for what follows"
        if number > 1:
            console.print()
        console.print(Text(f"{number}  {cost}" if params.right else f"{number}  {take.gap_bits:.1f} bits", style="dim"))
        text = Text(printable(params.left[-SHOWN:]))
        text.append(printable(take.text), style="bold reverse")
        text.append(printable(params.right[:SHOWN]))
        console.print(text)


def _as_object(params: InfillParams, filled: Infilled) -> dict[str, object]:
    return {
        "model": Path(params.model).name,
        "left": params.left,
        "right": params.right,
        "seed": params.seed,
        "dials": params.dials,
        "takes": filled.takes,
    }
