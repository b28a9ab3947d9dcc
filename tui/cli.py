"""The program ``pantoum``: runs one command and turns whatever goes wrong into one line and an exit code.

Exit codes: 0 done, 1 the person's input is wrong (or, rarely, Pantoum is), 2 usage, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence

from corpora.version import __version__

DONE, WRONG, INTERRUPTED = 0, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments` (default: ``sys.argv``) name and returns its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments == ["--version"]:  # answered before anything slow is imported
        sys.stdout.write(f"pantoum {__version__}\n")
        return DONE
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("PANTOUM_DEBUG"):
            raise
        return _explain(error)


def _run(arguments: list[str]) -> int:
    if not arguments:  # the app itself, without the command line's tree of commands
        from tui.commandline.opening import open_app

        open_app()
        return DONE
    from tui.commandline.app import app

    try:
        app(args=arguments, prog_name="pantoum")
    except SystemExit as leaving:  # how typer ends, whatever happened
        return leaving.code if isinstance(leaving.code, int) else DONE
    return DONE


def _explain(error: Exception) -> int:
    from tui.commandline.failures import ReaderGone, explain, silence
    from tui.commandline.output import for_stream

    if isinstance(error, ReaderGone):
        silence()
        return DONE
    try:
        sys.stderr.write(for_stream(f"{explain(error)}\n", sys.stderr))
    except OSError:  # nobody reads that either
        silence()
    return WRONG


if __name__ == "__main__":
    sys.exit(main())
