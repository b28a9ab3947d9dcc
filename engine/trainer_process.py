"""What the trainer's process does once torch is there: prepares a run, drives it, and says how it ended."""

import contextlib
import traceback
from collections.abc import Callable

from corpora.disk import sentence
from corpora.errors import InputError
from corpora.files import remove_leftovers
from engine.control import Control
from engine.device import refused_memory
from engine.folder import ModelFolder
from engine.memory import full
from engine.preparation import Prepared, prepare
from engine.ranks import ALONE, Place, RankLostError
from engine.recording import Recorder, trim
from engine.run import Run
from engine.subnormals import flushed

LOST = "A rank was lost: its process ended, or its machine can't be reached."
AGAIN = "Its own output may say why. Start the ranks again to resume, as many as there are."


class StopAskedError(Exception):
    """Somebody asked the run to stop while it was still being prepared."""


@flushed()
def train(
    folder: ModelFolder,
    recorder: Recorder,
    control: Control,
    *,
    stop_after: int | None = None,
    place: Place = ALONE,
) -> None:
    """Trains until the budget is spent or a stop is asked for. Never raises: what went wrong is in the status."""

    def say(message: str) -> None:
        recorder.say(message)
        if control.stop_asked():
            raise StopAskedError

    try:
        for path in (folder.resume_path, folder.weights_path, folder.metrics_path, folder.samples_path):
            remove_leftovers(path)
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
        with contextlib.suppress(InputError):
            record = folder.record()
            return full(record.model, record.training, kind)
    traceback.print_exc()
    return f"{type(error).__name__}: {error}. Details are in {folder.log_path}."


def _lead(folder: ModelFolder, say: Callable[[str], None], place: Place) -> Prepared:
    from engine.distributed import lead

    return lead(folder, say, place)
