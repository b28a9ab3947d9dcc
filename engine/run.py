"""One run from its first step to its last: budget, evaluations, checkpoints, and what people ask meanwhile."""

import math
import time

import msgspec
import torch

from engine.checkpoint import ResumeRecord, WeightsNote, load_weights, new_checkpoint, save_resume, save_weights
from engine.control import POLL, Control
from engine.decoder import Decoder
from engine.device import threads
from engine.folder import ModelFolder
from engine.generation import Continuation
from engine.preparation import Prepared
from engine.recording import Recorder
from engine.records import MetricsLine, Results, SampleLine
from engine.schedule import Budget
from engine.settings import Dials
from engine.training import Step

EVALUATIONS = 20  # over a budget, where they cost little
EVALUATION_SHARE = 0.04  # of the time, at most
CHECKPOINT_EVERY = 60.0  # seconds: what a power cut may cost
LINES = 4000  # in metrics.jsonl over a budget: more than any chart can show
LEAST_INTERVAL = 0.1  # seconds between lines
SAMPLE_DIALS = Dials(temperature=0.8)


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
        self.config = prepared.record.training
        self.budget = Budget.of(self.config)
        self.best: float | None = None
        self._best_elapsed = 0.0
        self.stop_at = None if stop_after is None else self.trainer.step + stop_after
        self._elapsed_before = 0.0
        self._next_evaluation = 1.0 if self.budget.steps else 0.02 * (self.budget.seconds or 0.0)
        if self.budget.steps is not None:
            self._next_evaluation = max(1, self.budget.steps // EVALUATIONS)
        if prepared.resumed is not None:
            self.best = prepared.resumed.best
            self._best_elapsed = prepared.resumed.best_elapsed
            self._elapsed_before = prepared.resumed.elapsed
            self._next_evaluation = prepared.resumed.next_evaluation
        self._evaluated_at = -1  # the step of the last evaluation
        self._clock_start = time.monotonic()
        self._lines = Lines(self)
        self._last_checkpoint = time.monotonic()

    @property
    def elapsed(self) -> float:
        return self._elapsed_before + time.monotonic() - self._clock_start

    def train(self) -> None:
        """Runs to the end of the budget or a request to stop."""
        self.recorder.state("training")
        self._clock_start = time.monotonic()
        stopped = False
        while not stopped and self._progress() < 1.0:
            step = self.trainer.advance(self._progress())
            evaluation = self._evaluate() if self._evaluation_is_due() else None
            self._lines.add(step, evaluation)
            self.recorder.place(
                step=self.trainer.step, progress=self._progress(), elapsed=self.elapsed, remaining=self._lines.remaining
            )
            stopped = self._obey() or self.trainer.step == self.stop_at
            if time.monotonic() - self._last_checkpoint > CHECKPOINT_EVERY:
                self._checkpoint()
        self._finish(stopped and self._progress() < 1.0)

    def _progress(self) -> float:
        return self.budget.progress(self.trainer.step, self.elapsed)

    def _obey(self) -> bool:
        """Does what was asked; True where that is to stop."""
        for request in self.control.requests():
            if request == "stop":
                return True
            if request == "checkpoint":
                self._checkpoint()
                self.recorder.say("Checkpoint saved")
            if request == "pause" and self._pause():
                return True
        return False

    def _pause(self) -> bool:
        """Waits for a request to go on (False) or to stop (True). The clock stands still meanwhile."""
        self._elapsed_before, before = self.elapsed, time.monotonic()
        self._clock_start = before
        self._checkpoint()
        self.recorder.state("paused")
        stop = False
        while True:
            asked = self.control.requests(now=True)
            if "stop" in asked or "resume" in asked:
                stop = "stop" in asked
                break
            time.sleep(POLL)
        self._clock_start = time.monotonic()
        if not stop:
            self.recorder.state("training")
        return stop

    def _evaluation_is_due(self) -> bool:
        spent = self.trainer.step if self.budget.steps is not None else self.elapsed
        return spent >= self._next_evaluation or self._progress() >= 1.0

    def _evaluate(self) -> "Evaluation":
        """Validation loss, a sample, and the weights kept where they are the best so far."""
        began = time.monotonic()
        evaluation = self._measure()
        if evaluation.best:
            self.best = evaluation.loss
        self._sample()
        cost = time.monotonic() - began
        self._lines.leave_out(cost)
        if self.budget.steps is not None:
            self._next_evaluation = self.trainer.step + max(1, self.budget.steps // EVALUATIONS)
        else:
            interval = max((self.budget.seconds or 0.0) / EVALUATIONS, cost / EVALUATION_SHARE)
            self._next_evaluation = self.elapsed + interval
        return evaluation

    def _measure(self) -> "Evaluation":
        self._evaluated_at = self.trainer.step
        loss = self.prepared.quick.loss(self.trainer.model)
        best = math.isfinite(loss) and (self.best is None or loss < self.best)
        if best or not self.folder.weights_path.exists():
            self._save_weights(loss)
        return Evaluation(loss, self._bits_per_character(loss), best)

    def _save_weights(self, loss: float) -> None:
        self._best_elapsed = self.elapsed
        note = WeightsNote(step=self.trainer.step, tokens=self.trainer.tokens, validation_loss=loss)
        try:
            save_weights(self.folder, self.trainer.model, note)
        except OSError as error:
            self.recorder.trouble(
                f"The weights can't be saved ({error.strerror or error}). Free some space; training goes on."
            )

    def _sample(self) -> None:
        """The same seed text and RNG seed at every evaluation; draws from its own generator, not the training's."""
        if self.config.sample_length == 0:
            return
        with threads(1):
            continuation = Continuation(
                Decoder(self.trainer.model),
                self.prepared.tokenizer,
                self.prepared.sample_prompt,
                dials=SAMPLE_DIALS,
                seed=self.config.seed,
                length=self.config.sample_length,
            )
            text = "".join(piece.text for piece in continuation) + continuation.tail
        self.recorder.sample(
            SampleLine(
                step=self.trainer.step,
                elapsed=self.elapsed,
                prompt=self.prepared.sample_prompt,
                seed=self.config.seed,
                temperature=SAMPLE_DIALS.temperature,
                text=text,
            )
        )

    def _checkpoint(self) -> None:
        self._last_checkpoint = time.monotonic()
        try:
            self.save()
        except OSError as error:
            self.recorder.trouble(
                f"The checkpoint can't be saved ({error.strerror or error}). "
                "Free some space; training goes on and tries again in a minute."
            )
        else:
            self.recorder.trouble("")

    def save(self) -> None:
        """All that an exact resume needs. Raises `OSError`."""
        streams = self.trainer.streams
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
                threads=torch.get_num_threads(),
                device=self.trainer.device.type,
                best=self.best,
                best_elapsed=self._best_elapsed,
                next_evaluation=self._next_evaluation,
            ),
        )

    def _finish(self, stopped: bool) -> None:
        self.recorder.say("Saving")
        self.save()  # before anything else: from here on nothing can be lost
        if self._evaluated_at != self.trainer.step and (self.budget.steps is None or self.best is None):
            # Keep this very moment's weights, if they are better. Not for a budget in steps, where a stopped and
            # resumed run must keep exactly what an uninterrupted one keeps: there evaluations are on a schedule.
            self._lines.close(self._evaluate())
        self.recorder.say("Measuring the best weights on the validation text")
        model, note = load_weights(self.folder, self.prepared.record.model, self.trainer.device)
        loss = self.prepared.full.loss(model)
        results = Results(
            step=note.step,
            tokens=note.tokens,
            elapsed=self._best_elapsed,
            validation_loss=loss,
            bits_per_character=self._bits_per_character(loss),
            perplexity=math.exp(min(700.0, loss)),
        )
        record = msgspec.structs.replace(self.folder.record(), results=results)
        self.folder.write_record(record)
        self.recorder.place(
            step=self.trainer.step, progress=self._progress(), elapsed=self.elapsed, remaining=self._lines.remaining
        )
        self.recorder.state("stopped" if stopped else "finished")

    def _bits_per_character(self, loss: float) -> float:
        return loss / math.log(2) / self.prepared.characters_per_token


class Evaluation(msgspec.Struct, frozen=True):
    loss: float  # nats per token
    bits_per_character: float
    best: bool


class Lines:
    """Gathers steps and writes a line of metrics now and then: often enough for a chart, never more than one needs."""

    def __init__(self, run: Run) -> None:
        self._run = run
        steps, seconds = run.budget.steps, run.budget.seconds
        self._every = 1 if steps is None else max(1, steps // LINES)
        self._interval = 0.0 if seconds is None else max(LEAST_INTERVAL, seconds / LINES)
        self._last: Step | None = None
        self._losses: list[float] = []
        self._skipped = 0
        self._since = time.monotonic()
        self._tokens = 0
        self._now = 0.0  # tokens a second since the last line
        self._speed = 0.0  # likewise, smoothed
        self.remaining = 0.0

    def add(self, step: Step, evaluation: Evaluation | None) -> None:
        """One step; a line is written where it is due, and always with an evaluation or a skipped step."""
        self._last = step
        self._tokens += step.tokens
        if step.skipped:
            self._skipped += 1
        else:
            self._losses.append(step.loss)
        waited = time.monotonic() - self._since
        due = self._run.trainer.step % self._every == 0 and waited >= self._interval
        if due or evaluation is not None or step.skipped or self._run.trainer.step == 1:
            self._write(step, evaluation, waited)

    def leave_out(self, seconds: float) -> None:
        """Time that went into something else than steps: speeds are those of training alone."""
        self._since += seconds

    def close(self, evaluation: Evaluation) -> None:
        """A last line for an evaluation after the last step."""
        if self._last is not None:
            self._write(self._last, evaluation, time.monotonic() - self._since)

    def _write(self, step: Step, evaluation: Evaluation | None, waited: float) -> None:
        run = self._run
        if self._tokens:
            self._now = self._tokens / max(1e-9, waited)
            self._speed = self._now if self._speed == 0.0 else 0.8 * self._speed + 0.2 * self._now
        elapsed = run.elapsed
        self.remaining = run.budget.remaining(run.trainer.step, elapsed, step.tokens / self._speed)
        finite = math.isfinite(step.gradient_norm)
        run.recorder.metrics(
            MetricsLine(
                step=run.trainer.step,
                tokens=run.trainer.tokens,
                time=time.time(),
                elapsed=round(elapsed, 3),
                remaining=round(self.remaining, 1),
                loss=sum(self._losses) / len(self._losses) if self._losses else None,
                validation_loss=evaluation.loss if evaluation and math.isfinite(evaluation.loss) else None,
                bits_per_character=evaluation.bits_per_character
                if evaluation and math.isfinite(evaluation.loss)
                else None,
                learning_rate=step.learning_rate,
                gradient_norm=step.gradient_norm if finite else None,
                gradient_norms=step.gradient_norms if finite else {},
                clipped=step.clipped,
                tokens_per_second=round(self._now, 1),
                skipped=self._skipped,
                best=evaluation.best if evaluation else False,
            )
        )
        self._losses, self._skipped, self._tokens, self._since = [], 0, 0, time.monotonic()
