"""Evaluations of a run: the losses, the weights kept where they are the best so far, and a sample."""

import contextlib
import math

import torch
from torch import Tensor

from engine.checkpoint import Best
from engine.decoder import Decoder
from engine.device import threads
from engine.evaluation import Losses
from engine.folder import ModelFolder
from engine.generation import Continuation
from engine.gradient_flow import gradient_flow
from engine.lines import Evaluation
from engine.preparation import Prepared
from engine.recording import Recorder
from engine.records import SampleLine
from engine.settings import Dials
from engine.weights import WeightsNote, save_weights

SAMPLE_DIALS = Dials(temperature=0.8)


class Judge:
    """Evaluates the weights as they are and, where there is one, their moving average; the better are kept."""

    def __init__(self, folder: ModelFolder, prepared: Prepared, recorder: Recorder) -> None:
        self.folder = folder
        self.prepared = prepared
        self.trainer = prepared.trainer
        self.recorder = recorder
        self.config = prepared.record.training
        best, resumed = prepared.best, prepared.resumed
        self.kept = best.note if best else None  # what is known of the best weights so far
        self.best_elapsed = best.elapsed if best else 0.0
        newer = best is not None and resumed is not None and best.note.step > resumed.step
        self.stale = resumed.stale if resumed and not newer else 0  # evaluations since the best
        self.evaluated_at = -1  # the step of the last evaluation
        self.good: dict[str, Tensor] = prepared.good  # what a run returns to when its loss explodes
        self.stuck: OSError | None = None  # what refused the best weights, which are not on disk yet
        self._unsaved = False  # whether `good` is not on disk yet

    @property
    def best(self) -> float | None:
        """The lowest validation loss so far, nats per token."""
        return self.kept.validation_loss if self.kept else None

    def as_best(self) -> Best | None:
        """The best weights so far, for a checkpoint."""
        return Best(self.good, self.kept, self.best_elapsed) if self.kept else None

    def evaluate(self, elapsed: float) -> Evaluation:
        """One evaluation after so many seconds of training."""
        trainer = self.trainer
        trainer.optimizer.zero_grad(set_to_none=True)  # what is read and sampled takes their memory
        self.evaluated_at = trainer.step
        raw, averaged = self._losses(), None
        if trainer.average is not None:
            with trainer.average.swapped():
                averaged = self._losses()
        use_average = averaged is not None and averaged.ahead < raw.ahead
        chosen = averaged if averaged is not None and use_average else raw
        best = math.isfinite(chosen.ahead) and (self.best is None or chosen.ahead < self.best)
        self.stale = 0 if best else self.stale + 1
        with trainer.average.swapped() if trainer.average and use_average else contextlib.nullcontext():
            if best:
                self._keep(chosen.ahead, elapsed)
            elif self.kept is not None and not self.folder.weights_path.exists():
                self._save()
            self._sample(elapsed)
        return Evaluation(
            loss=chosen.ahead,
            bits_per_character=self.bits_per_character(chosen.ahead),
            best=best,
            raw=raw.ahead,
            averaged=averaged.ahead if averaged else None,
            back=chosen.back,
            both=chosen.both,
            gradient_flow=self._flow(),
        )

    def bits_per_character(self, loss: float) -> float:
        """Nats per token of the validation text, as people are shown them."""
        return loss / math.log(2) / self.prepared.characters_per_token

    @property
    def out_of_patience(self) -> bool:
        """Whether so many evaluations brought nothing better that the run should end."""
        return 0 < self.config.patience <= self.stale

    def _losses(self) -> Losses:
        return self.prepared.quick.losses(self.trainer.model)

    def _keep(self, loss: float, elapsed: float) -> None:
        self.best_elapsed = elapsed
        with torch.no_grad():
            for name, tensor in self.trainer.model.state_dict().items():
                self.good[name].copy_(tensor)
        self.kept = WeightsNote(step=self.trainer.step, tokens=self.trainer.tokens, validation_loss=loss)
        self._save()

    def _save(self) -> None:
        """The best weights, now or, where that is refused, later."""
        self._unsaved = True
        try:
            self.keep_again()
        except OSError as error:
            self.stuck = error

    def keep_again(self) -> None:
        """Saves the best weights where that was refused before. Raises `OSError`."""
        if self._unsaved and self.kept is not None:
            save_weights(self.folder, self.trainer.model.config, self.good, self.kept)
        self._unsaved, self.stuck = False, None

    def _sample(self, elapsed: float) -> None:
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
                elapsed=elapsed,
                prompt=self.prepared.sample_prompt,
                seed=self.config.seed,
                temperature=SAMPLE_DIALS.temperature,
                text=text,
            )
        )

    def _flow(self) -> dict[str, list[float]]:
        """How far gradients reach back in time, at the same places of the validation text every time."""
        inputs, targets = self.prepared.excerpts
        state = self.trainer.model.zero_state(inputs.shape[1])
        return {
            name: [float(f"{norm:.4g}") for norm in norms]
            for name, norms in gradient_flow(self.trainer.model, inputs, targets, state).items()
        }
