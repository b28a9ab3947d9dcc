"""Lines of ``train.log``. Free of torch."""

import contextlib
import sys
import time


def log(message: str) -> None:
    """A line of ``train.log``, which is the trainer's stderr. Where that can't be written, nothing is said."""
    with contextlib.suppress(OSError):
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}", file=sys.stderr, flush=True)  # noqa: T201
