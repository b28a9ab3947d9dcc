"""How the Train screen learns how fast this machine trains, for its plans: once, and never beside a training."""

from threading import Event

from textual import work
from textual.screen import Screen
from textual.worker import Worker

from corpora.errors import InputError
from engine.settings import Device
from engine.speed import known_speed, measure_speed
from tui.library.importing import Cancelled
from tui.waiting import in_thread
from tui.widgets.run_form import RunForm


class MachineSpeed(Screen[None]):
    """Gives a `RunForm` the speed of its device."""

    def __init__(self) -> None:
        super().__init__()
        self._speed_worker: Worker[None] | None = None
        self._unmeasurable: set[Device] = set()

    def _want_speed(self, *, idle: bool) -> None:
        """Finds out how fast the form's device trains, unless that is known, can't be, or is being found out."""
        form = self.query_one(RunForm)
        under_way = self._speed_worker is not None and not self._speed_worker.is_finished
        if form.wants_speed and not under_way and form.device not in {*form.speeds, *self._unmeasurable}:
            self._speed_worker = self._find_speed(form, form.device, idle=idle)

    @work(group="speed")
    async def _find_speed(self, form: RunForm, device: Device, *, idle: bool) -> None:
        """Looks up a device's speed; measures it where `idle`, since beside a training both would be spoilt."""
        speed = await in_thread(self.app, known_speed, device)
        if speed is None and not idle:
            return
        if speed is None:
            form.say_measuring()
            gone = Event()

            def still_wanted() -> None:
                if gone.is_set():
                    raise Cancelled

            try:
                speed = await in_thread(self.app, measure_speed, device, still_wanted=still_wanted)
            except InputError:  # such as a device that is not there: the trainer says so where it matters
                self._unmeasurable.add(device)
            finally:
                gone.set()  # a worker that was cancelled leaves its thread behind: this ends it
        form.set_speed(device, speed)

    def _stop_measuring(self) -> None:
        """Before a trainer starts, and when the person goes elsewhere, where they may start one."""
        self.workers.cancel_group(self, "speed")
        form = self.query_one(RunForm)
        form.set_speed(form.device, None)

    def on_screen_suspend(self) -> None:
        self._stop_measuring()
