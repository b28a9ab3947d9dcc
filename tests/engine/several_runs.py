"""One rank of several runs, one after the other, so that tests load torch once for all of them.

Each argument is ``FOLDER=STEPS=PORT``: the ranks meet at that port and train that folder for so many further steps.
"""

import os
import sys

from engine import trainer


def main(runs: list[str]) -> int:
    """The exit code is the first that is not 0."""
    for run in runs:
        folder, os.environ["PANTOUM_STOP_AFTER"], os.environ["MASTER_PORT"] = run.rsplit("=", 2)
        if code := trainer.main([folder]):
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
