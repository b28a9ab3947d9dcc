"""The Write screen's continuations: streaming, stopping, keeping, retrying, and turning dials meanwhile."""

import contextlib
from pathlib import Path
from time import monotonic

import msgspec
from textual import on

from corpora.boundaries import CONTEXT, EndFinder
from corpora.errors import InputError
from engine.client import EngineError, Outdated
from engine.protocol import StreamParams
from engine.token_stream import TokenStream
from tui.commands.key_names import with_keys
from tui.engine_link import EngineLink
from tui.manuscript.lines import Location
from tui.manuscript.takes import Take
from tui.screens.write_desk import WriteDesk
from tui.screens.write_document import DocumentCopy
from tui.screens.write_engine import StreamReader, why_it_ended
from tui.widgets.dial_steps import DIALS
from tui.widgets.dialogs import LineDialog
from tui.widgets.dials import DialPanel
from tui.widgets.editor import Editor
from tui.write_settings import STOP_RULES, WriteSettings, counted_on

PAINTS = 40  # a second: text is drawn that often, however fast it comes; some of them come late, and 30 shall be left
STATUS_REST = 0.25  # seconds between two looks of the status line while text streams: nobody reads it faster
NO_MODEL = (
    "There is no model yet. {F2|app.library} adds texts, {F3|app.train} trains a model on one of them; until then this "
    "is a plain editor."
)

QUICK = " · from the last page"  # where the model had not yet read all that stands before
NONE_CHOSEN = "No model is chosen. Choose one with {alt+m|write.model}."


class WriteContinuing(WriteDesk):
    """At most one take streams at a time; it is `_writing` from the key press until it ends."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._writing: Take | None = None
        self._reader: StreamReader | None = None
        self._last_speed = 0.0
        self._status_shown = 0.0  # when the status line was last brought up to date
        self.copy = DocumentCopy()  # the engine service's, of the text that is shown

    def on_mount(self) -> None:
        self._paints = self.set_interval(1 / PAINTS, self.drain, pause=True)

    # --- actions ---

    def action_continue_text(self) -> None:
        if self._writing is None:
            self.editor.keep()
            self._begin_take(self.editor.cursor_location)

    def action_retry(self) -> None:
        takes = self.editor.manuscript.takes
        if takes is not None and self.editor.manuscript.offers_takes:
            self.stop_writing()
            self._begin_take(takes.place)

    def action_stop(self) -> None:
        self.stop_writing()

    def action_stop_rule(self) -> None:
        """Goes on to the next of the ends at which a continuation can stop."""
        rule = STOP_RULES[(STOP_RULES.index(self.settings.stops_at) + 1) % len(STOP_RULES)]
        self._adopt_dials(msgspec.structs.replace(self.settings, stops_at=rule))
        self.flash("stops at its length" if rule == "length" else f"stops where the {rule} ends")

    def action_keep(self) -> None:
        self.drain()
        self.editor.keep()

    def action_drop(self) -> None:
        self.editor.drop()

    def action_turn_take(self, steps: int) -> None:
        self.stop_writing()
        if self.editor.manuscript.offers_takes:
            self.editor.turn_take(steps)

    def action_turn_dial(self, clicks: int) -> None:
        self.dials.turn(clicks)
        self._flash_dial()

    def action_choose_dial(self, rows: int) -> None:
        self.dials.chosen += rows
        self._flash_dial()

    def action_set_dial(self) -> None:
        self.app.push_screen(DialDialog(self.settings, self.dials.chosen), self._dial_typed)

    def refresh_status(self) -> None:
        """Several times a second while text streams: a frame in which only the text changes has less to paint."""
        now = monotonic()
        if self._reader is None or now - self._status_shown >= STATUS_REST:
            self._status_shown = now
            super().refresh_status()

    # --- a take's life ---

    @property
    def writing(self) -> bool:
        """Whether a take streams, or is about to."""
        return self._writing is not None

    def doing(self) -> str:
        manuscript = self.editor.manuscript
        if self._writing is not None:
            if self._reader is None:
                return "waking the model…"
            return f"writing…{'' if self._reader.exact else QUICK}"
        if manuscript.pending and manuscript.takes is not None:
            takes = manuscript.takes
            several = with_keys(" · {alt+n|write.next_take}", self.app) if len(takes) > 1 else ""
            return f"take {takes.number} of {len(takes)}{several}{'' if takes.shown.exact else QUICK}"
        return ""

    def speed(self) -> float:
        if self._reader is not None:
            return self._reader.speed
        return self._last_speed if self.editor.manuscript.pending else 0.0

    def _begin_take(self, place: Location) -> None:
        if not self.session.slug:
            self.say_no_model()
            return
        self.say("", "model")
        take = Take(self.session.slug, self._next_seed(place), self.settings.dials)
        self.editor.begin(place, take)
        self._writing, self._last_speed = take, 0.0
        params = StreamParams(model=take.model, length=self.settings.length, dials=take.dials, seed=take.seed)
        self.run_worker(self._open_stream(take, params), group="stream")
        self._paints.resume()
        self._show_state()

    def _next_seed(self, place: Location) -> int:
        """Running: counted on with each take. Fixed: the same for each place, and counted on for its retries."""
        if not self.settings.seed_fixed:
            seed = self.settings.seed
            self.adopt_settings(msgspec.structs.replace(self.settings, seed=counted_on(seed, 1)))
            return seed
        takes = self.editor.manuscript.takes
        again = len(takes) if takes and takes.place == place and self.editor.manuscript.offers_takes else 0
        return counted_on(self.settings.seed, again)

    async def _open_stream(self, take: Take, params: StreamParams) -> None:
        try:
            client = await self.session.ready()
            await self.copy.open(client, self.editor.manuscript.body)
            takes = self.editor.manuscript.takes
            if self._writing is not take or takes is None:
                return
            place, here = self.copy.at(takes.place), self.editor.manuscript.history.here
            stream = await self.session.stream(msgspec.structs.replace(params, at=place))
        except Outdated:
            self.stop_writing()
            return
        except InputError as error:
            if self._writing is take:
                self._finish(error)
            return
        if self._writing is not take:  # stopped or kept before it had begun
            await _quietly_cancel(stream)
            return
        take.hash = self.session.hash
        recipe = self.session.recipe("stream", here, takes.place)
        take.recipe = msgspec.structs.replace(recipe, length=params.length)
        self._reader = StreamReader(stream)
        self._stop_at(self._reader, take)
        if self.settings.dials != take.dials:
            self._send_dials(stream)
        self._show_state()

    def drain(self) -> None:
        """Writes what has come since the last paint."""
        reader, manuscript = self._reader, self.editor.manuscript
        if self._writing is None:
            return
        if not manuscript.pending or manuscript.takes is None or manuscript.takes.shown is not self._writing:
            self.stop_writing()  # it was kept by typing, or dropped, perhaps before it had begun
            return
        if reader is None:
            return
        self._take_in(reader, self._writing)
        if reader.ended:
            self.stop_writing()
        elif reader.stream.done is not None:
            self._last_speed = reader.speed
            self._finish(why_it_ended(reader.stream))
            if reader.stream.done.reason == "length" and self.settings.stops_at != "length":
                self.flash(f"no end of the {self.settings.stops_at} in {self.settings.length:,} characters")
        self.refresh_status()

    def _take_in(self, reader: StreamReader, take: Take) -> None:
        """Adds what has come to the shown take, and notes what it was written with."""
        text = reader.read()
        take.exact = reader.exact
        if take.recipe is not None and len(reader.turns) != len(take.recipe.turns):
            take.recipe = msgspec.structs.replace(take.recipe, turns=tuple(reader.turns))
        if text:
            self.editor.write(text)

    def _stop_at(self, reader: StreamReader, take: Take) -> None:
        """Has a stream stop at the next end that the dials name, from what is shown on."""
        rule, shown = self.settings.stops_at, self.editor.manuscript.pending_range
        until = None if rule == "length" else rule
        if take.recipe is not None:
            take.recipe = msgspec.structs.replace(take.recipe, until=until)
        before = self.editor.manuscript.body.before(shown[1], CONTEXT) if shown is not None else ""
        reader.stop_at(None if until is None else EndFinder(until, before))

    def stop_writing(self) -> None:
        """Ends the stream; what came so far stays pending. Nothing happens where none runs."""
        take, reader = self._writing, self._reader
        if take is None:
            return
        self._writing = None
        if reader is not None:
            manuscript = self.editor.manuscript
            if manuscript.pending and manuscript.takes is not None and manuscript.takes.shown is take:
                self._take_in(reader, take)
            self._last_speed = reader.speed
            self.run_worker(_quietly_cancel(reader.stream), group="cancel")
        self._finish(None)

    def _finish(self, error: InputError | None) -> None:
        self._writing = self._reader = None
        self._paints.pause()
        manuscript = self.editor.manuscript
        if manuscript.pending and manuscript.takes is not None and not manuscript.takes.shown.text:
            self.editor.drop()
            if manuscript.takes.shown.text:
                self.editor.turn_take(0)  # a retry came to nothing: the take before it stands again
        if error is not None:
            self.tell(error, "Press {ctrl+g|write.continue} to try again; your text is untouched.")
        self._show_state()

    def say_no_model(self) -> None:
        """Says why nothing can write, and what to do about it."""
        self.say(NONE_CHOSEN if self.has_models else NO_MODEL, "model", lasting=True)

    @property
    def has_models(self) -> bool:
        """Whether there is any model to choose."""
        return False

    def _show_state(self) -> None:
        self.refresh_status()
        self.refresh_bindings()

    @on(Editor.PendingChanged)
    def _pending_changed(self) -> None:
        self.drain()
        self._show_state()

    # --- dials ---

    @on(DialPanel.Turned)
    def _dial_turned(self, event: DialPanel.Turned) -> None:
        self._adopt_dials(event.settings)

    @on(DialPanel.Asked)
    def _dial_asked(self) -> None:
        self.action_set_dial()

    def _dial_typed(self, line: str | None) -> None:
        if line is not None:
            self._adopt_dials(self.dials.dial.parse(self.settings, line))
            self._flash_dial()

    def _adopt_dials(self, settings: WriteSettings) -> None:
        changed, stops_at = settings.dials != self.settings.dials, self.settings.stops_at
        self.adopt_settings(settings)
        if settings.stops_at != stops_at and self._reader is not None and self._writing is not None:
            self._stop_at(self._reader, self._writing)
        if changed and self._reader is not None:
            self._send_dials(self._reader.stream)
        if changed:
            self.dials_changed()

    def dials_changed(self) -> None:
        """For whoever shows what the dials do."""

    def _send_dials(self, stream: TokenStream) -> None:
        self.run_worker(_quietly_set_dials(stream, self.settings), group="dials", exclusive=True)

    def _flash_dial(self) -> None:
        if not self.query_one("#panel").display:
            dial = self.dials.dial
            self.flash(f"{dial.name} {dial.show(dial.read(self.dials.settings))}")


class DialDialog(LineDialog):
    """Asks for one dial's value."""

    def __init__(self, settings: WriteSettings, number: int) -> None:
        self._settings, self._dial = settings, DIALS[number]
        super().__init__(f"{self._dial.name}: {self._dial.help}", self._dial.typed(settings))

    def check(self, value: str) -> None:
        self._dial.parse(self._settings, value)


async def _quietly_cancel(stream: TokenStream) -> None:
    with contextlib.suppress(InputError, EngineError):  # it has ended, or its service has: all the same
        await stream.cancel()


async def _quietly_set_dials(stream: TokenStream, settings: WriteSettings) -> None:
    with contextlib.suppress(InputError, EngineError):
        await stream.set_dials(settings.dials)
