"""One run from its first step to its last: budget, evaluations, checkpoints, and what people ask meanwhile."""

import math
import time
from collections.abc import Callable

import msgspec
import torch

from corpora.disk import refused
from corpora.errors import InputError
from engine.allocation import give_back
from engine.changes import ADDED, changed, replayed
from engine.checkpoint import ResumeRecord, new_checkpoint, save_resume
from engine.control import POLL, Control
from engine.folder import ModelFolder
from engine.judging import Judge
from engine.lines import Evaluation, Lines
from engine.log import log
from engine.packing import choose_packing
from engine.preparation import Prepared
from engine.recording import Recorder
from engine.records import Change, ControlLine, ModelRecord, Results
from engine.rollback import Vitals, exploded, observe
from engine.room import Held
from engine.schedule import Budget
from engine.stopwatch import Stopwatch
from engine.training import Step
from engine.weights import load_weights

EVALUATIONS = 20  # over a budget, where they cost little
EVALUATION_SHARE = 0.04  # of the time, at most
HURRIED = 0.25  # of it, while a text is learnt by heart in a small part of the time
WARM = 0.4  # of what a process's first evaluation takes, which the next ones take: the rest is preparation
CHECKPOINT_EVERY = 60.0  # seconds: what a power cut may cost
NEVER_FINITE = "The loss never was a finite number. Train again with a lower learning rate."
RETURNS = 8  # to good weights in one run, at most: the rate is then 1/256 of what was asked for


class Run:
    """Drives a prepared trainer. Times are seconds of training, pauses left out, over all resumes."""

    def __init__(
        self,
        folder: ModelFolder,
        prepared: Prepared,
        recorder: Recorder,
        control: Control,
        *,
        stop_after: int | None = None,
    ) -> None:
        self.folder = folder
        self.prepared = prepared
        self.trainer = prepared.trainer
        self.recorder = recorder
        self.control = control
        self.record = prepared.record  # with the settings of the next step
        self.budget = Budget.of(self.record.training)
        self.pending = prepared.pending
        self.judge = Judge(folder, prepared, recorder)
        self.stop_at = None if stop_after is None else self.trainer.step + stop_after
        self.vitals = Vitals()
        self.clock = Stopwatch(prepared.resumed.elapsed if prepared.resumed else 0.0)
        self._next_evaluation = self._interval()
        if self.budget.seconds is not None:
            self._next_evaluation = min(0.02 * self.budget.seconds, self._next_evaluation)
        if prepared.resumed is not None:
            self.vitals = prepared.resumed.vitals
            if any(each.step == self.trainer.step and each.setting in ADDED for each in self.record.changes):
                self.judge.stale = 0  # see `_adopt`
            self._next_evaluation = prepared.resumed.next_evaluation
        self.held = Held(folder, recorder, control, saved=prepared.resumed.step if prepared.resumed else None)
        self._lines = Lines(self.budget, recorder)
        self._last_checkpoint = time.monotonic()

    @property
    def elapsed(self) -> float:
        return self.clock.elapsed

    def train(self) -> None:
        """Runs to the end of the budget, of its patience, or to a request to stop, and saves what was learned."""
        ended, elapsed = False, self.elapsed
        while not ended:
            self.clock.go_on_from(elapsed)
            self._lines.begin_anew()
            self.recorder.state("training")
            stopped = self._take_steps() and not self._done()
            elapsed = self.elapsed
            ended = self._finish(stopped, elapsed)

    def _take_steps(self) -> bool:
        """Trains until the budget or the patience is spent; True where to stop was asked first."""
        stopped = False
        while not stopped and not self._done():
            step = self.trainer.advance(self._progress())
            evaluation = self._evaluate() if self._evaluation_is_due() else None
            self._lines.add(step, self.trainer.step, self.trainer.tokens, self.elapsed, evaluation)
            self._watch(step)
            self.recorder.place(
                step=self.trainer.step, progress=self._progress(), elapsed=self.elapsed, remaining=self._lines.remaining
            )
            stopped = self._obey() or self.trainer.step == self.stop_at
            stuck = self.recorder.stuck or self.judge.stuck
            if not stopped and (stuck or time.monotonic() - self._last_checkpoint > CHECKPOINT_EVERY):
                stopped = self._checkpoint()
        return stopped

    def _done(self) -> bool:
        return self._progress() >= 1.0 or self.judge.out_of_patience

    def _progress(self) -> float:
        return self.budget.progress(self.trainer.step, self.elapsed)

    def _watch(self, step: Step) -> None:
        """Returns to the last good weights where the loss has exploded and stays there."""
        self.vitals = observe(self.vitals, step.mean_loss, skipped=step.skipped)
        if not exploded(self.vitals):
            return
        self.vitals = Vitals()
        if self.trainer.rate_scale <= 0.5**RETURNS:
            return
        self.trainer.return_to(self.judge.good)
        self._notice(
            f"At step {self.trainer.step:,} the loss had exploded and stayed there: training went back to the best "
            f"weights so far, with half the learning rate (1/{1.0 / self.trainer.rate_scale:.0f} of what was set)."
        )

    def _notice(self, text: str) -> None:
        """Notes what the person should know afterwards too: who watches is shown what the record has."""
        log(text)
        try:
            self.folder.update_record(lambda now: msgspec.structs.replace(now, notices=(*now.notices, text)))
        except InputError as error:
            self.recorder.tell(text)
            self.recorder.trouble(f"The notice could not be kept: {error}")
        except OSError as error:
            self.recorder.tell(text)
            self.recorder.trouble(f"The notice could not be kept: {refused(error, self.folder.record_path)}.")

    def _obey(self) -> bool:
        """Does what was asked; True where that is to stop."""
        while self.pending and self.pending[0].step <= self.trainer.step:
            again, self.pending = self.pending[:1], self.pending[1:]
            self._adopt(replayed(self.record, again), again[0])
        asked = self.control.requests()
        self._change()
        for place, request in enumerate(asked):
            if request == "stop":
                return True
            if request == "checkpoint":
                if self._checkpoint():
                    return True
                self.recorder.tell(f"Checkpoint saved at step {self.trainer.step:,}")
            if request == "pause":
                self.control.keep(asked[place + 1 :])  # a stop that was asked for already must end the pause
                return self._pause()
        return False

    def _change(self) -> None:
        """Makes the changes that were asked for. They are written down first: a run that is killed makes them again."""
        for asked in self.control.changes():
            try:
                record = self.folder.update_record(self._with(asked))
            except InputError as error:
                self.recorder.tell(str(error))
            except OSError as error:
                self.recorder.trouble(f"Nothing was changed: {refused(error, self.folder.record_path)}.")
            else:
                self.pending = ()
                self._adopt(record, record.changes[-1])
                log(record.notices[-1])

    def _with(self, asked: ControlLine) -> Callable[[ModelRecord], ModelRecord]:
        """What makes a change that was asked for, from this step on."""
        return lambda record: changed(record, self.trainer.step, asked.setting, asked.value)

    def _adopt(self, record: ModelRecord, change: Change) -> None:
        """Goes on with the settings of `record`, of which `change` is the newest."""
        self.record = record
        self.budget = Budget.of(record.training)
        self._lines.take_budget(self.budget)
        self.trainer.adopt(
            learning_rate=record.training.learning_rate,
            dropout=record.model.dropout,
            # What is asked for by number is not meant to be halved by what exploded before.
            rate_scale=1.0 if change.setting == "learning_rate" else self.trainer.rate_scale,
        )
        if change.setting in ADDED:
            self.judge.stale = 0  # more time was given: its patience begins anew

    def _pause(self) -> bool:
        """Waits for a request to go on (False) or to stop (True). The clock stands still meanwhile."""
        with self.clock.held():
            if self._checkpoint():
                return True
            self.recorder.state("paused")
            began = time.monotonic()
            while True:
                asked = self.control.requests(now=True)
                self._change()
                stop = "stop" in asked
                newest = next((request for request in reversed(asked) if request in ("pause", "resume")), "")
                if stop or newest == "resume":
                    break
                self.trainer.wait()
                time.sleep(POLL)
        self._lines.leave_out(time.monotonic() - began)
        if not stop:
            self.recorder.state("training")
        return stop

    def _evaluation_is_due(self) -> bool:
        spent = self.trainer.step if self.budget.steps is not None else self.elapsed
        return spent >= self._next_evaluation or self._progress() >= 1.0

    def _evaluate(self) -> Evaluation:
        """What the judge finds, and when it is asked next."""
        began, first = time.monotonic(), self.judge.evaluated_at < 0
        give_back()
        evaluation = self.judge.evaluate(self.elapsed)
        give_back()
        cost = time.monotonic() - began
        self._lines.leave_out(cost)
        if self.budget.steps is not None:
            self._next_evaluation = self.trainer.step + self._interval()
        else:
            lasting = WARM * cost if first else cost
            share = HURRIED if self._is_dense() else EVALUATION_SHARE
            self._next_evaluation = self.elapsed + max(self._interval(), lasting / share)
        return evaluation

    def _interval(self) -> float:
        """Steps or seconds to the next evaluation."""
        share = (self.record.training.horizon if self._is_dense() else 1.0) / EVALUATIONS
        if self.budget.steps is not None:
            return max(1, int(self.budget.steps * share))
        return (self.budget.seconds or 0.0) * share

    def _is_dense(self) -> bool:
        """Whether evaluations are closer together than the budget alone would have them: while the rate follows a
        shorter schedule, and as long again."""
        horizon = self.record.training.horizon
        return horizon < 1.0 and self._progress() < 2.0 * horizon

    def _checkpoint(self) -> bool:
        """Writes everything, and where that is refused waits until it isn't; True where to stop was asked meanwhile.

        The clock stands still while it waits.
        """
        began = self._last_checkpoint = time.monotonic()
        stop = False
        try:
            self._write()
        except OSError as error:
            with self.clock.held():
                stop = self.held.until_written(error, self._write, self.trainer.wait)
            self._last_checkpoint = time.monotonic()
        else:
            self.recorder.trouble("")
        self._lines.leave_out(time.monotonic() - began)
        return stop

    def _write(self) -> None:
        """The best weights and the lines that could not be written yet, and a checkpoint. Raises `OSError`."""
        self.judge.keep_again()
        self.recorder.catch_up()
        self.save()

    def save(self) -> None:
        """All that an exact resume needs. Raises `OSError`."""
        streams, judge = self.trainer.streams, self.judge
        # What a budget in minutes keeps is on disk, and may be better by the time it goes on.
        best = judge.as_best() if self.budget.steps is not None else None
        save_resume(
            self.folder,
            self.trainer,
            ResumeRecord(
                checkpoint=new_checkpoint(),
                step=self.trainer.step,
                tokens=self.trainer.tokens,
                elapsed=self.elapsed,
                epoch=streams.epoch,
                column=streams.column,
                batch=streams.shape.batch,
                length=streams.shape.length,
                ranks=self.trainer.place.ranks,
                threads=torch.get_num_threads(),
                device=self.trainer.device.type,
                best=judge.best,
                best_elapsed=judge.best_elapsed,
                next_evaluation=self._next_evaluation,
                stale=judge.stale,
                rate_scale=self.trainer.rate_scale,
                average_updates=self.trainer.average.updates if self.trainer.average else 0,
                loss_scale=self.trainer.loss_scale.factor,
                loss_scale_held=self.trainer.loss_scale.held,
                vitals=self.vitals,
            ),
            best,
        )
        self.held.saved = self.trainer.step

    def _save_for_good(self, stopped: bool, *, resume: bool = True) -> None:
        """The last checkpoint, waited for where it is refused and nobody stops the run. Without `resume` only the best
        weights and the lines that are not on disk yet. Raises `InputError` where it was given up."""
        try:
            if not resume:
                self.judge.keep_again()
                self.recorder.catch_up()
            elif stopped or self._checkpoint():
                self._write()
        except OSError as error:
            raise InputError(self.held.given_up(error)) from error

    def _finish(self, stopped: bool, elapsed: float) -> bool:
        """Saves and measures what was learned after so many seconds of training, and ends the run; False where more
        budget came meanwhile: it goes on."""
        self.recorder.say("Saving")
        self._save_for_good(stopped)  # before anything else: from here on nothing can be lost
        judge = self.judge
        if judge.evaluated_at != self.trainer.step and (self.budget.steps is None or judge.best is None):
            # Keep this very moment's weights, if they are better. Not for a budget in steps, where a stopped and
            # resumed run must keep exactly what an uninterrupted one keeps: there evaluations are on a schedule.
            self._lines.close(self.trainer.step, self.trainer.tokens, self.elapsed, self._evaluate())
            self._save_for_good(stopped, resume=self.budget.steps is None)
        try:
            results = None if self._has_more(stopped, elapsed) else self._results()
        except InputError:
            self.trainer.dismiss()
            raise
        if results is None or self._has_more(stopped, elapsed):
            return False
        if not stopped and self._progress() < 1.0:
            self._notice(
                f"Training ended at step {self.trainer.step:,}, before its budget was spent: the last {judge.stale} "
                "evaluations brought nothing better."
            )
        self.folder.update_record(lambda now: msgspec.structs.replace(now, results=results))
        self.recorder.place(
            step=self.trainer.step, progress=self._progress(), elapsed=self.elapsed, remaining=self._lines.remaining
        )
        while not self._ended(stopped):
            if self._has_more(stopped, elapsed):
                return False
        self.trainer.dismiss()
        return True

    def _ended(self, stopped: bool) -> bool:
        """Says that the run has ended; False where a change was asked for before that.

        Whoever asks for one looks at the status in turn with this: what a run that ends didn't hear is not asked of it.
        """
        with self.folder.in_turn():
            self.control.keep(self.control.requests(now=True))
            if self.control.has_changes:
                return False
            self.recorder.state("stopped" if stopped else "finished")
            self.recorder.flush()
        return True

    def _has_more(self, stopped: bool, elapsed: float) -> bool:
        """Whether a run that came to its end has more budget by now. Makes all changes that were asked for."""
        self.control.keep(self.control.requests(now=True))
        self._change()
        spent = self.budget.progress(self.trainer.step, elapsed) >= 1.0
        return not (stopped or spent or self.judge.out_of_patience)

    def _results(self) -> Results:
        """What the best weights reach on the validation text. Raises `InputError` where there are none."""
        if self.judge.best is None:
            raise InputError(NEVER_FINITE)
        self.recorder.say("Measuring the best weights on the validation text")
        self.trainer.optimizer.zero_grad(set_to_none=True)  # another model is loaded beside
        give_back()
        model, note = load_weights(self.folder, self.prepared.record.model, self.trainer.device)
        losses = self.prepared.full.losses(model)
        loss = losses.ahead
        if not math.isfinite(loss):
            raise InputError(NEVER_FINITE)
        return Results(
            step=note.step,
            tokens=note.tokens,
            elapsed=self.judge.best_elapsed,
            validation_loss=loss,
            bits_per_character=self.judge.bits_per_character(loss),
            perplexity=math.exp(min(700.0, loss)),
            back_validation_loss=losses.back,
            both_validation_loss=losses.both,
            packing=choose_packing(model, self.prepared.full.text),
        )
