"""The trainer's process: ``python -m engine.trainer FOLDER`` trains a prepared model folder, or resumes it.

It only writes its folder; whoever watches only tails that. It ends when its budget is spent, when it is asked to
stop, or when its machine goes; in every case but the last everything is saved first.

Importing torch can take most of a minute. The folder is taken and the heart beats before that, so this module is free
of it and imports what trains (`engine.trainer_process`) only then.

Under ``torchrun`` several of these processes train together: rank 0 is the trainer that owns the folder, and the others
compute for it (see `engine.distributed`, which nothing but such a run imports).
"""

import gc
import os
import sys
import time
import traceback
from pathlib import Path

from corpora.disk import sentence
from engine.allocation import keep_freed
from engine.control import Control
from engine.folder import ModelFolder
from engine.locks import held
from engine.log import log
from engine.ranks import Place, place
from engine.recording import Recorder

PATIENCE = 1.0  # seconds that another may have the folder's lock for a moment


def main(arguments: list[str]) -> int:
    """Trains the folder that is the one argument, in this process or as one of several ranks; the exit code."""
    if len(arguments) != 1:
        print("usage: python -m engine.trainer FOLDER", file=sys.stderr)  # noqa: T201
        return 2
    folder, here = ModelFolder(Path(arguments[0]).absolute()), place()
    keep_freed()
    if here.rank > 0:
        from engine.distributed import follow

        return follow(folder, here)
    try:
        if not folder.record_path.exists():
            print(f"{folder.path} is not a model folder: it has no model.json.", file=sys.stderr)  # noqa: T201
            return 1
        with held(folder.log_path, patience=PATIENCE) as mine:
            if mine:
                return _train(folder, here)
        log("Another trainer has this folder; this one leaves.")
    except OSError as error:  # a folder that can't be looked into, or written
        print(sentence(error), file=sys.stderr)  # noqa: T201
    return 1


def _train(folder: ModelFolder, here: Place) -> int:
    """Trains a folder that no other trainer has; the process's exit code."""
    started, asked = os.environ.get("PANTOUM_STARTED", ""), os.environ.get("PANTOUM_ASKED", "")
    control = Control(folder, int(asked) if asked.isdigit() else folder.asked())
    control.listen_to_signals()
    with Recorder(folder, float(started or time.time())) as recorder:
        gc.disable()  # nothing that is imported is garbage, and looking for some takes a sixth of torch's import
        try:
            from engine.trainer_process import train
        except Exception as error:
            traceback.print_exc()
            recorder.state("failed", error=f"What trains can't be loaded ({error}). Details are in {folder.log_path}.")
            return 1
        gc.freeze()
        gc.enable()
        limit = os.environ.get("PANTOUM_STOP_AFTER", "")
        train(folder, recorder, control, stop_after=int(limit) if limit.isdigit() else None, place=here)
    return 0 if folder.status().state in ("finished", "stopped") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
