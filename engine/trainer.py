"""The trainer's process: ``python -m engine.trainer FOLDER``. See `engine.trainer_process`, imported in a hurry."""

import gc
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Trains the folder that is the one argument; the process's exit code."""
    if len(arguments) != 1:
        print("usage: python -m engine.trainer FOLDER", file=sys.stderr)  # noqa: T201
        return 2
    gc.disable()  # nothing that is imported is garbage, and looking for some takes a sixth of torch's import
    from engine.folder import ModelFolder
    from engine.trainer_process import train_folder

    gc.freeze()
    gc.enable()
    return train_folder(ModelFolder(Path(arguments[0]).absolute()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
