"""What a run does where its folder can't be written: it holds, with everything in memory, until it can."""

import time
from collections.abc import Callable

from corpora.disk import capital, refused, remedy
from engine.control import POLL, Control
from engine.recording import Recorder

RETRY = 5.0  # seconds between attempts


class Held:
    """Holds one run. `saved` is the step of its last checkpoint, None where it has none."""

    def __init__(self, recorder: Recorder, control: Control, saved: int | None) -> None:
        self._recorder = recorder
        self._control = control
        self.saved = saved

    def until_written(self, error: OSError, write: Callable[[], None], rest: Callable[[], None]) -> bool:
        """Calls `write` again and again until it raises no `OSError`; True where a stop was asked for before that.

        `rest` is called while it waits, every `POLL` seconds.
        """
        self._recorder.state("paused", error=self._waiting(error))
        tried = time.monotonic()
        while True:
            asked = self._control.requests(now=True)
            if "stop" in asked:
                return True
            if "resume" in asked or time.monotonic() - tried >= RETRY:
                try:
                    write()
                except OSError as still:
                    tried = time.monotonic()
                    self._recorder.trouble(self._waiting(still))
                else:
                    self._recorder.state("training", message="Saved again")
                    return False
            rest()
            time.sleep(POLL)

    def given_up(self, error: OSError) -> str:
        """What is said of a run that was stopped before it could be written."""
        lost = "nothing of this run" if self.saved is None else f"nothing after step {self.saved:,}"
        return f"{capital(refused(error))}, so {lost} could be kept. {capital(remedy(error))}, then resume."

    def _waiting(self, error: OSError) -> str:
        back = "it would begin anew" if self.saved is None else f"it would go back to step {self.saved:,}"
        return (
            f"{capital(refused(error))}: {remedy(error)}, and training goes on by itself. Nothing is lost meanwhile; "
            f"stopped now, {back}."
        )
