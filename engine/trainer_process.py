"""The trainer: trains a prepared model folder, or resumes it (``python -m engine.trainer FOLDER``).

It only writes its folder; whoever watches only tails that. It ends when its budget is spent, when it is asked to
stop, or when its machine goes; in every case but the last everything is saved first.

Under ``torchrun`` several of these processes train together: rank 0 is the trainer that owns the folder, and the others
compute for it (see `engine.distributed`, which nothing but such a run imports).
"""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable

from corpora.disk import sentence
from corpora.errors import InputError
from corpora.files import remove_leftovers
from engine.control import Control
from engine.device import refused_memory
from engine.folder import ModelFolder
from engine.locks import held
from engine.memory import full
from engine.preparation import Prepared, prepare
from engine.ranks import ALONE, Place, RankLostError, place
from engine.recording import Recorder, log, trim
from engine.run import Run

LOST = "A rank was lost: its process ended, or its machine can't be reached."
AGAIN = "Its own output may say why. Start the ranks again to resume, as many as there are."


class StopAskedError(Exception):
    """Somebody asked the run to stop while it was still being prepared."""


def train(
    folder: ModelFolder, *, started: float, asked: int, stop_after: int | None = None, place: Place = ALONE
) -> None:
    """Trains until the budget is spent or a stop is asked for. Never raises: what went wrong is in the status.

    The first `asked` bytes of requests were an earlier trainer's.
    """
    with Recorder(folder, started) as recorder:
        control = Control(folder, asked)
        control.listen_to_signals()

        def say(message: str) -> None:
            recorder.say(message)
            if control.stop_asked():
                raise StopAskedError

        try:
            prepared = prepare(folder, say) if place.ranks == 1 else _lead(folder, say, place)
            trim(folder, prepared.trainer.step)
            run = Run(folder, prepared, recorder, control, stop_after=stop_after)
            try:
                run.train()
            except RankLostError:
                run.save()
                recorder.state("failed", error=f"{LOST} Everything up to step {run.trainer.step:,} is saved. {AGAIN}")
        except StopAskedError:
            recorder.state("stopped", message="Stopped before the first step")
        except RankLostError:
            recorder.state("failed", error=f"{LOST} {AGAIN}")
        except InputError as error:
            recorder.state("failed", error=str(error))
        except OSError as error:
            recorder.state("failed", error=f"{sentence(error)} Then resume.")
        except Exception as error:
            recorder.state("failed", error=_what_failed(folder, error))


def _what_failed(folder: ModelFolder, error: Exception) -> str:
    if kind := refused_memory(error):
        record = folder.record()
        return full(record.model, record.training, kind)
    traceback.print_exc()
    return f"{type(error).__name__}: {error}. Details are in {folder.log_path}."


def _lead(folder: ModelFolder, say: Callable[[str], None], place: Place) -> Prepared:
    from engine.distributed import lead

    return lead(folder, say, place)


def exclusive(folder: ModelFolder) -> contextlib.AbstractContextManager[bool]:
    """Holds the folder for one trainer; gives False where another has it: see `engine.locks`."""
    return held(folder.log_path)


def train_folder(folder: ModelFolder) -> int:
    """Trains `folder` in this process, or as one of several ranks; the process's exit code."""
    here = place()
    if here.rank > 0:
        from engine.distributed import follow

        return follow(folder, here)
    try:
        if not folder.record_path.exists():
            print(f"{folder.path} is not a model folder: it has no model.json.", file=sys.stderr)  # noqa: T201
            return 1
        return _train_alone(folder, here)
    except OSError as error:  # a folder that can't be looked into, or written
        print(sentence(error), file=sys.stderr)  # noqa: T201
        return 1


def _train_alone(folder: ModelFolder, here: Place) -> int:
    """Trains a folder that no other trainer has; the process's exit code. Raises `OSError` before anything is done."""
    started = float(os.environ.get("PANTOUM_STARTED") or time.time())
    limit, asked = os.environ.get("PANTOUM_STOP_AFTER", ""), os.environ.get("PANTOUM_ASKED", "")
    with exclusive(folder) as mine:
        if not mine:
            log("Another trainer has this folder; this one leaves.")
            return 1
        for path in (folder.resume_path, folder.weights_path, folder.metrics_path, folder.samples_path):
            remove_leftovers(path)
        train(
            folder,
            started=started,
            asked=int(asked) if asked.isdigit() else folder.asked(),
            stop_after=int(limit) if limit.isdigit() else None,
            place=here,
        )
    return 0 if folder.status().state in ("finished", "stopped") else 1
