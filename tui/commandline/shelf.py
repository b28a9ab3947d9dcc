"""What `pantoum models`, `show` and `stop` do: they read model folders, and ask a trainer to stop."""

import time
from typing import Any

from corpora.errors import InputError
from engine.folder import ModelEntry, ModelFolder, ModelLibrary
from engine.health import Health
from engine.launch import ask_to_stop, signal_to_stop
from engine.records import RUNNING, MetricsLine, ModelRecord, SampleLine, Status
from tui.commandline import output
from tui.commandline.output import line, note
from tui.readable import age, count, duration, short, size
from tui.training.catalogue import uncommon

STOPPING = 120.0  # seconds to wait for a trainer's checkpoint
DEAF = 10.0  # after which it is asked by a signal as well
INTERVAL = 0.2  # seconds between two looks at its status


def list_models(*, json: bool) -> None:
    """Lists every model, the damaged ones with what is wrong with them."""
    entries = ModelLibrary().list()
    if json:
        output.as_json([_summary(entry) for entry in entries])
        return
    if not entries:
        line("No models yet. Train one: pantoum train FILE --name NAME")
        return
    headings = ("model", "unit", "cell", "size", "bits/char", "state", "made", "from")
    output.table(headings, [_row(entry) for entry in entries], right=(3, 4))


def _row(entry: ModelEntry) -> tuple[str, ...]:
    record = entry.record
    if record is None:
        return (entry.folder.slug, "", "", "", "", "damaged", "", entry.problem)
    bits = f"{record.results.bits_per_character:.3f}" if record.results else ""
    shape = f"{record.model.cell} {record.model.layers}x{record.model.hidden}"
    state = entry.status.state
    standing = f"{state} {entry.status.progress:.0%}" if state in RUNNING else state
    parameters = short(record.parameters) if record.parameters else ""
    made = age(record.created)
    return (entry.folder.slug, record.model.unit, shape, parameters, bits, standing, made, record.corpus.name)


def _summary(entry: ModelEntry) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "slug": entry.folder.slug,
        "path": str(entry.folder.path),
        "state": entry.status.state,
        "step": entry.status.step,
        "progress": entry.status.progress,
        "problem": entry.problem,
    }
    if entry.record is not None:
        record = entry.record
        summary |= {
            "name": record.name,
            "created": record.created,
            "unit": record.model.unit,
            "cell": record.model.cell,
            "layers": record.model.layers,
            "hidden": record.model.hidden,
            "parameters": record.parameters,
            "corpus": record.corpus.slug,
            "bits_per_character": record.results.bits_per_character if record.results else None,
        }
    return summary


def show(name: str, *, json: bool) -> None:
    """Shows one model. Raises `InputError` where there is none of that name, or its ``model.json`` is damaged."""
    folder = ModelLibrary().get(name)
    record, status = folder.record(), folder.status()
    metrics = folder.metrics().read_all()
    samples = folder.samples().read_all()
    newest = metrics[-1] if metrics else None
    sample = samples[-1] if samples else None
    health = _health(record, status, metrics)
    if json:
        output.as_json(
            {
                "slug": folder.slug,
                "path": str(folder.path),
                "bytes": folder.size(),
                "record": record,
                "status": status,
                "metrics": newest,
                "sample": sample,
                "health": health,
            }
        )
        return
    told = [("health", health)] if health else []
    output.pairs([*_about(folder, record), *_standing(record, status, newest), *told])
    for notice in record.notices:
        line(f"note: {notice}")
    if sample is not None:
        line()
        line(f"Sample at step {count(sample.step)}:")
        line(_quoted(sample))


def _health(record: ModelRecord, status: Status, metrics: list[MetricsLine]) -> str:
    """How the run goes or went, in a sentence; empty where nothing was trained yet."""
    health = Health()
    for each in metrics:
        health.add(each)
    return health.sentence(record, running=status.state in RUNNING) if metrics else ""


def _about(folder: ModelFolder, record: ModelRecord) -> list[tuple[str, str]]:
    model = record.model
    cell = f"{model.cell}, {model.layers} layer{'s' if model.layers > 1 else ''} of {count(model.hidden)}"
    rows = [
        ("model", folder.slug if folder.slug == record.name else f"{folder.slug} ({record.name})"),
        ("made", age(record.created)),
        ("from", f"{record.corpus.name}, {count(record.corpus.characters)} characters"),
        ("reads", f"{model.unit}, vocabulary of {count(model.vocabulary)}" if model.vocabulary else model.unit),
        ("cell", f"{cell}, embedding {count(model.embedding)}, dropout {model.dropout:g}"),
    ]
    if also := uncommon(model, but=("cell", "layers", "hidden", "embedding", "dropout")):
        rows.append(("also", ", ".join(also)))
    if trained := uncommon(record.training, but=("steps", "seed")):
        rows.append(("training", ", ".join(trained)))
    if record.parameters:
        rows.append(("size", f"{count(record.parameters)} parameters, {size(folder.size())} on disk"))
    return rows


def _standing(record: ModelRecord, status: Status, newest: MetricsLine | None) -> list[tuple[str, str]]:
    training = record.training
    budget = f"{training.minutes:g} min" if training.minutes is not None else f"{count(training.steps or 0)} steps"
    state = f"{status.state}, {status.progress:.0%} of {budget}"
    if status.state == "training":
        state += f", {duration(status.remaining)} left"
    rows = [("state", state)]
    if status.error:
        rows.append(("error", status.error))
    if newest is not None:
        loss = "" if newest.loss is None else f", training loss {newest.loss:.4f}"
        rows.append(("step", f"{count(newest.step)} after {duration(newest.elapsed)}{loss}"))
    if record.results is not None:
        best = record.results
        rows.append(
            (
                "best",
                f"{best.bits_per_character:.3f} bits per character, {best.validation_loss:.4f} nats per token, "
                f"perplexity {best.perplexity:,.2f}, at step {count(best.step)}",
            )
        )
    rows.append(("RNG seed", str(training.seed)))
    return rows


def _quoted(sample: SampleLine) -> str:
    return "\n".join(f"  {each}" for each in (sample.prompt + sample.text).splitlines())


def stop(name: str) -> None:
    """Asks for a stop and waits until the checkpoint is written. Raises `InputError` where it does not come."""
    folder = ModelLibrary().get(name)
    status = folder.status()
    if status.state not in RUNNING:
        line(f"{folder.slug} is not being trained; there is nothing to stop.")
        return
    ask_to_stop(folder)
    asked, signalled = time.monotonic(), False
    while (status := folder.status()).state in RUNNING:
        waited = time.monotonic() - asked
        if waited > DEAF and not signalled:  # its folder may have been moved, and then it doesn't see the request
            signalled = True
            signal_to_stop(folder)
        if waited > STOPPING:
            raise InputError(
                f"{folder.slug} was asked to stop, and has not in {STOPPING:.0f} s. "
                f"It may be in a long step: see `pantoum show {folder.slug}`."
            )
        time.sleep(INTERVAL)
    if status.state == "failed":
        raise InputError(f"{folder.slug} ended with an error: {status.error}")
    if status.state == "finished":
        line(f"{folder.slug} had just finished, at step {count(status.step)}.")
        return
    line(f"{folder.slug} stopped at step {count(status.step)}.")
    note(f"Go on with: pantoum resume {folder.slug}")
