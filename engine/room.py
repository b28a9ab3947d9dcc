"""What a run does where its folder can't be written: it holds, with everything in memory, until it can."""

import time
from collections.abc import Callable

from corpora.disk import capital, refused, remedy
from corpora.errors import InputError
from engine.control import POLL, Control
from engine.folder import ModelFolder
from engine.recording import Recorder
from engine.records import Request

RETRY = 5.0  # seconds between attempts
GONE = 60.0  # seconds for which a folder is looked for that is no longer where it was


class Held:
    """Holds one run. `saved` is the step of its last checkpoint, None where it has none."""

    def __init__(self, folder: ModelFolder, recorder: Recorder, control: Control, saved: int | None) -> None:
        self._folder = folder
        self._recorder = recorder
        self._control = control
        self.saved = saved

    def until_written(self, error: OSError, write: Callable[[], None], rest: Callable[[], None]) -> bool:
        """Calls `write` again and again until it raises no `OSError`; True where a stop was asked for before that.

        `rest` is called while it waits, every `POLL` seconds. A pause, and what ends it, is left to be done afterwards.
        Raises `InputError` where the folder was moved or removed: nobody would ever find what waits for it.
        """
        self._recorder.state("paused", error=self._waiting(error))
        tried = there = time.monotonic()
        later: list[Request] = []
        while True:
            asked = self._control.requests(now=True)
            if "stop" in asked:
                return True
            later += [request for request in asked if request in ("pause", "resume")]
            if not self._is_gone():
                there = time.monotonic()
            elif time.monotonic() - there >= GONE:
                raise InputError(f"{self._folder.path} was moved or removed, so {self._lost()} could be kept.")
            if "resume" in asked or time.monotonic() - tried >= RETRY:
                try:
                    write()
                except OSError as still:
                    tried = time.monotonic()
                    self._recorder.trouble(self._waiting(still))
                else:
                    self._recorder.state("training", message="Saved again")
                    self._control.keep(later)
                    return False
            rest()
            time.sleep(POLL)

    def given_up(self, error: OSError) -> str:
        """What is said of a run that was stopped before it could be written."""
        return f"{capital(refused(error))}, so {self._lost()} could be kept. {capital(remedy(error))}, then resume."

    def _lost(self) -> str:
        return "nothing of this run" if self.saved is None else f"nothing after step {self.saved:,}"

    def _is_gone(self) -> bool:
        """Whether the folder is missing where others of its kind are: not with its whole disk, which may come back."""
        try:
            return self._folder.path.parent.is_dir() and not self._folder.path.exists()
        except OSError:
            return False

    def _waiting(self, error: OSError) -> str:
        back = "it would begin anew" if self.saved is None else f"it would go back to step {self.saved:,}"
        return (
            f"{capital(refused(error))}: {remedy(error)}, and training goes on by itself. Nothing is lost meanwhile; "
            f"stopped now, {back}."
        )
