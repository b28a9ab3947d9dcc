"""The engine service's process: ``python -m engine.service``. See `engine.serving`, which this imports in a hurry."""

import gc
import sys


def main() -> int:
    """Serves until stdin ends; the process's exit code."""
    gc.disable()  # nothing that is imported is garbage, and looking for some takes a sixth of torch's import
    from engine.serving import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
