"""What `pantoum train` and `resume` do: prepare a model folder, start its trainer, watch it or leave it to itself."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpora.errors import InputError
from corpora.home import slugify
from corpora.library import Corpus, CorpusLibrary
from corpora.paths import expanded, there
from engine.folder import ModelFolder, ModelLibrary
from engine.presets import Plan, plan
from engine.records import RUNNING, CorpusReference
from engine.settings import DEVICES, Device, Unit
from engine.speed import Speed, known_speed, measure_speed
from tui.commandline import watching
from tui.commandline.output import line, note
from tui.commandline.texts import add_files
from tui.training import actions
from tui.training.catalogue import concerned, renamed

DEFAULT_MINUTES = 5.0


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person asked for."""

    unit: Unit = "char"
    minutes: float | None = None
    steps: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)  # by name; None is left to the presets


def train(
    sources: Sequence[str],
    *,
    name: str,
    wishes: Wishes,
    stop_after: int | None,
    detach: bool,
    prepare: bool = False,
    queue: bool = False,
) -> None:
    """Raises `InputError` for a name that is taken, sources that can't be used and settings that can't work."""
    one_budget(wishes.minutes, wishes.steps)
    _only_prepared(prepare or queue, stop_after=stop_after, detach=detach or (prepare and queue))
    models = ModelLibrary()
    _check_name_is_free(name, models)
    settle(wishes, characters=1_000_000)  # settings that can't work are refused before any file is read
    corpus = find_corpus(sources, CorpusLibrary())
    settings = settle(
        wishes,
        characters=corpus.record.characters,
        alphabet=corpus.record.alphabet or None,
        speed=find_speed(wishes),
    )
    folder = models.create(
        name,
        model=settings.model,
        training=settings.training,
        corpus=CorpusReference.of(corpus),
    )
    if folder.slug != slugify(name):  # somebody else took it while the files were read
        models.remove(folder)
        _check_name_is_free(name, models)
    for reason in settings.reasons:
        note(reason)
    if queue:
        line(actions.put_in_queue(folder))
        note(f"See what waits: pantoum queue    Watch it: pantoum watch {folder.slug}")
    elif prepare:
        show_launch(folder)
    else:
        watching.start(folder, stop_after=stop_after, detach=detach)


def resume(
    name: str,
    *,
    minutes: float | None,
    steps: int | None,
    stop_after: int | None,
    detach: bool,
    prepare: bool = False,
) -> None:
    """Raises `InputError` for a model that is training, or that has spent its budget and is given no more."""
    if minutes is not None and steps is not None:
        one_budget(minutes, steps)
    _only_prepared(prepare, stop_after=stop_after, detach=detach)
    folder = ModelLibrary().get(name)
    record, status = folder.record(), folder.status()
    watching.check_idle(folder, status)
    if minutes is None and steps is None:
        if status.state == "finished":
            more = "--minutes 5" if record.training.minutes is not None else f"--steps {record.training.steps}"
            raise InputError(
                f"{folder.slug} has spent its budget. To train it further, add to it: "
                f"`pantoum resume {folder.slug} {more}`."
            )
    else:
        note(actions.change(folder, "minutes" if steps is None else "steps", steps or minutes or 0.0))
    if prepare:
        show_launch(folder)
    else:
        watching.start(folder, stop_after=stop_after, detach=detach)


def show_launch(folder: ModelFolder) -> None:
    """The command that starts two ranks on this machine for a prepared folder."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    note(f"{folder.slug} is prepared. This trains it with two processes on this machine (two CUDA devices, if any):")
    line(shlex.join([*launcher, "-m", "engine.trainer", str(folder.path)]))


def settle(wishes: Wishes, *, characters: int, alphabet: int | None = None, speed: Speed | None = None) -> Plan:
    """Every setting: what was asked for as it was asked, the rest from the presets.

    Raises `InputError`, with the option's name where it is about a single one.
    """
    try:
        return plan(
            characters=characters,
            unit=wishes.unit,
            minutes=DEFAULT_MINUTES if wishes.minutes is None and wishes.steps is None else wishes.minutes,
            steps=wishes.steps,
            speed=speed,
            alphabet=alphabet,
            **wishes.settings,
        )
    except InputError as error:
        setting = concerned(str(error))
        raise InputError(renamed(str(error), setting.flag) if setting else str(error)) from error


def find_speed(wishes: Wishes) -> Speed | None:
    """How fast this machine trains, measured now where it never was; None where that can't be told."""
    if wishes.steps is not None:
        return None  # then it decides nothing
    device: Device = next((each for each in DEVICES if each == wishes.settings.get("device")), "auto")
    known = known_speed(device)
    if known is not None or any(entry.status.state in RUNNING for entry in ModelLibrary().list()):
        return known  # beside another training, both would be spoilt
    note("Measuring how fast this machine trains (once)…")
    try:
        return measure_speed(device)
    except InputError as error:
        note(f"{error} Two ordinary cores are assumed.")
        return None


def one_budget(minutes: float | None, steps: int | None) -> None:
    """Refuses two budgets, as a mistake in usage."""
    if minutes is not None and steps is not None:
        from typer import BadParameter

        raise BadParameter("give one budget, either --minutes or --steps.")


def _only_prepared(prepare: bool, *, stop_after: int | None, detach: bool) -> None:
    """Refuses what only makes sense where a training is started, as a mistake in usage."""
    if prepare and (detach or stop_after is not None):
        from typer import BadParameter

        raise BadParameter(
            "--prepare and --queue start no training at once: give one of them, without --detach and --stop-after."
        )


def find_corpus(sources: Sequence[str], library: CorpusLibrary) -> Corpus:
    """The corpus that `sources` name: files and folders, added first where they are new; or one corpus's slug.

    A path that exists wins over a slug. Raises `InputError` for neither, and for a mixture.
    """
    paths = [source for source in sources if there(expanded(Path(source)))]
    others = [source for source in sources if source not in paths]
    known = {entry.slug for entry in library.list()}
    if not others:
        for source in paths:
            if source in known:
                note(f"There is a corpus named {source} too; the file or folder of that name is used.")
        return add_files([Path(path) for path in paths], library=library).corpus
    slugs = [source for source in others if slugify(source) in known]
    if paths and slugs:
        raise InputError(
            f"Give either one corpus or files, not both: {slugs[0]} is a corpus, {paths[0]} is a file or folder."
        )
    if len(slugs) > 1:
        raise InputError(
            f"A model learns from one corpus, and {' and '.join(slugs)} are {len(slugs)}. "
            "Add their files together: `pantoum corpus add FILE FILE`."
        )
    if len(sources) == 1 and slugs:
        return library.get(slugs[0])
    missing = next(source for source in others if source not in slugs)
    raise InputError(f"{missing} is neither a file, a folder, nor a corpus. `pantoum corpus list` shows the corpora.")


def _check_name_is_free(name: str, models: ModelLibrary) -> None:
    slug = slugify(name)
    if not slug:
        raise InputError(f"{name!r} can't name a model: use at least one letter or digit.")
    if (models.root / "models" / slug).exists():
        raise InputError(
            f"There is already a model named {slug}: resume it with `pantoum resume {slug}`, or choose another --name."
        )
