"""What `pantoum export-curves` and `export-tensorboard` do."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from corpora.errors import InputError
from corpora.files import replacing, write_bytes
from corpora.paths import expanded
from engine.folder import ModelFolder, ModelLibrary
from engine.records import MetricsLine
from tui.commandline.output import line

# Programs that make a PNG of an SVG: what is run, with the two files in the place of {svg} and {png}.
CONVERTERS = (
    ("rsvg-convert", "-o", "{png}", "{svg}"),
    ("resvg", "{svg}", "{png}"),
    ("inkscape", "--export-filename={png}", "{svg}"),
    ("magick", "{svg}", "{png}"),
    ("convert", "{svg}", "{png}"),
)
PATIENCE = 60.0  # seconds


def curves(name: str, output: Path | None) -> None:
    """Raises `InputError` for a kind of file that isn't known, and for a PNG where nothing here can make one."""
    folder = ModelLibrary().get(name)
    path = expanded(output or Path(f"{folder.slug}.svg"))
    lines = folder.metrics().read_all()
    if not lines:
        raise InputError(f"{folder.slug} has no curves yet: nothing was logged.")
    match path.suffix.lower():
        case ".csv":
            from tui.exporting.table import table

            data = table(lines).encode()
        case ".svg":
            data = _svg(folder, lines)
        case ".png":
            data = _png(_svg(folder, lines))
        case other:
            raise InputError(f"Curves are written as .svg, .png or .csv; {other or 'a name without an end'} is none.")
    _write(path, data)
    line(f"{len(lines):,} logged steps of {folder.slug}: {path}")


def tensorboard(name: str, output: Path | None) -> None:
    """Raises `InputError` where nothing was logged, or the folder can't be written."""
    from tui.exporting.event_file import event_file

    folder = ModelLibrary().get(name)
    metrics = folder.metrics().read_all()
    if not metrics:
        raise InputError(f"{folder.slug} has no curves yet: nothing was logged.")
    directory = expanded(output or Path(f"{folder.slug}-tensorboard"))
    times = {each.step: each.time for each in metrics}
    samples = [
        (times.get(each.step, metrics[-1].time), each.step, "sample", each.prompt + each.text)
        for each in folder.samples().read_all()
    ]
    # The same name every time: a second export replaces the first.
    path = directory / f"events.out.tfevents.{int(metrics[0].time):010d}.pantoum"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            for part in event_file(metrics[0].time, _scalars(metrics), samples):
                file.write(part)
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror or error}).") from error
    line(f"{len(metrics):,} logged steps and {len(samples):,} samples of {folder.slug}: {path}")


def _scalars(metrics: list[MetricsLine]) -> Iterator[tuple[float, int, dict[str, float]]]:
    for each in metrics:
        values = {
            "loss/training": each.loss,
            "loss/validation": each.validation_loss,
            "loss/training backwards": each.losses.get("back"),
            "loss/validation backwards": each.back_validation_loss,
            "loss/training from both sides": each.losses.get("both"),
            "loss/validation from both sides": each.both_validation_loss,
            "loss/bits per character": each.bits_per_character,
            "optimiser/learning rate": each.learning_rate,
            "optimiser/gradient norm": each.gradient_norm,
            "optimiser/clipped": float(each.clipped),
            "speed/tokens per second": each.tokens_per_second,
            **{f"gradient norm/{group}": norm for group, norm in each.gradient_norms.items()},
        }
        yield each.time, each.step, {tag: value for tag, value in values.items() if value is not None}


def _svg(folder: ModelFolder, lines: list[MetricsLine]) -> bytes:
    from tui.exporting.drawing import drawing

    return drawing(folder.record(), lines).encode()


def _png(svg: bytes) -> bytes:
    """The picture as a PNG, made by whichever program for that is installed. Raises `InputError`."""
    with tempfile.TemporaryDirectory() as room:
        source, target = Path(room) / "curves.svg", Path(room) / "curves.png"
        source.write_bytes(svg)
        for command in CONVERTERS:
            program = shutil.which(command[0])
            if program is None:
                continue
            arguments = [part.format(svg=source, png=target) for part in command[1:]]
            try:
                subprocess.run([program, *arguments], capture_output=True, timeout=PATIENCE, check=True)
                return target.read_bytes()
            except (OSError, subprocess.SubprocessError):
                continue
    raise InputError(
        "A PNG needs a program that draws SVG, such as rsvg-convert (package librsvg2-bin) or Inkscape, and none that "
        "works is here. Install one, or write an .svg, which every browser shows."
    )


def _write(path: Path, data: bytes) -> None:
    try:
        write_bytes(path, data)
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror or error}).") from error
